"""All addresses; each app keeps its own."""

from django.urls import include, path
from django.views.generic import RedirectView

from portal import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="model_list"), name="home"),
    path("", include("registry.urls")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.jobs.urls")),
    path("", include("portal.trail.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/", include("portal.api_urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
