"""Pages about sources: is what Signet shows current, and if not, since when and why."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.sources import queries
from registry.sources.condition import condition, waiting_job, webhook_condition
from registry.sources.connect import CAPABILITIES_OF
from registry.sources.models import Source
from registry.sources.services import details_retry, source_sync

RUNS_A_PAGE = 25
POLLED_FOR = "source-state"


@needs({"GET": "source.view"})
def source_list(request: HttpRequest) -> HttpResponse:
    """Every source with its state."""
    actor = actor_of(request)
    states = [state_of(actor, source) for source in queries.visible_sources(actor)]
    return render(request, "sources/source_list.html", {"states": states})


@needs({"GET": "source.view"})
def source_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: its state, its syncs and what could not be read."""
    actor = actor_of(request)
    source = get_object_or_404(queries.visible_sources(actor), pk=pk)
    runs = Paginator(queries.visible_runs(actor, source), RUNS_A_PAGE)
    context = {
        **state_of(actor, source),
        "runs": runs.get_page(request.GET.get("page")),
        "troubled": queries.troubled_versions(source),
        "webhook_url": settings.MLFLOW_WEBHOOK_URL,
        "has_secret": bool(settings.MLFLOW_WEBHOOK_SECRET),
        "capabilities": CAPABILITIES_OF[source.kind],
    }
    fragment = "#live" if request.headers.get("HX-Target") == POLLED_FOR else ""
    return render(request, f"sources/source_detail.html{fragment}", context)


@require_POST
@needs({"POST": "source.sync"})
def sync_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a full scan."""
    source_sync(actor=actor_of(request), source_id=_visible(request, pk).pk)
    messages.success(request, "A sync is on its way. This page shows how far it is.")
    return redirect("source_detail", pk=pk)


@require_POST
@needs({"POST": "source.sync"})
def retry_details(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the details that could not be read."""
    details_retry(actor=actor_of(request), source_id=_visible(request, pk).pk)
    messages.success(
        request, "These details are read again with the next sync, which is on its way."
    )
    return redirect("source_detail", pk=pk)


def _visible(request: HttpRequest, pk: int) -> Source:
    return get_object_or_404(queries.visible_sources(actor_of(request)), pk=pk)


def state_of(actor: Actor, source: Source) -> dict[str, Any]:
    """What both pages show of a source."""
    running, job = queries.running(source), waiting_job(source)
    return {
        "source": source,
        "running": running,
        "job": job,
        "condition": condition(source, running, job),
        "webhook": webhook_condition(source),
        "counts": queries.counts_of(source),
        "may_sync": allowed(actor, "source.sync", source),
    }
