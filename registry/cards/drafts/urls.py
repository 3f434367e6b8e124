"""Addresses of what the editor asks while somebody types."""

from django.urls import path

from registry.cards.drafts import views

CARD = "models/<int:pk>/versions/<str:version>/card/"

urlpatterns = [
    path(f"{CARD}drafts/<str:key>/", views.card_draft, name="card_draft"),
    path(f"{CARD}drafts/<str:key>/drop/", views.card_draft_drop, name="card_draft_drop"),
    path(f"{CARD}preview/", views.card_preview, name="card_preview"),
    path(f"{CARD}session/", views.card_session, name="card_session"),
]
