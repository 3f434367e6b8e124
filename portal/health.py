"""`/healthz`: the process answers. `/readyz`: what it needs answers too.

Nothing here calls MLflow: a worker looks at it on every tick and writes down what it found, so that
a server that hangs cannot hold up this answer, and the worker proves by the same row that it works.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.access import public
from portal.jobs.models import Probe, WorkerHeartbeat
from portal.jobs.nudge import BrokerDown, queue_length

# A tick comes every ten seconds; three missed ones are a fault, not a delay.
FRESH = timedelta(seconds=45)


@dataclass(frozen=True)
class Check:
    """What is known of one thing that the portal needs, and how many seconds old that is."""

    ok: bool
    detail: str
    age: float = 0.0


@public
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """200 while the web process answers."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when database, broker, MLflow and a worker are there; 503 and which is not otherwise."""
    checks = {"database": database(), "broker": broker()}
    rest: dict[str, Callable[[], Check]] = {"mlflow": mlflow, "worker": worker}
    for name, check in rest.items():
        if checks["database"].ok:
            checks[name] = guarded(check)
        else:
            checks[name] = Check(False, "not known, as the database does not answer")
    ok = all(check.ok for check in checks.values())
    body = {
        "status": "ok" if ok else "not ready",
        "checks": {name: asdict(check) for name, check in checks.items()},
    }
    return JsonResponse(body, status=200 if ok else 503)


def guarded(check: Callable[[], Check]) -> Check:
    """A check that reads a row, also when the database stops answering between two of them."""
    try:
        return check()
    except Error as error:
        return Check(False, f"not known: {type(error).__name__}")


def database() -> Check:
    """Whether PostgreSQL answers; how long it may take is bounded by the connection's settings."""
    started = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connection.close()
        return Check(False, f"does not answer ({type(error).__name__})")
    return Check(True, f"answers in {(time.monotonic() - started) * 1000:.0f} ms")


def broker() -> Check:
    """Whether the broker answers within a second, and how much waits there."""
    try:
        return Check(True, f"answers; {queue_length()} messages wait")
    except BrokerDown:
        return Check(False, "does not answer within a second")


def mlflow() -> Check:
    """What a worker found when it last looked at MLflow."""
    probe = Probe.objects.filter(pk="mlflow").first()
    if probe is None:
        return Check(False, "no worker has looked at it yet")
    host = urlsplit(settings.MLFLOW_URI).hostname
    if age_of(probe.at) > FRESH.total_seconds():
        return Check(False, "no worker has looked at it lately", age_of(probe.at))
    return Check(probe.ok, f"{host} {probe.detail}", age_of(probe.at))


def worker() -> Check:
    """When a worker last showed that it takes work."""
    latest = WorkerHeartbeat.objects.order_by("-at").first()
    if latest is None:
        return Check(False, "no worker has taken work yet")
    age = age_of(latest.at)
    if age > FRESH.total_seconds():
        return Check(False, "no worker has taken work lately", age)
    return Check(True, "takes work", age)


def age_of(moment: datetime) -> float:
    """Seconds since a moment."""
    return round(max(0.0, (timezone.now() - moment).total_seconds()), 1)
