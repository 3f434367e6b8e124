"""The page of a version's evidence packs."""

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify

from governance.gate.statements import public_keys
from governance.packs.models import EvidencePack
from governance.packs.queries import open_job, visible_packs
from governance.packs.services import pack_ask
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Upstream
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions


def version_or_404(request: HttpRequest, pk: int, version: str) -> ModelVersion:
    """The version, if this person may see it."""
    rows = visible_versions(actor_of(request)).select_related("model__team__business_unit")
    return get_object_or_404(rows, model_id=pk, version=version)


@needs("pack.build", version_or_404)
def pack_list(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """The packs of a version; POST has one built."""
    found = version_or_404(request, pk, version)
    if request.method == "POST":
        pack_ask(actor=actor_of(request), version_id=found.pk)
        messages.success(request, "The pack is being built. This page shows when it is there.")
        return redirect("pack_list", pk=pk, version=version)
    context = {
        "version": found,
        "packs": visible_packs(actor_of(request)).filter(version=found)[:50],
        "job": open_job(found),
        "gate_keys": public_keys(),
    }
    fragment = "#packs" if request.headers.get("HX-Target") == "packs" else ""
    return render(request, f"packs/pack_list.html{fragment}", context)


@needs({"GET": "pack.build"}, lambda request, pk: _pack(request, pk).version)
def pack_download(request: HttpRequest, pk: int) -> HttpResponse:
    """The archive itself."""
    pack = _pack(request, pk)
    try:
        content = default_storage.open(pack.file, "rb")
    except OSError as error:
        raise Upstream(
            "The pack is on record, but the file storage does not give it. Build it again.",
            permanent=False,
        ) from error
    name = slugify(f"evidence-{pack.version.model.name}-{pack.version.version}-{pack.pk}")
    return FileResponse(content, as_attachment=True, filename=f"{name}.zip")


def _pack(request: HttpRequest, pk: int) -> EvidencePack:
    packs = visible_packs(actor_of(request))
    return get_object_or_404(packs.select_related("version__model__team__business_unit"), pk=pk)
