"""The record of what serves where: a deployment begins, replaces another, or ends."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.permissions import require
from portal.accounts.queries import team_chosen
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import Entry, record, record_all
from registry.deployments.models import Deployment, Environment
from registry.deployments.queries import visible_deployments
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

TAKEN = (
    "A deployment of this name in this environment was recorded a moment ago. Reload the page to "
    "see it, then try again if it is not yours."
)


def deployment_record(
    *,
    actor: Actor,
    environment: str,
    name: str,
    served_ref: str,
    version_id: int | None = None,
    team_id: int | None = None,
    purpose: str = "",
    started_at: datetime | None = None,
    reason: str = "",
    is_demo: bool = False,
) -> Deployment:
    """Record that something serves from now on; what served under this name before ends with it.

    Without a version it is a shadow model. Recording again what already serves changes nothing.
    """
    with transaction.atomic():
        live = _live(actor, environment, name)
        version = _version(actor, version_id)
        wanted = Deployment(
            version=version,
            environment=environment,
            name=name.strip(),
            served_ref=served_ref.strip(),
            purpose=purpose.strip(),
            team=version.model.team if version else team_chosen(team_id),
            started_at=started_at or timezone.now(),
            is_demo=is_demo,
        )
        require(actor, "deployment.record", wanted)
        if live:
            require(actor, "deployment.record", live)
        _check(wanted, live)
        if live and (live.version_id, live.served_ref) == (version_id, wanted.served_ref):
            return live
        entries = [_ended(live, wanted.started_at, "Replaced")] if live else []
        _insert(wanted)
        _refresh(wanted, live)
        entries.append(Entry("deployment.record", wanted, after=_facts(wanted), reason=reason))
        record_all(actor, entries)
    return wanted


def deployment_end(
    *, actor: Actor, deployment_id: int, reason: str = "", ended_at: datetime | None = None
) -> Deployment:
    """Record that a deployment serves no longer; ending an ended one changes nothing."""
    with transaction.atomic():
        live = _locked(actor).get(pk=deployment_id)
        require(actor, "deployment.record", live)
        if live.ended_at:
            return live
        ended_at = ended_at or timezone.now()
        if ended_at < live.started_at:
            raise Invalid.at("ended_at", "It cannot have ended before it started.")
        entry = _ended(live, ended_at, reason.strip())
        _refresh(live)
        record(actor, entry.verb, live, before=entry.before, after=entry.after, reason=entry.reason)
    return live


def shadow_link(
    *, actor: Actor, deployment_id: int, version_id: int, reason: str = ""
) -> Deployment:
    """Say which registered version a shadow model is; from then on it is none."""
    with transaction.atomic():
        live = _locked(actor).get(pk=deployment_id)
        version = _version(actor, version_id)
        require(actor, "deployment.record", live)
        require(actor, "deployment.record", version)
        if live.version_id or live.ended_at:
            raise Conflict("This deployment already has a version or has ended; reload the page.")
        before = _facts(live)
        live.version, live.team = version, version.model.team
        live.save(update_fields=["version", "team"])
        _refresh(live)
        record(actor, "deployment.link", live, before=before, after=_facts(live), reason=reason)
    return live


def _locked(actor: Actor) -> QuerySet[Deployment]:
    return (
        visible_deployments(actor)
        .select_for_update(of=("self",))
        .select_related("version__model", "team__business_unit")
        .order_by("pk")
    )


def _live(actor: Actor, environment: str, name: str) -> Deployment | None:
    return _locked(actor).filter(environment=environment, name=name.strip(), ended_at=None).first()


def _version(actor: Actor, version_id: int | None) -> ModelVersion | None:
    if version_id is None:
        return None
    found = visible_versions(actor).select_related("model__team__business_unit")
    version = found.filter(pk=version_id).first()
    if version is None:
        raise Invalid.at("version", "There is no such version in the inventory.")
    return version


def _check(wanted: Deployment, live: Deployment | None) -> None:
    if wanted.environment not in Environment.values:
        raise Invalid.at("environment", f"Choose one of {', '.join(Environment.values)}.")
    for field, words in (("name", "Name the endpoint"), ("served_ref", "Say what it runs")):
        limit = Deployment._meta.get_field(field).max_length
        if not 0 < len(getattr(wanted, field)) <= limit:
            raise Invalid.at(field, f"{words}, in 1 to {limit} characters.")
    if len(wanted.purpose) > 300:
        raise Invalid.at("purpose", "At most 300 characters.")
    if wanted.started_at > timezone.now():
        raise Invalid.at("started_at", "It cannot start in the future; record it once it serves.")
    if live and wanted.started_at < live.started_at:
        raise Invalid.at("started_at", "What serves under this name now started later than that.")


def _insert(wanted: Deployment) -> None:
    try:
        with transaction.atomic():
            wanted.save()
    except IntegrityError:
        raise Conflict(TAKEN, code="taken") from None


def _ended(live: Deployment, ended_at: datetime, reason: str) -> Entry:
    before = _facts(live)
    live.ended_at = ended_at
    live.save(update_fields=["ended_at"])
    return Entry("deployment.end", live, before=before, after=_facts(live), reason=reason)


def _refresh(*deployments: Deployment | None) -> None:
    refresh_models({d.version.model_id for d in deployments if d and d.version})


def _facts(deployment: Deployment) -> dict[str, Any]:
    version = deployment.version
    return {
        "environment": deployment.environment,
        "name": deployment.name,
        "served_ref": deployment.served_ref,
        "model": version.model.name if version else None,
        "version": version.version if version else None,
        "team": str(deployment.team) if deployment.team else None,
        "started_at": deployment.started_at.isoformat(),
        "ended_at": deployment.ended_at.isoformat() if deployment.ended_at else None,
    }
