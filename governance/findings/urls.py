"""Addresses of findings."""

from django.urls import path

from governance.findings import views

urlpatterns = [
    path("findings/", views.finding_list, name="finding_list"),
    path("findings/<int:pk>/", views.finding_detail, name="finding_detail"),
    path("findings/<int:pk>/close/", views.finding_close_page, name="finding_close"),
    path("findings/<int:pk>/assign/", views.finding_assign_page, name="finding_assign"),
    path(
        "models/<int:pk>/versions/<str:version>/findings/new/",
        views.finding_new,
        name="finding_new",
    ),
]
