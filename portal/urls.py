"""All addresses; each app keeps its own."""

from django.urls import include, path

from portal import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("registry.urls")),
    path("", include("governance.urls")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.jobs.urls")),
    path("", include("portal.trail.urls")),
    path("accounts/", include("portal.accounts.sign_in_urls")),
    path("api/", include("portal.api_urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
