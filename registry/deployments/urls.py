"""Addresses of the deployment record."""

from django.urls import path

from registry.deployments import views

urlpatterns = [
    path("deployments/", views.deployment_list, name="deployment_list"),
    path("deployments/new/", views.deployment_new, name="deployment_new"),
    path("deployments/<int:pk>/end/", views.deployment_end_page, name="deployment_end"),
    path("deployments/<int:pk>/link/", views.shadow_link_page, name="shadow_link"),
]
