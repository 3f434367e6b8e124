"""Verbs on the policy: write a draft, try it on what is there, publish it by a second person."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from governance.policies.comparison import differences
from governance.policies.dry_run import dry_run
from governance.policies.models import PolicyRevision, PolicyState
from governance.policies.queries import policy_in_force, rules_digest
from governance.policies.validation import rules_problems
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Denied, Invalid
from portal.jobs.models import Job
from portal.jobs.services import job_enqueue
from portal.trail.models import TrailEvent
from portal.trail.services import record

NOTE = 2_000
STALE = (
    "Somebody changed the draft while you were working on it, so nothing was saved. Reload the "
    "page to see what it says now."
)


def policy_write(
    *,
    actor: Actor,
    rules: Mapping[str, Any],
    note: str = "",
    applies_at_once: bool = False,
    seen: str = "",
) -> PolicyRevision:
    """Write the one draft, made now if there is none; Conflict unless it is still as `seen` says.

    `seen` is the digest of the draft that was read, empty when there was none. Writing what stands
    there already changes nothing. What was tried on the old rules has to be tried again.
    """
    with transaction.atomic():
        require(actor, "policy.edit")
        draft = PolicyRevision.objects.select_for_update().filter(state=PolicyState.DRAFT).first()
        if seen != (draft.digest if draft else ""):
            raise Conflict(STALE, code="stale")
        wanted = _checked(rules, note)
        known = draft or policy_in_force()
        same = (known.digest, known.note, known.applies_at_once)
        if draft and same == (rules_digest(wanted), note.strip(), applies_at_once):
            return draft
        before = {"digest": known.digest, "revision": known.number}
        draft = _written(actor, draft, wanted, note.strip(), applies_at_once)
        changed = [f"{d.place}: {d.before} → {d.after}" for d in differences(known.rules, wanted)]
        after = {**_facts(draft), "changed": changed[:100]}
        record(actor, "policy.write", draft, before=before, after=after, reason=draft.note)
    return draft


def policy_discard(*, actor: Actor, revision_id: int, reason: str) -> PolicyRevision:
    """Give a draft up; its number is not used again. Discarding a discarded one changes nothing."""
    with transaction.atomic():
        require(actor, "policy.edit")
        draft = PolicyRevision.objects.select_for_update().get(pk=revision_id)
        if draft.state == PolicyState.DISCARDED:
            return draft
        _still_draft(draft)
        draft.state = PolicyState.DISCARDED
        draft.save(update_fields=["state"])
        record(actor, "policy.discard", draft, after=_facts(draft), reason=reason.strip())
    return draft


def policy_try_enqueue(*, actor: Actor, revision_id: int) -> Job:
    """Have a worker try the draft on today's portfolio and the last requests."""
    with transaction.atomic():
        require(actor, "policy.edit")
        draft = PolicyRevision.objects.get(pk=revision_id)
        _still_draft(draft)
        return job_enqueue(
            actor=actor,
            kind="governance.dry_run",
            key=f"policy:{draft.pk}:{draft.digest[:16]}",
            args={"revision_id": draft.pk},
            why="a draft of the policy is tried",
        )


def policy_try(*, actor: Actor, revision_id: int) -> PolicyRevision:
    """Try the draft and keep what it would block; when it is written meanwhile, nothing is kept."""
    require(actor, "policy.view")
    draft = PolicyRevision.objects.get(pk=revision_id)
    found = dry_run(draft)
    with transaction.atomic():
        draft = PolicyRevision.objects.select_for_update().get(pk=revision_id)
        if draft.state != PolicyState.DRAFT or draft.digest != found["digest"]:
            return draft
        draft.dry_run = found
        PolicyRevision.objects.filter(pk=draft.pk).update(dry_run=found)
        told = {name: found[name] for name in ("versions", "requests", "blocked", "newly")}
        record(actor, "policy.try", draft, after={**_facts(draft), **told})
    return draft


