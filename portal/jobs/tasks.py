"""The two Celery tasks, and the jobs that look after jobs themselves."""

from datetime import timedelta
from typing import Any

from celery import Task
from django.utils import timezone

from portal.celery import app
from portal.jobs.context import JobContext
from portal.jobs.models import WorkerHeartbeat
from portal.jobs.nudge import RUN, TICK
from portal.jobs.probes import heartbeat, probe_mlflow
from portal.jobs.registry import job
from portal.jobs.runner import run_job
from portal.jobs.schedule import LOOKS, every, schedules_run
from portal.jobs.services import jobs_prune
from portal.jobs.sweeper import sweep

KEPT_DONE, KEPT_FAILED = timedelta(days=30), timedelta(days=180)


@app.task(name=RUN, bind=True)
def run(self: Task, job_id: int) -> None:
    """Look at one job and do it if it is due; the message says nothing else."""
    again = bool(self.request.delivery_info.get("redelivered"))
    run_job(job_id, taken_by=self.request.id, worker=self.request.hostname, again=again)


@app.task(name=TICK, bind=True)
def tick(self: Task) -> None:
    """Every ten seconds, in a process that does jobs: show life, sweep, enqueue what is due."""
    heartbeat(self.request.hostname)
    probe_mlflow()
    sweep()
    schedules_run()
    for look in LOOKS:
        look()


@job("jobs.prune", title="Remove old jobs")
def prune(context: JobContext) -> dict[str, Any]:
    """Remove finished jobs after 30 days, failed ones after 180, and workers gone for a day."""
    now = timezone.now()
    removed = jobs_prune(done_before=now - KEPT_DONE, failed_before=now - KEPT_FAILED)
    WorkerHeartbeat.objects.filter(at__lt=now - timedelta(days=1)).delete()
    return {"text": f"{removed} old jobs removed."}


every(days=1, kind="jobs.prune")
