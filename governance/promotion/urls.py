"""Addresses of rollbacks and of the ledger."""

from django.urls import path

from governance.promotion import views

urlpatterns = [
    path("deployments/<int:pk>/rollback/", views.rollback_page, name="deployment_rollback"),
    path("models/<int:pk>/champion/", views.champion_ledger, name="champion_ledger"),
]
