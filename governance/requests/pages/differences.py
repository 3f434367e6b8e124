"""What a signer reads as a difference: against the champion, and against their last signature."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from governance.requests.models import ApprovalRequest, SignOff
from governance.requests.parts import ARTIFACT, LABELS
from governance.requests.subjects import changed_fields, changed_parts, part_digests
from registry.cards.answers import State
from registry.cards.history import FieldDiff, entry_differences
from registry.cards.queries import standing_revisions
from registry.cards.schema import schema_of
from registry.cards.view import words_of
from registry.cards.word_diff import Piece, marked
from registry.inventory.metrics import Measure, measures, names, number
from registry.inventory.models import ModelVersion
from registry.inventory.version_page import Section, comparison

ARTIFACT_FIELDS = {"digest": "Artifact digest", "source": "Files", "run": "Run"}
# What a signer weighs beside the metrics, which have a table of their own.
COMPARED = ("Signature", "Datasets", "Parameters")


@dataclass(frozen=True)
class Champion:
    """A version beside the one that serves."""

    champion: ModelVersion
    version: ModelVersion

    @cached_property
    def measures(self) -> list[Measure]:
        """Every metric of either, with its distance from the champion's."""
        every = names([self.version.metrics, self.champion.metrics])
        return measures(self.version.metrics, every, self.champion.metrics)

    @property
    def rows(self) -> list[tuple[Measure, float | None]]:
        """Every metric with the champion's own value."""
        return [(one, number(self.champion.metrics.get(one.name))) for one in self.measures]

    @property
    def worse(self) -> list[Measure]:
        """The metrics that got worse, where the name says which way is good."""
        return [one for one in self.measures if one.verdict == "worse"]

    @cached_property
    def sections(self) -> list[Section]:
        """Schema, data and parameters that differ."""
        found = {section.title: section for section in comparison(self.champion, self.version)}
        return [found[name] for name in COMPARED if name in found and found[name].changed]

    @cached_property
    def card(self) -> list[FieldDiff]:
        """The answers of the two cards that differ."""
        revisions = standing_revisions([self.champion, self.version])
        old, new = revisions.get(self.champion.pk), revisions.get(self.version.pk)
        schema = schema_of(new.schema_version) if new else schema_of()
        return entry_differences(schema, old.values if old else {}, new.values if new else {})


def champion_of(version: ModelVersion) -> Champion | None:
    """The champion beside this version; None when there is none, or this is it."""
    wanted = version.model.champion_version
    if not wanted or wanted == version.version:
        return None
    found = ModelVersion.objects.filter(model=version.model, version=wanted).first()
    return Champion(found, version) if found else None


@dataclass(frozen=True)
class PartChange:
    """One fact within a part of the subject that is not as it was."""

    part: str
    name: str
    before: str
    after: str
    key: str = ""

    @property
    def pieces(self) -> tuple[list[Piece], list[Piece]]:
        """Before and after with the words that differ marked."""
        return marked(self.before, self.after)


@dataclass(frozen=True)
class SinceSigned:
    """What is not as it was when somebody last signed for this model."""

    sign_off: SignOff
    changes: list[PartChange] = field(default_factory=list)


def since_signed(request: ApprovalRequest, user_id: int | None) -> SinceSigned | None:
    """The filed subject against the newest one this person signed for the model, if any."""
    signed = SignOff.objects.filter(
        signer=user_id, request__version__model=request.version.model_id, at__isnull=False
    ).exclude(request=request, round=request.round)
    newest = signed.select_related("request__version").order_by("-id").first()
    if newest is None or not request.subject:
        return None
    return SinceSigned(newest, changes_between(newest.subject, request.subject))


def changes_between(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[PartChange]:
    """Every fact that two subjects state differently, in the order of the card."""
    found = []
    for part in changed_parts(part_digests(before), part_digests(now)):
        old, new = before.get("parts", {}).get(part, {}), now.get("parts", {}).get(part, {})
        for key in changed_fields(before, now, part):
            found.append(
                PartChange(
                    LABELS[part],
                    _label(part, key),
                    _words(part, key, old.get(key)),
                    _words(part, key, new.get(key)),
                    key if key in schema_of().by_key else "",
                )
            )
    return found


def _label(part: str, key: str) -> str:
    if part == ARTIFACT:
        return ARTIFACT_FIELDS.get(key, key)
    fields = schema_of().by_key
    return fields[key].label if key in fields else key


def _words(part: str, key: str, told: Any) -> str:
    """A stated fact as text; a subject of an older form is shown as it stands."""
    if told is None:
        return ""
    if part == ARTIFACT or not isinstance(told, Mapping):
        return str(told)
    if "value" not in told:
        state = "Unknown" if told.get("state") == State.UNKNOWN else "Not applicable"
        return f"{state}: {told['reason']}" if told.get("reason") else state
    fields = schema_of().by_key
    try:
        return words_of(fields[key], told["value"]) if key in fields else str(told["value"])
    except (AttributeError, KeyError, TypeError):  # a value of an older schema's type
        return str(told["value"])
