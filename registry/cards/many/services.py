"""Changing owner, contact and review date of many cards, each on its own and each checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Denied, Invalid, SignetError
from registry.cards.answers import Answer, BadAnswer, State, checked
from registry.cards.gaps import CONTACT, REVIEW, card_facts
from registry.cards.queries import standing_revisions
from registry.cards.schema import schema_of
from registry.cards.services import CardConflict, card_save
from registry.cards.view import words_of
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.inventory.queries import visible_models, visible_versions
from registry.inventory.services import assignment_stamp, model_assign

MOST = 100
OWNER = "owner"
NO_OWNER = "no owner"


@dataclass(frozen=True)
class Wanted:
    """What is to be set; a field that is not in `changes` stays as it is on every card.

    `changes` may hold `owner` (a person or None), `contact` (a text) and `expiry` (a day).
    """

    changes: Mapping[str, Any]
    note: str = ""

    @property
    def answers(self) -> dict[str, Answer | None]:
        """What goes onto the cards themselves."""
        return {
            key: Answer(State.WRITTEN, str(self.changes[key]))
            for key in (CONTACT, REVIEW)
            if key in self.changes
        }


@dataclass(frozen=True)
class Seen:
    """What somebody had read of one card when they asked for the change."""

    model_id: int
    version: str
    revision: int
    assignment: str | None = None


@dataclass(frozen=True)
class Step:
    """One value of one card, before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Outcome:
    """What would happen, or has happened, to one card: `change`, `same`, `refused` or `clash`."""

    model: RegisteredModel
    state: str
    seen: Seen
    steps: list[Step] = field(default_factory=list)
    why: str = ""
    revision: int = 0


def cards_plan(
    *, actor: Actor, model_ids: Sequence[int], wanted: Wanted | None = None
) -> list[Outcome]:
    """What the change would do to each card, without doing it; Invalid for a value that no card
    takes. Without `wanted`, only where the cards stand. Constant queries."""
    if wanted:
        wanted_check(wanted)
    if len(set(model_ids)) > MOST:
        raise Invalid.at("model", f"At most {MOST} cards at one time; choose fewer.")
    models = visible_models(actor).filter(pk__in=model_ids).exclude(latest_version="")
    found = list(models.select_related("owner", "team__business_unit").order_by("name", "pk"))
    newest = _newest(actor, found)
    standing = standing_revisions(newest.values())
    outcomes = []
    for model in found:
        version = newest[model.pk]
        revision = standing.get(version.pk)
        own = revision.number if revision and revision.version_id == version.pk else 0
        seen = Seen(model.pk, version.version, own, assignment_stamp(model))
        facts = card_facts(version, revision, tier=model.risk_tier)
        now = {CONTACT: facts.contact, REVIEW: facts.review_on}
        outcomes.append(_planned(actor, model, seen, now, wanted or Wanted({})))
    return outcomes


def cards_change(*, actor: Actor, seen: Sequence[Seen], wanted: Wanted) -> list[Outcome]:
    """Change each card by itself, over what was read of it; one that cannot be changed is told and
    does not hold up the others. Owner and answers of one card are saved together or not at all."""
    wanted_check(wanted)
    plan = cards_plan(actor=actor, model_ids=[card.model_id for card in seen], wanted=wanted)
    read = {card.model_id: card for card in seen}
    return [_changed(actor, outcome, read[outcome.model.pk], wanted) for outcome in plan]


def wanted_check(wanted: Wanted) -> None:
    """Refuse a value that no card would take; Invalid names the field."""
    faults = {}
    for key, answer in wanted.answers.items():
        try:
            checked(schema_of().by_key[key], answer or Answer(State.UNKNOWN))
        except BadAnswer as error:
            faults[key] = [str(error)]
    owner = wanted.changes.get(OWNER)
    if owner is not None and not owner.is_active:
        faults[OWNER] = ["This person can no longer sign in; choose somebody else."]
    if faults:
        raise Invalid("Nothing was changed yet.", fields=faults)
    if not wanted.changes:
        raise Invalid("Choose at least one thing to change: the owner, the contact or the date.")


