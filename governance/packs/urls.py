"""Addresses of evidence packs."""

from django.urls import path

from governance.packs import views

urlpatterns = [
    path("models/<int:pk>/versions/<str:version>/packs/", views.pack_list, name="pack_list"),
    path("packs/<int:pk>/download/", views.pack_download, name="pack_download"),
]
