"""Addresses of sources."""

from django.urls import path

from registry.sources import hooks, views

urlpatterns = [
    path("sources/", views.source_list, name="source_list"),
    path("sources/<int:pk>/", views.source_detail, name="source_detail"),
    path("sources/<int:pk>/sync/", views.sync_now, name="source_sync"),
    path("sources/<int:pk>/retry-details/", views.retry_details, name="source_retry_details"),
    path("hooks/mlflow/", hooks.mlflow_webhook, name="mlflow_webhook"),
]
