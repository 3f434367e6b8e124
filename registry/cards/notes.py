"""What lies beside a card's answers: the files and the comments of each field."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.cards.attachments.models import CardAttachment
from registry.cards.attachments.queries import attachments_by_field
from registry.cards.comments.queries import Thread, threads_by_field
from registry.cards.schema import Section
from registry.cards.view import CardView
from registry.inventory.models import ModelVersion

# The word that stands for the whole card in an address, where a field's key would be empty.
WHOLE = "whole-card"


@dataclass(frozen=True)
class FieldNotes:
    """The files and threads of one field, or of the whole card."""

    key: str
    files: list[CardAttachment]
    threads: list[Thread]

    @property
    def address_key(self) -> str:
        """How the field is named in an address."""
        return self.key or WHOLE

    @property
    def current(self) -> list[CardAttachment]:
        """The files that are neither withdrawn nor replaced."""
        return [file for file in self.files if file.is_current]

    @property
    def old(self) -> list[CardAttachment]:
        """The files that were withdrawn or replaced."""
        return [file for file in self.files if not file.is_current]

    @property
    def open(self) -> int:
        """How many threads nobody has resolved."""
        return sum(thread.is_open for thread in self.threads)

    @property
    def resolved(self) -> list[Thread]:
        """The threads that are settled."""
        return [thread for thread in self.threads if not thread.is_open]


@dataclass(frozen=True)
class CardNotes:
    """Everything that lies beside one card, and whether this reader may add to it."""

    version: ModelVersion
    files: dict[str, list[CardAttachment]]
    threads: dict[str, list[Thread]]
    may_attach: bool
    may_comment: bool

    def of(self, key: str) -> FieldNotes:
        """The notes of one field; an empty key is the whole card."""
        return FieldNotes(key, self.files.get(key, []), self.threads.get(key, []))

    @cached_property
    def open(self) -> dict[str, int]:
        """How many open threads each field has."""
        counts = {key: self.of(key).open for key in self.threads}
        return {key: count for key, count in counts.items() if count}

    def open_in(self, section: Section) -> int:
        """How many open threads a section has."""
        return sum(self.open.get(field.key, 0) for field in section.fields)


@dataclass(frozen=True)
class Beside:
    """The files and threads that a document names after its answers; each in the card's order."""

    files: Mapping[str, list[CardAttachment]]
    threads: list[tuple[str, Thread]]
    resolved: int


def beside_of(card: CardView) -> Beside:
    """The current files by field, and the open threads with what each is about; two queries."""
    by_field = attachments_by_field(card.version)
    files = {key: [f for f in found if f.is_current] for key, found in by_field.items()}
    labels = {"": "The whole card", **{i.field.key: i.field.label for i in card.fields}}
    threads = threads_by_field(card.version)
    ordered = [
        (labels.get(key, key), t) for key in (*labels, *threads) for t in threads.get(key, [])
    ]
    unique = list({thread.first.pk: (label, thread) for label, thread in ordered}.values())
    waiting = [pair for pair in unique if pair[1].is_open]
    return Beside(files, waiting, len(unique) - len(waiting))


def notes_of(actor: Actor, version: ModelVersion) -> CardNotes:
    """The files and comments of a card, in two queries."""
    return CardNotes(
        version=version,
        files=attachments_by_field(version),
        threads=threads_by_field(version),
        may_attach=allowed(actor, "card.edit", version),
        may_comment=allowed(actor, "card.comment", version),
    )
