"""Addresses of this app."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("governance.gate.urls")),
    path("", include("governance.checks.urls")),
    path("", include("governance.requests.urls")),
    path("", include("governance.plans.urls")),
    path("", include("governance.tiers.urls")),
    path("", include("governance.policies.urls")),
    path("", include("governance.findings.urls")),
    path("", include("governance.promotion.urls")),
    path("", include("governance.writeback.urls")),
    path("", include("governance.packs.urls")),
]
