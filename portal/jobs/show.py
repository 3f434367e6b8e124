"""What a job's page says about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from portal.jobs.models import Job, JobLogLine, JobState

LINES = 300


@dataclass(frozen=True)
class Log:
    """The end of a job's log, and how much of it is not shown."""

    lines: list[JobLogLine]
    earlier: int


@dataclass(frozen=True)
class Outcome:
    """What came of a job: a sentence, the page to see it on, and further facts."""

    text: str
    link: str
    facts: list[tuple[str, Any]]


def log_of(job: Job) -> Log:
    """The last lines of the job's log, oldest first."""
    lines = list(job.lines.order_by("-id")[: LINES + 1])
    if len(lines) <= LINES:
        return Log(lines[::-1], 0)
    return Log(lines[LINES - 1 :: -1], job.lines.count() - LINES)


def outcome_of(job: Job) -> Outcome:
    """The result that the job left; a link only when it stays within Signet."""
    result = dict(job.result)
    text, link = str(result.pop("text", "")), str(result.pop("link", ""))
    if not link.startswith("/") or link.startswith("//"):
        link = ""
    facts = [(name.replace("_", " ").capitalize(), value) for name, value in result.items()]
    return Outcome(text, link, facts)


def facts_of(job: Job) -> list[tuple[str, str]]:
    """Who asked and why, and how long it waited and ran."""
    return [
        ("Asked by", job.asked_by_name),
        ("Why", job.why or "no reason was given"),
        ("Attempts", f"{job.attempts} of {job.max_attempts}"),
        ("Waited", waited(job)),
        ("Ran", ran(job)),
        ("Kind", job.kind),
        ("Key", job.key),
    ]


def waited(job: Job) -> str:
    """How long the job waited for its latest attempt."""
    until = job.started_at or job.finished_at or timezone.now()
    text = duration(job.created_at, until)
    return f"{text}, with earlier attempts" if job.attempts > 1 else text


def ran(job: Job) -> str:
    """How long the latest attempt took, or has taken so far."""
    if job.started_at is None:
        return "not yet"
    if job.state == JobState.RUNNING:
        return f"{duration(job.started_at, timezone.now())} so far"
    if job.finished_at is None or job.finished_at < job.started_at:
        return "not known"
    return duration(job.started_at, job.finished_at)


def duration(start: datetime, end: datetime) -> str:
    """A length of time such as `0.4 s`, `42 s`, `3 min 5 s` or `2 h 10 min`."""
    seconds = max(0.0, (end - start).total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
