"""Addresses of risk assessments."""

from django.urls import path

from governance.tiers import views

urlpatterns = [
    path("models/<int:pk>/risk/", views.tier_page, name="tier_assess"),
    path("models/<int:pk>/tier/", views.tier_old_address, name="model_tier"),
]
