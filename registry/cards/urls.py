"""Addresses of the model cards."""

from django.urls import path

from registry.cards import views

CARD = "models/<int:pk>/versions/<str:version>/card/"

urlpatterns = [
    path(CARD, views.card_detail, name="card_detail"),
    path(f"{CARD}edit/", views.card_edit, name="card_edit"),
    path(f"{CARD}revisions/", views.card_history, name="card_history"),
]
