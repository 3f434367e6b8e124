"""Checks of where the version comes from and what it takes and gives."""

from governance.checks.facts import Facts
from governance.checks.models import Verdict
from governance.checks.registry import Found, check
from registry.cards.entries import ANSWERED

ENVIRONMENT_FILES = {"requirements.txt", "conda.yaml", "python_env.yaml", "uv.lock"}
ENVIRONMENT_TAGS = (
    "signet.environment_lock",
    "mlflow.docker.image.uri",
    "mlflow.docker.image.name",
)


@check("lineage", title="Lineage complete")
def lineage(facts: Facts) -> Found:
    """Whether the commit, the training data's fingerprint and the environment are recorded."""
    have = {
        "the git commit": bool(facts.version.git_commit),
        "a fingerprint of the training data": any(
            data.get("digest") for data in facts.version.datasets if isinstance(data, dict)
        ),
        "the environment": _environment(facts),
    }
    missing = sorted(name for name, there in have.items() if not there)
    looked_at = "The run's commit and datasets, the artifact's environment files"
    found = {"missing": missing}
    if facts.version.run_tags.get("mlflow.source.git.dirty") == "true":
        detail = "The code was changed and not committed when the model was trained."
        return Found(Verdict.FAIL, looked_at, detail, facts.version_link, {**found, "dirty": True})
    if missing:
        detail = f"Not recorded: {', '.join(missing)}."
        return Found(Verdict.FAIL, looked_at, detail, facts.version_link, found)
    detail = f"Commit {facts.version.git_commit[:12]}, data and environment are recorded."
    return Found(Verdict.PASS, looked_at, detail, facts.version_link, found)


def _environment(facts: Facts) -> bool:
    tags = {**facts.version.run_tags, **facts.version.tags}
    if any(tags.get(name) for name in ENVIRONMENT_TAGS):
        return True
    if any(path in ENVIRONMENT_FILES for path in facts.file_names):
        return True
    return bool(facts.answer("environment_lock").standing in ANSWERED)


@check("signature", title="Signature present")
def signature(facts: Facts) -> Found:
    """Whether the model says which columns it takes and what it answers with."""
    sides = {side: len(facts.version.signature.get(side) or []) for side in ("inputs", "outputs")}
    looked_at = f"{sides['inputs']} inputs and {sides['outputs']} outputs in the MLmodel file"
    if all(sides.values()):
        return Found(Verdict.PASS, looked_at, "Inputs and outputs are named.", facts.version_link)
    if sides["inputs"]:
        detail = "The inputs are named, the outputs are not. Log the model with a full signature."
        return Found(Verdict.WARN, looked_at, detail, facts.version_link, sides)
    detail = "The model was logged without a signature, so nothing can check what is sent to it."
    return Found(Verdict.FAIL, looked_at, detail, facts.version_link, sides)
