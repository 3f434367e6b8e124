"""The page of a version, and the comparison of two."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from registry.inventory.banners import stale_banners
from registry.inventory.model_views import model_or_404
from registry.inventory.queries import visible_versions
from registry.inventory.version_page import VersionPage, comparison

CHOICES = 200


@needs({"GET": "registry.view"})
def version_detail(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Everything known about one version."""
    found = visible_versions(actor_of(request)).select_related(
        "model__source", "model__owner", "model__team__business_unit"
    )
    page = VersionPage(actor_of(request), get_object_or_404(found, model_id=pk, version=version))
    context = {
        "view": page,
        "version": page.version,
        "model": page.model,
        "banners": stale_banners(),
    }
    return render(request, "inventory/version_detail.html", context)


@needs({"GET": "registry.view"})
def version_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Two versions of a model, what differs first."""
    model = model_or_404(request, pk)
    versions = visible_versions(actor_of(request)).filter(model=model)
    names = list(versions.values_list("version", flat=True)[:CHOICES])
    wanted = [request.GET.get(side, "") for side in ("a", "b")]
    found = {v.version: v for v in versions.filter(version__in=[w for w in wanted if w])}
    left, right = (found.get(name) for name in wanted)
    everything = request.GET.get("all") == "1"
    sections = comparison(left, right) if left and right else []
    context = {
        "model": model,
        "names": names,
        "left": left,
        "right": right,
        "missing": [name for name in wanted if name and name not in found],
        "everything": everything,
        "sections": sections,
        "alike": [] if everything else [s for s in sections if not s.changed],
    }
    return render(request, "inventory/version_compare.html", context)
