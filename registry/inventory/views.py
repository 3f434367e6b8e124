"""The list of models, and its exports."""

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.fragments import part_asked
from registry.inventory import exports
from registry.inventory.banners import stale_banners
from registry.inventory.listing import Listing

# What htmx replaces, by the id that it names: the results alone, or the filters with them.
PARTS = {"results": "update", "inventory": "inventory"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@needs({"GET": "registry.view"})
def model_list(request: HttpRequest) -> HttpResponse:
    """The inventory; for htmx only the part that changes."""
    listing = Listing(actor_of(request), request.GET)
    request.GET = listing.query  # links to other pages and orders repeat only what was understood
    template = "inventory/model_list.html"
    part = part_asked(request, PARTS)
    context = {
        "listing": listing,
        "page": listing.page,
        "sort": listing.criteria.sort,
        # Whoever types goes on typing; whoever pressed a link that is gone starts at the results.
        "refocus": part and not (request.htmx.trigger or "").startswith(("filters", "sort-")),
    }
    if not part:
        context["banners"] = stale_banners()
    response = render(request, f"{template}#{part}" if part else template, context)
    if part:
        response["HX-Push-Url"] = f"{request.path}?{listing.address}".removesuffix("?")
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@needs({"GET": "model.export"})
def model_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """What the list's address shows, all pages of it, as a file."""
    if kind not in ("csv", "xlsx"):
        raise Http404
    rows = Listing(actor_of(request), request.GET).rows.iterator(exports.CHUNK)
    name = f"signet-models-{timezone.now():%Y-%m-%d}.{kind}"
    response: HttpResponseBase
    if kind == "csv":
        lines = exports.csv_lines(rows)
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    else:
        response = FileResponse(exports.xlsx_file(rows), content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response
