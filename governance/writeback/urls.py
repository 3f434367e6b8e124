"""Addresses of what is written to sources."""

from django.urls import path

from governance.writeback import views

urlpatterns = [
    path("sources/<int:pk>/promotion/", views.source_promotion, name="source_promotion"),
    path("write-backs/<int:pk>/retry/", views.writeback_retry_page, name="writeback_retry"),
]
