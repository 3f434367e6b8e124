"""Addresses of change plans for programs."""

from django.urls import path

from governance.plans.api import PlanEnd, Plans

urlpatterns = [
    path("plans/", Plans.as_view(), name="api_plan_list"),
    path("plans/<int:pk>/end/", PlanEnd.as_view(), name="api_plan_end"),
]
