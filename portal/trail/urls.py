"""Addresses of the trail."""

from django.urls import URLPattern, URLResolver, path, re_path

from portal.trail import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("trail/", views.trail_search, name="trail_search"),
    path("trail/<int:seq>/", views.trail_event, name="trail_event"),
    path("trail/state/", views.trail_status, name="trail_status"),
    path("trail/verify/", views.trail_verify, name="trail_verify"),
    path("trail/verifications/<int:pk>/", views.trail_verification, name="trail_verification"),
    re_path(r"^trail/export\.(?P<kind>csv|jsonl)$", views.trail_export, name="trail_export"),
    path("trail/whole.jsonl", views.trail_whole, name="trail_whole"),
]
