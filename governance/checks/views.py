"""The pages of a version's checks and of its artifact."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from governance.checks.models import CheckRun, ManifestState
from governance.checks.queries import visible_manifests, visible_runs
from governance.checks.running import blocking
from governance.checks.services import checks_enqueue, manifest_enqueue
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.jobs.models import OPEN_STATES, Job
from registry.cards.views import version_at
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion

RUNS, FILES, READINGS = 20, 200, 20


@needs({"GET": "approval.view"})
def checks_detail(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """What the checks of a version found, newest first, for one environment."""
    found = version_at(request, pk, version)
    actor = actor_of(request)
    environment = _environment(request.GET.get("environment"))
    runs = visible_runs(actor).filter(version=found, environment=environment)
    newest = runs.select_related("policy", "manifest").prefetch_related("results")
    run = get_object_or_404(newest, pk=_number(request)) if _number(request) else newest.first()
    context = {
        **_shared(found, Job.objects.filter(kind="governance.checks")),
        "run": run,
        "results": list(run.results.all()) if run else [],
        "blocking": blocking(run.results.all()) if run else [],
        "history": _history(list(newest[: RUNS + 1])),
        "environment": environment,
        "environments": Environment.choices,
        "may_run": allowed(actor, "check.run", found),
    }
    return render(request, "checks/checks_detail.html", context)


@needs({"POST": "check.run"}, version_at)
def checks_again(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Have the checks run again, then go back to where the button was."""
    found = version_at(request, pk, version)
    environment = _environment(request.POST.get("environment"))
    checks_enqueue(
        actor=actor_of(request),
        version_id=found.pk,
        environment=environment,
        why="asked for on a page",
    )
    messages.info(request, "The checks run in the background; reload the page to see the result.")
    return _back(request, "checks_detail", pk, version)


@needs({"GET": "approval.view"})
def artifact_detail(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """The files of a version as last read, with their hashes and what the scanner found."""
    found = version_at(request, pk, version)
    actor = actor_of(request)
    manifests = visible_manifests(actor).filter(version=found)
    manifest = manifests.filter(state=ManifestState.COMPLETE).first()
    context = {
        **_shared(found, Job.objects.filter(kind="governance.manifest")),
        "manifest": manifest,
        "page": Paginator(manifest.files, FILES).get_page(request.GET.get("page"))
        if manifest
        else None,
        "readings": list(manifests.defer("files")[:READINGS]),
        "may_run": allowed(actor, "check.run", found),
    }
    return render(request, "checks/artifact_detail.html", context)


@needs({"POST": "check.run"}, version_at)
def artifact_again(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Have the files read and hashed again."""
    found = version_at(request, pk, version)
    manifest_enqueue(actor=actor_of(request), version_id=found.pk, why="asked for on a page")
    messages.info(request, "The files are read in the background; reload the page in a moment.")
    return _back(request, "artifact_detail", pk, version)


def _environment(wanted: str | None) -> str:
    return wanted if wanted in Environment.values else str(Environment.PRODUCTION)


def _number(request: HttpRequest) -> int | None:
    text = request.GET.get("run", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _shared(version: ModelVersion, jobs: Any) -> dict[str, Any]:
    key = f"version:{version.pk}"
    waiting = jobs.filter(key__in=[key, *(f"{key}:{e}" for e in Environment.values)])
    return {
        "version": version,
        "model": version.model,
        "job": waiting.filter(state__in=OPEN_STATES).first() or _failed(waiting),
    }


def _failed(jobs: Any) -> Job | None:
    """The newest job, when it is one that failed."""
    newest = jobs.order_by("-id").first()
    return newest if newest and newest.state == "failed" else None


def _history(runs: list[CheckRun]) -> list[dict[str, Any]]:
    """Each run with how many of its required checks stand in the way."""
    return [{"run": run, "blocking": len(blocking(run.results.all()))} for run in runs[:RUNS]]


def _back(request: HttpRequest, name: str, pk: int, version: str) -> HttpResponse:
    """To the page that the button was on, if it is one of ours."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return redirect(wanted)
    return redirect(name, pk, version)
