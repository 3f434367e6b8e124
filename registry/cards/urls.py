"""Addresses of the model cards."""

from django.urls import path

from registry.cards import edit_views, note_urls, revision_views, views
from registry.cards.drafts import urls as draft_urls
from registry.cards.exchange import views as exchange

CARD = "models/<int:pk>/versions/<str:version>/card/"

urlpatterns = [
    path(CARD, views.card_detail, name="card_detail"),
    path(f"{CARD}edit/", edit_views.card_edit, name="card_edit"),
    path(f"{CARD}revisions/", revision_views.card_history, name="card_history"),
    path(f"{CARD}revisions/<int:number>/", revision_views.card_revision, name="card_revision"),
    path(
        f"{CARD}revisions/<int:number>/restore/",
        revision_views.card_bring_back,
        name="card_restore",
    ),
    path(f"{CARD}card.pdf", revision_views.card_as_pdf, name="card_pdf"),
    path(f"{CARD}annex-iv.html", revision_views.card_as_annex_iv, name="card_annex_iv"),
    path(f"{CARD}export/", exchange.card_exports, name="card_exports"),
    path(f"{CARD}export/<slug:standard>/", exchange.card_export, name="card_export"),
    path(f"{CARD}import/", exchange.card_import_page, name="card_import"),
    *draft_urls.urlpatterns,
    *note_urls.urlpatterns,
]
