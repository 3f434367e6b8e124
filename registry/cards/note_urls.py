"""Addresses of what lies beside a card's answers."""

from django.urls import path

from registry.cards import note_views
from registry.cards.attachments import views as files
from registry.cards.comments import views as comments

CARD = "models/<int:pk>/versions/<str:version>/card/"
FIELD = f"{CARD}fields/<str:key>/"
FILE = f"{CARD}files/<int:number>/"
COMMENT = f"{CARD}comments/<int:number>/"

urlpatterns = [
    path(FIELD, note_views.card_notes, name="card_notes"),
    path(f"{FIELD}attach/", files.attach, name="card_attach"),
    path(f"{FIELD}comment/", comments.comment, name="card_comment"),
    path(FILE, files.download, name="card_file"),
    path(f"{FILE}picture/", files.picture, name="card_picture"),
    path(f"{FILE}withdraw/", files.withdraw, name="card_file_withdraw"),
    path(f"{COMMENT}reply/", comments.reply, name="card_comment_reply"),
    path(f"{COMMENT}edit/", comments.edit, name="card_comment_edit"),
    path(f"{COMMENT}resolve/", comments.resolve, name="card_comment_resolve"),
    path(f"{COMMENT}reopen/", comments.reopen, name="card_comment_reopen"),
]
