"""Addresses of this app."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("registry.sources.urls")),
    path("", include("registry.inventory.urls")),
    path("", include("registry.deployments.urls")),
    path("", include("registry.cards.urls")),
    path("", include("registry.cards.many.urls")),
    path("", include("registry.cards.reminders.urls")),
]
