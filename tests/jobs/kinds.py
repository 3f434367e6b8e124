"""Kinds of jobs for the tests, loaded by the test process and by the worker it starts."""

import os
import signal
import time
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from portal.errors import Denied, Invalid, Upstream
from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.trail.services import record

SHORT = timedelta(seconds=2)
EFFECT = "job.tested"
ERRORS = {
    "invalid": Invalid("The window is empty."),
    "denied": Denied("Not yours."),
    "refused": Upstream("MLflow refused the tag.", permanent=True),
    "unreachable": Upstream("MLflow does not answer.", permanent=False),
    "bug": KeyError("accuracy"),
    "hang": SoftTimeLimitExceeded(),
    "hog": MemoryError(),
}


@job("test.effect", title="One effect", retries=60, lease=SHORT, atomic=True, service="sync")
def effect(ctx: JobContext, *, mark: str, seconds: float = 0.0) -> dict[str, Any]:
    """Take some time, then have one effect that could be counted twice."""
    time.sleep(seconds)
    ctx.log("now the effect")
    record(ctx.actor, EFFECT, ctx.job, reason=mark)
    return {"text": "One effect."}


@job(
    "test.finishing", title="Last effect and end together", retries=60, lease=SHORT, service="sync"
)
def finishing(ctx: JobContext, *, mark: str, seconds: float = 0.0) -> None:
    """Work outside a transaction, then commit the effect with `done`."""
    time.sleep(seconds)
    ctx.progress(1, 1, "worked")
    with ctx.finishing() as result:
        record(ctx.actor, EFFECT, ctx.job, reason=mark)
        result["text"] = "One effect."


@job("test.poison", title="Takes its worker down", retries=3)
def poison(ctx: JobContext) -> None:
    """Die as if the kernel had run out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@job("test.until_told", title="Works until told to stop", lease=SHORT)
def until_told(ctx: JobContext) -> None:
    """Show progress until somebody cancels it."""
    for step in range(1, 2001):
        ctx.log(f"step {step}")
        ctx.progress(step, 2000, f"step {step}")
        ctx.check_cancelled()
        time.sleep(0.05)


@job("test.limits", title="Says how long a statement may take", service="sync")
def limits(ctx: JobContext) -> dict[str, Any]:
    """The limits of this worker's database session."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout') || ', ' || current_setting('lock_timeout')"
        )
        return {"text": cursor.fetchone()[0]}


@job("test.fails", title="Fails as it is told", retries=3)
def fails(ctx: JobContext, *, how: str) -> None:
    """Raise one of the errors that a job can end with."""
    raise ERRORS[how]
