"""Checks of the files that will run."""

from django.urls import reverse

from governance.checks.facts import Facts
from governance.checks.models import ManifestState, Verdict
from governance.checks.registry import Found, check, counted

DECLARED = "signet.artifact_digest"
NAMED = 4
NOT_READ = "The artifact has not been read yet. Run the checks again to have it read."


@check("artifact_digest", title="Artifact digest recorded and equal")
def artifact_digest(facts: Facts) -> Found:
    """Whether the files are those that were read first, and those that the pipeline names."""
    looked_at = "Every file of the artifact, by its SHA-256"
    newest = facts.manifest
    if newest is None:
        return Found(Verdict.COULD_NOT_RUN, looked_at, NOT_READ, _page(facts))
    if newest.state == ManifestState.FAILED:
        return Found(Verdict.COULD_NOT_RUN, looked_at, newest.error, _page(facts))
    first, declared = facts.first_digest, _declared(facts)
    found = {"digest": newest.digest, "first": first, "declared": declared}
    if newest.digest != first:
        detail = (
            f"The files have changed: they were {first[:16]} when first read and are "
            f"{newest.digest[:16]} now. A version's files must never change; register a new one."
        )
        return Found(Verdict.FAIL, looked_at, detail, _page(facts), found)
    if declared and declared != newest.digest:
        detail = (
            f"The pipeline named {declared[:16]} in the tag {DECLARED}; the files in the registry "
            f"give {newest.digest[:16]}."
        )
        return Found(Verdict.FAIL, looked_at, detail, _page(facts), found)
    same = ", as the pipeline named it" if declared else ""
    detail = f"{newest.digest[:16]} over {newest.total_bytes:,} bytes{same}."
    return Found(Verdict.PASS, looked_at, detail, _page(facts), found)


def _declared(facts: Facts) -> str:
    tags = {**facts.version.run_tags, **facts.version.tags}
    return str(tags.get(DECLARED, "")).strip().lower().removeprefix("sha256:")


@check("artifact_scan", title="Artifact scanned for unsafe files")
def artifact_scan(facts: Facts) -> Found:
    """Whether the artifact is free of files that run code of their own when they are loaded."""
    looked_at = "Every file, by a scanner that never loads one"
    newest = facts.read
    if newest is None:
        detail = facts.manifest.error if facts.manifest else NOT_READ
        return Found(Verdict.COULD_NOT_RUN, looked_at, detail, _page(facts))
    looked_at = f"{counted(newest.scan.get('files', 0), 'file')}, by {newest.scanner}"
    kinds = {kind: _listed(newest.scan.get(kind)) for kind in ("dangerous", "unread", "unknown")}
    code = _listed(newest.scan.get("code"))
    found = {**{kind: sorted(lines) for kind, lines in kinds.items()}, "code": sorted(code)}
    for kind, verdict, words in (
        ("dangerous", Verdict.FAIL, "Unsafe: {0}. Loading it can run any program."),
        ("unread", Verdict.COULD_NOT_RUN, "Could not be scanned: {0}."),
        ("unknown", Verdict.WARN, "Pickled objects that no list calls safe: {0}."),
    ):
        if kinds[kind]:
            return Found(verdict, looked_at, words.format(_named(kinds[kind])), _page(facts), found)
    if code:
        detail = f"Carries program files that run when the model is loaded: {_named(code)}."
        return Found(Verdict.WARN, looked_at, detail, _page(facts), found)
    return Found(Verdict.PASS, looked_at, "Nothing unsafe was found.", _page(facts), found)


def _listed(value: object) -> list[str]:
    return [str(line) for line in value] if isinstance(value, list) else []


def _named(lines: list[str]) -> str:
    more = f" and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    return ", ".join(lines[:NAMED]) + more


def _page(facts: Facts) -> str:
    return reverse("artifact_detail", args=[facts.version.model_id, facts.version.version])
