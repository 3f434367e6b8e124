"""Addresses of the inventory."""

from django.urls import path

from registry.inventory import model_views, version_views, views

urlpatterns = [
    path("models/", views.model_list, name="model_list"),
    path("models/export.<str:kind>", views.model_export, name="model_export"),
    path("models/<int:pk>/", model_views.model_detail, name="model_detail"),
    path("models/<int:pk>/owner/", model_views.model_assign_page, name="model_assign"),
    path("models/<int:pk>/compare/", version_views.version_compare, name="version_compare"),
    path(
        "models/<int:pk>/versions/<str:version>/",
        version_views.version_detail,
        name="version_detail",
    ),
]
