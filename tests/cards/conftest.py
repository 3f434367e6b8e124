"""A card with files and comments beside it; this file is read before Django is set up."""

from datetime import date
from typing import Any

import pytest
from django.utils import timezone


@pytest.fixture
def version_with_notes() -> Any:
    """A card with a current, a withdrawn and a card-wide file, an open and a settled thread."""
    from registry.cards.attachments.models import CardAttachment, Kind
    from registry.cards.comments.models import CardComment
    from registry.cards.services import card_save
    from tests.cards.facts import make_full_version, scientist_of, written

    version = make_full_version()
    changes = {"overview": written("Forecasts sales.")}
    card_save(actor=scientist_of(version), version_id=version.pk, base_revision=0, changes=changes)
    common = {"version": version, "size": 2048, "stored_as": "x", "uploaded_by_name": "Ana"}
    for number, (name, key, more) in enumerate(
        (
            ("bias-report.pdf", "overview", {"expires_on": date(2099, 1, 31)}),
            ("withdrawn.pdf", "overview", {"withdrawn_at": timezone.now()}),
            ("minutes.csv", "", {"kind": Kind.CSV}),
        ),
        start=1,
    ):
        facts = {"kind": Kind.PDF, **common, **more}
        CardAttachment.objects.create(
            number=number, name=name, field_key=key, sha256="ab" * 32, **facts
        )
    said = {"version": version, "field_key": "metric_choice", "author_name": "Ana"}
    first = CardComment.objects.create(number=1, text="Why <b>this</b> metric?", **said)
    CardComment.objects.create(number=2, text="Because planners read it.", parent=first, **said)
    CardComment.objects.create(
        number=3, text="Settled long ago", resolved_at=timezone.now(), **said
    )
    return version