def policy_publish(
    *, actor: Actor, revision_id: int, digest: str, reason: str = ""
) -> PolicyRevision:
    """Put a draft in force: by somebody who wrote none of it, exactly as it was read and tried.

    Publishing what is published already, with the same digest, changes nothing.
    """
    with transaction.atomic():
        require(actor, "policy.edit")
        draft = PolicyRevision.objects.select_for_update().get(pk=revision_id)
        if draft.state == PolicyState.PUBLISHED and draft.digest == digest:
            return draft
        _still_draft(draft)
        if draft.digest != digest:
            raise Conflict(STALE, code="stale")
        _may_publish(actor, draft)
        _checked(draft.rules, draft.note)
        if draft.dry_run.get("digest") != draft.digest:
            raise Conflict(
                "The draft has not been tried as it stands. Try it on the portfolio first, and "
                "read what it would block.",
                code="not-tried",
            )
        before = {"revision": policy_in_force().number}
        draft.state, draft.published_at = PolicyState.PUBLISHED, timezone.now()
        draft.published_by_id, draft.published_by_name = actor.user_id, actor.name
        draft.save(update_fields=["state", "published_at", "published_by", "published_by_name"])
        record(
            actor,
            "policy.publish",
            draft,
            before=before,
            after=_facts(draft),
            reason=reason.strip(),
        )
    return draft


def editors_of(draft: PolicyRevision) -> set[str]:
    """The keys of everybody who wrote on a draft, as the trail has them."""
    events = TrailEvent.objects.filter(
        verb="policy.write", subject_kind=draft._meta.label_lower, subject_id=str(draft.pk)
    )
    return set(events.values_list("actor_key", flat=True))


def _may_publish(actor: Actor, draft: PolicyRevision) -> None:
    if actor.kind != "person" or actor.user_id is None:
        raise Denied("A person publishes a policy, never a token or a service.", code="person")
    if actor.user_id == draft.edited_by_id or actor.key in editors_of(draft):
        raise Denied(
            "You wrote on this draft, so a second person publishes it: another governance lead. "
            "Ask one to read what it would block and to publish it.",
            code="own-draft",
        )


def _still_draft(draft: PolicyRevision) -> None:
    if draft.state != PolicyState.DRAFT:
        state = draft.get_state_display().lower()
        raise Conflict(f"Revision {draft.number} is {state}; only a draft can be changed.")


def _checked(rules: Mapping[str, Any], note: str) -> dict[str, Any]:
    if len(note) > NOTE:
        raise Invalid.at("note", f"At most {NOTE:,} characters; this has {len(note):,}.")
    problems = rules_problems(rules)
    if problems:
        fields: dict[str, list[str]] = {}
        for place, text in problems:
            fields.setdefault(place, []).append(text)
        first = f"{problems[0][0]}: {problems[0][1]}"
        raise Invalid(f"The policy does not hold together. {first}", fields=fields)
    return dict(rules)


def _written(
    actor: Actor,
    draft: PolicyRevision | None,
    rules: dict[str, Any],
    note: str,
    applies_at_once: bool,
) -> PolicyRevision:
    facts = {
        "rules": rules,
        "digest": rules_digest(rules),
        "note": note,
        "applies_at_once": applies_at_once,
        "dry_run": {},
        "edited_by_id": actor.user_id,
        "edited_by_name": actor.name,
    }
    if draft is None:
        highest = PolicyRevision.objects.aggregate(most=Max("number"))["most"] or 0
        try:
            with transaction.atomic():
                return PolicyRevision.objects.create(number=highest + 1, **facts)
        except IntegrityError:
            raise Conflict(STALE, code="stale") from None
    for name, value in facts.items():
        setattr(draft, name, value)
    draft.save()
    return draft


def _facts(draft: PolicyRevision) -> dict[str, Any]:
    return {
        "revision": draft.number,
        "state": str(draft.state),
        "digest": draft.digest,
        "applies_at_once": draft.applies_at_once,
    }
