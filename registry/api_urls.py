"""Addresses of the registry's part of the API."""

from django.urls import URLPattern, URLResolver, path

from registry.cards.api import Card, Revision, Revisions
from registry.cards.attachments.api import Attachment, AttachmentContent, Attachments, Withdrawal
from registry.cards.comments.api import Comment, Comments, Replies, Resolution
from registry.cards.exchange.api import CardCheck, CardExport, CardImport
from registry.cards.field_api import CardField
from registry.cards.many.api import Cards, CardsChange
from registry.cards.reminders.api import Reminders, ReminderSnoozing, ReminderWishes
from registry.cards.revision_api import Differences, Restore, RevisionAnnexIv, RevisionPdf
from registry.deployments.api import Deployments
from registry.inventory.api import Model, Models, Version, Versions

CARD = "models/<int:pk>/versions/<str:version>/card/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("models/", Models.as_view(), name="api_model_list"),
    path("models/<int:pk>/", Model.as_view(), name="api_model"),
    path("models/<int:pk>/versions/", Versions.as_view(), name="api_version_list"),
    path("models/<int:pk>/versions/<str:version>/", Version.as_view(), name="api_version"),
    path("cards/", Cards.as_view(), name="api_card_list"),
    path("cards/change/", CardsChange.as_view(), name="api_cards_change"),
    path("reminders/", Reminders.as_view(), name="api_reminders"),
    path("reminders/settings/", ReminderWishes.as_view(), name="api_reminder_settings"),
    path("reminders/<int:pk>/snooze/", ReminderSnoozing.as_view(), name="api_reminder_snooze"),
    path(CARD, Card.as_view(), name="api_card"),
    path(f"{CARD}fields/<str:key>/", CardField.as_view(), name="api_card_field"),
    path(f"{CARD}revisions/", Revisions.as_view(), name="api_card_revisions"),
    path(f"{CARD}revisions/<int:number>/", Revision.as_view(), name="api_card_revision"),
    path(
        f"{CARD}revisions/<int:old>/to/<int:number>/",
        Differences.as_view(),
        name="api_card_differences",
    ),
    path(f"{CARD}revisions/<int:number>/restore/", Restore.as_view(), name="api_card_restore"),
    path(f"{CARD}revisions/<int:number>/card.pdf", RevisionPdf.as_view(), name="api_card_pdf"),
    path(
        f"{CARD}revisions/<int:number>/annex-iv.html",
        RevisionAnnexIv.as_view(),
        name="api_card_annex_iv",
    ),
    path(f"{CARD}export/<slug:standard>/", CardExport.as_view(), name="api_card_export"),
    path(f"{CARD}check/<slug:standard>/", CardCheck.as_view(), name="api_card_check"),
    path(f"{CARD}import/<slug:standard>/", CardImport.as_view(), name="api_card_import"),
    path(f"{CARD}attachments/", Attachments.as_view(), name="api_card_attachments"),
    path(f"{CARD}attachments/<int:number>/", Attachment.as_view(), name="api_card_attachment"),
    path(
        f"{CARD}attachments/<int:number>/content/",
        AttachmentContent.as_view(),
        name="api_card_attachment_content",
    ),
    path(
        f"{CARD}attachments/<int:number>/withdraw/",
        Withdrawal.as_view(),
        name="api_card_attachment_withdraw",
    ),
    path(f"{CARD}comments/", Comments.as_view(), name="api_card_comments"),
    path(f"{CARD}comments/<int:number>/", Comment.as_view(), name="api_card_comment"),
    path(f"{CARD}comments/<int:number>/replies/", Replies.as_view(), name="api_card_replies"),
    path(
        f"{CARD}comments/<int:number>/resolve/",
        Resolution.as_view(resolved=True),
        name="api_card_comment_resolve",
    ),
    path(
        f"{CARD}comments/<int:number>/reopen/",
        Resolution.as_view(resolved=False),
        name="api_card_comment_reopen",
    ),
    path("deployments/", Deployments.as_view(), name="api_deployment_list"),
]
