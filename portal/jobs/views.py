"""The pages of the jobs."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.vary import vary_on_headers

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.jobs.models import Job, JobState
from portal.jobs.queries import by_kind, by_state, listed, visible_jobs
from portal.jobs.services import job_cancel, job_retry, may_manage
from portal.jobs.show import facts_of, log_of, outcome_of

PAGE = 50


@needs({"GET": "job.view"})
@vary_on_headers("HX-Request")
def job_list(request: HttpRequest) -> HttpResponse:
    """The jobs, running ones first; asks again by itself while any is open."""
    jobs = visible_jobs(actor_of(request))
    state = request.GET.get("state", "")
    state = state if state in JobState.values else ""
    kind = request.GET.get("kind", "")[:60]
    states = by_state(jobs, kind)
    context = {
        "page": Paginator(listed(jobs, state=state, kind=kind), PAGE).get_page(
            request.GET.get("page")
        ),
        "state": state,
        "kind": kind,
        "states": states,
        "total": sum(choice.count for choice in states),
        "moving": any(choice.count for choice in states if choice.value in ("waiting", "running")),
    }
    if request.htmx and request.htmx.target == "results":
        return render(request, "jobs/job_list.html#results", context)
    return render(request, "jobs/job_list.html", context | {"kinds": by_kind(jobs)})


@needs({"GET": "job.view"})
@vary_on_headers("HX-Request")
def job_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One job: how far it is, what it said, how it ended; follows it while it is open."""
    actor = actor_of(request)
    job = get_object_or_404(visible_jobs(actor), pk=pk)
    context = {
        "job": job,
        "facts": facts_of(job),
        "outcome": outcome_of(job),
        "log": log_of(job),
        "may_manage": may_manage(actor, job),
    }
    if request.htmx and request.htmx.target == "live":
        return render(request, "jobs/job_detail.html#live", context)
    return render(request, "jobs/job_detail.html", context)


@needs({"GET": "job.view"})
def job_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one job is, as the fragment that other pages embed; says when the job has ended."""
    job = get_object_or_404(visible_jobs(actor_of(request)), pk=pk)
    response = render(request, "jobs/_progress.html", {"job": job})
    if not job.is_open:
        response["HX-Trigger"] = "job-ended"
    return response


@needs({"POST": "job.view"})
def job_retry_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a job run again; the service says whether this person may."""
    job = found(request, pk)
    job_retry(actor=actor_of(request), job_id=job.pk)
    messages.success(request, "The job will run again.")
    return redirect("job_detail", pk=pk)


@needs({"POST": "job.view"})
def job_cancel_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a job, or ask it to stop; the service says whether this person may."""
    job = job_cancel(actor=actor_of(request), job_id=found(request, pk).pk)
    if job.is_open:
        messages.info(request, "The job was asked to stop; it does so at the next safe point.")
    else:
        messages.success(request, "The job is cancelled.")
    return redirect("job_detail", pk=pk)


def found(request: HttpRequest, pk: int) -> Job:
    """The job, or 404 for somebody who may not see it."""
    return get_object_or_404(visible_jobs(actor_of(request)), pk=pk)
