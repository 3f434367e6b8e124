"""Addresses inside a source's own pages; an empty text where there is none to give."""

from urllib.parse import quote, urlsplit

from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source


def web_address(text: str) -> str:
    """`text` if it is an http or https address, else an empty text: nothing else becomes a link."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.hostname else ""


def at_source(source: Source, *path: str) -> str:
    """A page of an MLflow server, each part of its path quoted."""
    base = web_address(source.public_url).rstrip("/")
    return f"{base}/#/" + "/".join(quote(part, safe="") for part in path) if base else ""


def model_link(model: RegisteredModel) -> str:
    """The registered model's page at its source."""
    return at_source(model.source, "models", model.name)


def version_link(version: ModelVersion) -> str:
    """The version's page at its source."""
    return at_source(
        version.model.source, "models", version.model.name, "versions", version.version
    )


def experiment_link(version: ModelVersion) -> str:
    """The experiment that the version's run belongs to."""
    if not version.experiment_id:
        return ""
    return at_source(version.model.source, "experiments", version.experiment_id)


def run_link(version: ModelVersion) -> str:
    """The run that made the version."""
    if not (version.run_id and version.experiment_id):
        return ""
    return at_source(
        version.model.source, "experiments", version.experiment_id, "runs", version.run_id
    )


def logged_model_link(version: ModelVersion) -> str:
    """The logged model behind the version."""
    if not (version.logged_model_id and version.experiment_id):
        return ""
    return at_source(
        version.model.source,
        "experiments",
        version.experiment_id,
        "models",
        version.logged_model_id,
    )
