"""Django finds the registry's models here; each lives with its subject."""

from registry.cards.attachments.models import CardAttachment
from registry.cards.comments.models import CardComment
from registry.cards.drafts.models import CardDraft
from registry.cards.models import CardPin, CardRevision
from registry.cards.reminders.models import ReminderSettings, ReminderSnooze
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source, SyncRun, WebhookDelivery

__all__ = [
    "CardAttachment",
    "CardComment",
    "CardDraft",
    "CardPin",
    "CardRevision",
    "Deployment",
    "ModelVersion",
    "RegisteredModel",
    "ReminderSettings",
    "ReminderSnooze",
    "Source",
    "SyncRun",
    "WebhookDelivery",
]
