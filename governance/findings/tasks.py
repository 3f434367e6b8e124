"""Telling people about findings: one mail for each person, however many there are."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from governance.findings.mail import findings_mail
from governance.findings.models import Finding
from portal.actors import service
from portal.jobs.context import JobContext
from portal.jobs.models import OPEN_STATES, Job
from portal.jobs.registry import job
from portal.jobs.schedule import at_each_tick
from portal.jobs.services import job_enqueue

KIND, KEY = "governance.finding_mail", "untold"
# Findings of one sweep come in within seconds of each other, and go into one mail.
GATHER = timedelta(seconds=30)


@job(KIND, title="Tell owners about findings", retries=20)
def finding_mail(context: JobContext) -> dict[str, Any]:
    """Mail each owner the findings they have not heard of."""
    waiting = defaultdict(list)
    rows = Finding.objects.filter(told_at=None, closed_at=None)
    for finding in rows.select_related("model", "version__model", "owner").order_by("pk"):
        waiting[finding.owner].append(finding)
    for owner, findings in waiting.items():
        findings_mail(owner, findings)
        told = Finding.objects.filter(pk__in=[finding.pk for finding in findings])
        told.update(told_at=timezone.now())
    return {"text": f"{sum(map(len, waiting.values()))} findings told.", "link": "/findings/"}


@at_each_tick
def findings_untold() -> None:
    """Enqueue the mail when a finding has waited long enough for others to join it."""
    untold = Finding.objects.filter(
        told_at=None, closed_at=None, opened_at__lte=timezone.now() - GATHER
    )
    if untold.exists() and not Job.objects.filter(kind=KIND, state__in=OPEN_STATES).exists():
        job_enqueue(
            actor=service("governance"), kind=KIND, key=KEY, why="findings nobody was told of"
        )
