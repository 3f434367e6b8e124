"""The pages of the trail."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.vary import vary_on_headers

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.trail import export
from portal.trail.diff import changes_of
from portal.trail.forms import TrailSearch
from portal.trail.models import TrailVerification
from portal.trail.queries import event_slice, trail_state, visible_events
from portal.trail.verification import event_row, trail_verify_ask
from portal.trail.verifier import START, differing, link

CSV, JSONL = "text/csv; charset=utf-8", "application/x-ndjson"


@needs({"GET": "trail.view"})
@vary_on_headers("HX-Request")
def trail_search(request: HttpRequest) -> HttpResponse:
    """The events that match, newest first; for htmx only the results."""
    actor = actor_of(request)
    search = TrailSearch(request.GET)
    events = search.applied(visible_events(actor))
    paging = search.cleaned_data if search.is_valid() else {}
    context = {
        "search": search,
        "slice": event_slice(events, before=paging.get("before"), after=paging.get("after")),
        "may_export": allowed(actor, "trail.export"),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "trail/search.html#update", context | {"fragment": True})
    return render(request, "trail/search.html", context | _state(request))


@needs({"GET": "trail.view"})
def trail_status(request: HttpRequest) -> HttpResponse:
    """The state of the trail as a fragment, which asks again while a verification runs."""
    return render(request, "trail/_state.html", _state(request))


@needs({"POST": "trail.verify"})
def trail_verify(request: HttpRequest) -> HttpResponse:
    """Ask for a verification; the page shows how far it is."""
    trail_verify_ask(actor=actor_of(request))
    if request.htmx:
        return render(request, "trail/_state.html", _state(request))
    return redirect("trail_search")


@needs({"GET": "trail.view"})
def trail_verification(request: HttpRequest, pk: int) -> HttpResponse:
    """What one verification found."""
    verification = get_object_or_404(TrailVerification, pk=pk)
    return render(request, "trail/verification.html", {"verification": verification})


@needs({"GET": "trail.view"})
def trail_event(request: HttpRequest, seq: int) -> HttpResponse:
    """One event: who did what, every field before and after, and whether its hash still holds."""
    events = visible_events(actor_of(request))
    near = {event.seq: event for event in events.filter(seq__in=[seq - 1, seq, seq + 1])}
    event = near.get(seq) or get_object_or_404(events, seq=seq)
    before = near.get(seq - 1)
    changes = changes_of(event.facts)
    context = {
        "event": event,
        "changed": [change for change in changes if not change.same],
        "unchanged": [change for change in changes if change.same],
        "previous": before,
        "next": near.get(seq + 1),
        "holds": link(event.prev, event.body) == event.hash,
        "follows": event.prev == (before.hash if before else START),
        "differing": [name for name in differing(event_row(event)) if name != "body"],
    }
    return render(request, "trail/event.html", context)


@needs({"GET": "trail.export"})
def trail_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Every event that the page's filters let through, as CSV or JSON lines."""
    search = TrailSearch(request.GET)
    events = search.applied(visible_events(actor_of(request)))
    lines = export.csv_lines(events) if kind == "csv" else export.jsonl_lines(events)
    return _file(lines, "events", kind)


@needs({"GET": "trail.export"})
def trail_whole(request: HttpRequest) -> HttpResponseBase:
    """The whole trail with its anchors, for the stand-alone verifier."""
    return _file(export.whole_trail(), "whole", "jsonl")


def _file(lines: Iterator[str], name: str, kind: str) -> HttpResponseBase:
    answer = StreamingHttpResponse(lines, content_type=CSV if kind == "csv" else JSONL)
    stamp = timezone.now().strftime("%Y%m%d-%H%M%S")
    answer["Content-Disposition"] = f'attachment; filename="signet-trail-{name}-{stamp}.{kind}"'
    return answer


def _state(request: HttpRequest) -> dict[str, object]:
    return {"state": trail_state(), "may_verify": allowed(actor_of(request), "trail.verify")}
