"""Addresses of the list of cards."""

from django.urls import path

from registry.cards.many import views

urlpatterns = [
    path("cards/", views.card_list, name="card_list"),
    path("cards/change/", views.card_change, name="card_change"),
]
