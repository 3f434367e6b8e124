"""Addresses of change plans."""

from django.urls import path

from governance.plans import views

urlpatterns = [
    path("models/<int:pk>/plans/", views.plan_list, name="plan_list"),
    path("models/<int:pk>/plans/<int:plan>/end/", views.plan_stop, name="plan_end"),
    path("models/<int:pk>/versions/<str:version>/plan/new/", views.plan_new, name="plan_new"),
]