def _newest(actor: Actor, models: Sequence[RegisteredModel]) -> dict[int, ModelVersion]:
    """The newest version of each model that is still at its source."""
    rows = visible_versions(actor).filter(model__in=models, gone_at__isnull=True)
    rows = rows.order_by("model_id", "-ordinal").distinct("model_id")
    by_id = {model.pk: model for model in models}
    found = {version.model_id: version for version in rows}
    for version in found.values():
        version.model = by_id[version.model_id]
    return found


def _planned(
    actor: Actor, model: RegisteredModel, seen: Seen, now: Mapping[str, Any], wanted: Wanted
) -> Outcome:
    steps = _steps(model, now, wanted)
    for action, keys in (("model.assign", {OWNER}), ("card.edit", {CONTACT, REVIEW})):
        if not keys & set(wanted.changes):
            continue
        try:
            require(actor, action, model)
        except Denied as denied:
            return Outcome(model, "refused", seen, [], denied.message)
    return Outcome(model, "change" if steps else "same", seen, steps)


def _steps(model: RegisteredModel, now: Mapping[str, Any], wanted: Wanted) -> list[Step]:
    steps = []
    if OWNER in wanted.changes and model.owner != wanted.changes[OWNER]:
        after: User | None = wanted.changes[OWNER]
        steps.append(Step("Owner", str(model.owner or NO_OWNER), str(after or NO_OWNER)))
    for key in (CONTACT, REVIEW):
        if key in wanted.changes and str(now[key] or "") != str(wanted.changes[key]):
            label = schema_of().by_key[key].label
            steps.append(Step(label, _shown(now[key]), _shown(wanted.changes[key])))
    return steps


def _shown(value: Any) -> str:
    return value.strftime("%-d %b %Y") if isinstance(value, date) else str(value or "no answer")


def _changed(actor: Actor, outcome: Outcome, seen: Seen, wanted: Wanted) -> Outcome:
    if outcome.state != "change":
        return outcome
    model = outcome.model
    try:
        with transaction.atomic():
            _still(outcome, seen)
            if OWNER in wanted.changes:
                owner = wanted.changes[OWNER]
                model_assign(
                    actor=actor,
                    model_id=model.pk,
                    owner_id=owner.pk if owner else None,
                    team_id=model.team_id,
                    reason=wanted.note,
                    seen=seen.assignment,
                )
            revision = _save(actor, outcome, seen, wanted)
    except CardConflict as conflict:
        return Outcome(model, "clash", seen, _texts(conflict), conflict.message)
    except Conflict as conflict:
        return Outcome(model, "clash", seen, [], conflict.message)
    except SignetError as error:
        return Outcome(model, "refused", seen, [], _told(error))
    return Outcome(model, "change", seen, outcome.steps, revision=revision)


def _still(outcome: Outcome, seen: Seen) -> None:
    if outcome.seen.version != seen.version:
        raise Conflict(
            f"Version {outcome.seen.version} has arrived since; you had read version "
            f"{seen.version}. Nothing was saved on this card.",
            code="newer-version",
        )


def _save(actor: Actor, outcome: Outcome, seen: Seen, wanted: Wanted) -> int:
    if not wanted.answers:
        return 0
    version = visible_versions(actor).get(model_id=outcome.model.pk, version=seen.version)
    saved = card_save(
        actor=actor,
        version_id=version.pk,
        base_revision=seen.revision,
        changes=wanted.answers,
        note=wanted.note,
    )
    return saved.revision.number if saved.revision else 0


def _texts(conflict: CardConflict) -> list[Step]:
    """What the others wrote, and what would have been written."""
    return [
        Step(
            clash.field.label,
            words_of(clash.field, (clash.theirs or {}).get("value")) or "no answer",
            words_of(clash.field, (clash.mine or {}).get("value")),
        )
        for clash in conflict.clashes
    ]


def _told(error: SignetError) -> str:
    fields = getattr(error, "fields", {})
    return " ".join([error.message, *(text for texts in fields.values() for text in texts)])
