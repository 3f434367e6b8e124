"""Addresses of checks and artifacts."""

from django.urls import path

from governance.checks import views

VERSION = "models/<int:pk>/versions/<str:version>/"

urlpatterns = [
    path(f"{VERSION}checks/", views.checks_detail, name="checks_detail"),
    path(f"{VERSION}checks/run/", views.checks_again, name="checks_run"),
    path(f"{VERSION}artifact/", views.artifact_detail, name="artifact_detail"),
    path(f"{VERSION}artifact/read/", views.artifact_again, name="artifact_read"),
]
