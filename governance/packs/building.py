"""Filling an evidence pack: everything about one version, in files that need no Signet to read."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.text import slugify

from governance.gate.statements import public_keys
from governance.packs.archive import Archive, as_json
from governance.packs.collecting import Collection, columns, rows
from governance.packs.inclusion import proofs_of
from portal.errors import Upstream
from portal.trail.keys import trusted_keys
from registry.cards.annex_iv import outline
from registry.cards.attachments.queries import attachments_by_field
from registry.cards.attachments.storage import content_open
from registry.cards.exchange.formats import FORMATS
from registry.cards.printed import card_pdf
from registry.cards.view import card_of
from registry.inventory.models import ModelVersion

MOST_ATTACHED = 200 * 1024 * 1024


def pack_fill(archive: Archive, version: ModelVersion, *, by: str, at: str) -> dict[str, Any]:
    """Write everything into the archive and seal it; returns its manifest."""
    found = Collection(version)
    left_out = [*_card(archive, found)]
    _decisions(archive, found)
    _production(archive, found)
    events = found.events()
    proofs, anchors = proofs_of(event["seq"] for event in events)
    archive.add("trail/events.json", as_json(events))
    archive.add("trail/anchors.json", as_json(anchors))
    archive.add("trail/proofs.json", as_json(proofs))
    archive.add("keys.json", as_json({"gate": public_keys(), "trail": trusted_keys()}))
    facts = {
        "kind": "signet-evidence-pack",
        "model": version.model.name,
        "version": version.version,
        "source": version.model.source.base_url,
        "built_at": at,
        "built_by": by,
        "portal": settings.PORTAL_URL,
        "signet": settings.VERSION,
        "left_out": left_out,
    }
    archive.add("index.html", _index(found, facts, archive, len(events), len(proofs)))
    return archive.seal(**facts)


def _card(archive: Archive, found: Collection) -> Iterator[str]:
    """The card in every form, each approved revision, and its files; names what was left out."""
    card = card_of(found.version)
    archive.add("version.json", as_json(columns(found.version)))
    archive.add("card/card.pdf", card_pdf(card))
    archive.add("card/annex-iv.html", outline(card).encode())
    for form in FORMATS.values():
        archive.add(f"card/{form.key}/{form.file_name}", form.export(card))
    archive.add("card/revisions.json", as_json(rows(found.revisions)))
    size = 0
    for files in attachments_by_field(found.version).values():
        for file in files:
            size += file.size
            stem, _, ending = file.name.rpartition(".")
            name = f"{file.version.version}-{file.number}-{slugify(stem)[:80]}.{slugify(ending)}"
            if size > MOST_ATTACHED:
                yield f"{file.name} ({file.sha256}): the files are larger than fits in a pack."
                continue
            try:
                with content_open(file.stored_as) as content:
                    archive.add_file(f"card/files/{name}", content)
            except Upstream:
                yield f"{file.name} ({file.sha256}): the file storage does not give it."


def _decisions(archive: Archive, found: Collection) -> None:
    for request in found.requests:
        folder = f"requests/{request.pk}"
        archive.add(f"{folder}/request.json", as_json(found.request_facts(request)))
        archive.add(f"{folder}/signatures.json", as_json(found.signatures(request)))
        revision = request.card_revision
        if revision and revision.version_id == found.version.pk:
            approved = card_of(found.version, number=revision.number)
            archive.add(f"{folder}/card-as-asked.json", FORMATS["json"].export(approved))
    for policy in found.policies:
        archive.add(f"policies/{policy.number}.json", as_json(columns(policy)))
    archive.add("risk.json", as_json(rows(found.assessments)))
    for manifest in found.manifests:
        archive.add(f"checks/artifact-{manifest.pk}.json", as_json(columns(manifest)))
    for run in found.runs:
        archive.add(f"checks/run-{run.pk}.json", as_json(found.run_facts(run)))


def _production(archive: Archive, found: Collection) -> None:
    for decision in found.decisions:
        archive.add(f"gate/{decision.pk}.json", as_json(columns(decision, "envelope")))
        archive.add(f"gate/{decision.pk}.dsse.json", as_json(decision.envelope))
    archive.add(
        "deployments.json",
        as_json({"deployments": rows(found.deployments), "approvals": rows(found.approvals)}),
    )
    archive.add(
        "promotion.json",
        as_json({"alias_moves": rows(found.moves), "write_backs": rows(found.write_backs)}),
    )
    archive.add("findings.json", as_json(rows(found.findings, "told_at")))


def _index(
    found: Collection, facts: dict[str, Any], archive: Archive, events: int, proofs: int
) -> bytes:
    context = {
        "root": "./",  # every file lies beside the index
        "found": found,
        "facts": facts,
        "files": sorted(archive.files.items()),
        "events": events,
        "proofs": proofs,
        "gate_keys": public_keys(),
    }
    return render_to_string("packs/index.html", context).encode()
