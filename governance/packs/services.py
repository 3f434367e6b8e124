"""Verbs on evidence packs: asking for one, building it."""

import hashlib
import tempfile
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from governance.packs.archive import Archive
from governance.packs.building import pack_fill
from governance.packs.models import EvidencePack
from portal.accounts.permissions import require
from portal.actors import Actor, service
from portal.errors import Invalid, Upstream
from portal.jobs.models import Job
from portal.jobs.services import job_enqueue
from portal.trail.anchors import anchor_take
from portal.trail.services import record
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

KIND = "governance.pack"
FOLDER = "packs"


def pack_ask(*, actor: Actor, version_id: int) -> Job:
    """Have a pack built as soon as a worker is free; the open job when there is one already."""
    with transaction.atomic():
        version = _version(actor, version_id)
        require(actor, "pack.build", version)
        job = job_enqueue(
            actor=actor,
            kind=KIND,
            key=f"version:{version.pk}",
            args={"version_id": version.pk},
            why=f"{actor.name} asked for it",
        )
        record(actor, "pack.ask", version, after={"job": job.pk})
    return job


def pack_build(*, actor: Actor, version_id: int) -> EvidencePack:
    """Build a pack of a version now, store it and keep its manifest.

    An anchor is taken first, so that every event so far can be proven to stand in the trail.
    """
    version = _version(actor, version_id)
    require(actor, "pack.build", version)
    anchor_take(actor=service("trail"), reason=f"evidence pack of {version}"[:60])
    by = (actor.on_behalf_of or actor.name)[:120]
    with tempfile.TemporaryDirectory(prefix="signet-pack-") as folder:
        place = Path(folder) / "pack.zip"
        archive = Archive(place)
        try:
            manifest = pack_fill(archive, version, by=by, at=timezone.now().isoformat())
        finally:
            archive.close()
        digest, size = _digest(place), place.stat().st_size
        stored_as = _store(place, version, digest)
    with transaction.atomic():
        pack = EvidencePack.objects.create(
            version=version,
            file=stored_as,
            digest=digest,
            size=size,
            manifest=manifest,
            by_name=by,
        )
        record(actor, "pack.build", version, after={"pack": pack.pk, "digest": digest})
    return pack


def _version(actor: Actor, version_id: int) -> ModelVersion:
    related = ("model__source", "model__owner", "model__team__business_unit")
    found = visible_versions(actor).select_related(*related).filter(pk=version_id).first()
    if found is None:
        raise Invalid("There is no such version in the inventory.", code="unknown-version")
    return found


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store(place: Path, version: ModelVersion, digest: str) -> str:
    name = slugify(f"{version.model.name}-{version.version}")[:80] or "pack"
    try:
        with place.open("rb") as file:
            return default_storage.save(f"{FOLDER}/{name}-{digest[:12]}.zip", File(file))
    except Exception as error:  # each storage backend has errors of its own
        raise Upstream(
            "The pack was built but could not be stored: the file storage is full or does not "
            "answer. It is tried again.",
            permanent=False,
        ) from error
