"""What the demo puts beside its cards: files as evidence, and what people say about them."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from registry.cards.attachments.models import CardAttachment
from registry.cards.attachments.services import Upload, attachment_add
from registry.cards.comments.models import CardComment
from registry.cards.comments.services import comment_add, comment_reply, comment_resolve
from registry.demo.walk import card_texts, demo_actor
from registry.inventory.models import ModelVersion


def beside_write() -> None:
    """Attach the demo's files and say its comments; a card that has any stays as it is."""
    for card in card_texts():
        version = ModelVersion.objects.get(
            model__name=card["model"], model__is_demo=True, version=card["version"]
        )
        if not CardAttachment.objects.filter(version=version).exists():
            for file in card.get("file", []):
                _attach(version, card["author"], file)
        if not CardComment.objects.filter(version=version).exists():
            for comment in card.get("comment", []):
                _say(version, comment)


def _attach(version: ModelVersion, author: str, file: Mapping[str, Any]) -> None:
    content = file.get("text") or metrics_csv(version)
    body = content.encode()
    today = timezone.localdate()
    ends = today + timedelta(days=file["expires_in_days"]) if "expires_in_days" in file else None
    attachment_add(
        actor=demo_actor(author),
        version_id=version.pk,
        field_key=file["field"],
        upload=Upload(io.BytesIO(body), file["name"], len(body)),
        effective_on=today,
        expires_on=ends,
    )


def metrics_csv(version: ModelVersion) -> str:
    """The version's own metrics as MLflow has them, one a line."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["metric", "value"])
    writer.writerows(sorted(version.metrics.items()))
    return target.getvalue()


def _say(version: ModelVersion, comment: Mapping[str, Any]) -> None:
    made = comment_add(
        actor=demo_actor(comment["author"]),
        version_id=version.pk,
        field_key=comment["field"],
        text=comment["text"],
    )
    for reply in comment.get("replies", []):
        comment_reply(
            actor=demo_actor(reply["author"]),
            version_id=version.pk,
            number=made.number,
            text=reply["text"],
        )
    if "resolved_by" in comment:
        actor = demo_actor(comment["resolved_by"])
        comment_resolve(actor=actor, version_id=version.pk, number=made.number)
