"""Verbs on jobs."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.actors import Actor
from portal.jobs.models import OPEN_STATES, Job
from portal.jobs.registry import KINDS


def job_enqueue(
    *,
    actor: Actor,
    kind: str,
    key: str,
    args: dict[str, Any] | None = None,
    why: str = "",
    run_after: datetime | None = None,
) -> Job:
    """The open job of this kind and key, made now if there is none; it runs after commit."""
    declared = KINDS[kind]
    try:
        with transaction.atomic():
            return Job.objects.create(
                kind=kind,
                key=key,
                args=args or {},
                max_attempts=declared.retries,
                run_after=run_after or timezone.now(),
                asked_by_key=actor.key,
                asked_by_name=actor.name,
                request_id=actor.request_id,
                why=why,
            )
    except IntegrityError:
        return Job.objects.get(kind=kind, key=key, state__in=OPEN_STATES)
