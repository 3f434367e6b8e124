"""Where a claim of a card can be checked: the page that a pulled value came from."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from registry.cards.pulled import ON_MODEL_PAGE
from registry.cards.view import CardView, FieldView
from registry.inventory.links import logged_model_link, model_link, run_link, version_link
from registry.inventory.models import ModelVersion


@dataclass(frozen=True)
class Evidence:
    """A page on which a claim can be checked; `outside` when it is not Signet's own."""

    words: str
    url: str
    outside: bool = True


def evidence_links(card: CardView) -> list[tuple[str, str]]:
    """The pages at the source behind this card, as (words, address); only those that exist."""
    version = card.version
    links = [
        (f"Run {version.run_id[:8]}: parameters, metrics, data sets", run_link(version)),
        ("Logged model: signature and files", logged_model_link(version)),
        ("Version: tags and aliases", version_link(version)),
    ]
    return [(words, address) for words, address in links if address]


def evidence_by_field(card: CardView) -> dict[str, Evidence]:
    """Where each value that was not written by a person can be checked, by field."""
    found = {item.field.key: _evidence(card.version, item) for item in card.fields}
    return {key: evidence for key, evidence in found.items() if evidence}


def _evidence(version: ModelVersion, item: FieldView) -> Evidence | None:
    """The place of the value that the source gives, also beneath a person's own words."""
    if item.pulled is None:
        return None
    for start, place in PLACES:
        if item.pulled.origin.startswith(start):
            evidence = place(version, item.pulled.origin)
            return evidence if evidence and evidence.url else None
    return None


def _run(version: ModelVersion, origin: str) -> Evidence:
    what = origin.partition(", ")[2]
    metrics = what.startswith("metric") and run_link(version)
    url = f"{run_link(version)}/model-metrics" if metrics else run_link(version)
    return Evidence(f"Run {version.run_id[:8]} in MLflow", url)


def _logged_model(version: ModelVersion, origin: str) -> Evidence:
    url = logged_model_link(version) or version_link(version)
    return Evidence("Logged model in MLflow", url)


def _version(version: ModelVersion, origin: str) -> Evidence:
    return Evidence(f"Version {version.version} in MLflow", version_link(version))


def _model(version: ModelVersion, origin: str) -> Evidence:
    return Evidence("Model in MLflow", model_link(version.model))


def _own_page(version: ModelVersion, origin: str) -> Evidence:
    return Evidence("The model's page", reverse("model_detail", args=[version.model_id]), False)


def _comparison(version: ModelVersion, origin: str) -> Evidence:
    other = origin.rpartition("version ")[2]
    url = reverse("version_compare", args=[version.model_id])
    return Evidence(f"Compared with version {other}", f"{url}?a={other}&b={version.version}", False)


# By how an origin begins (registry.cards.pulled and .comparison write them); the first that fits.
PLACES: tuple[tuple[str, Callable[[ModelVersion, str], Evidence]], ...] = (
    ("MLflow run", _run),
    ("MLflow model signature", _logged_model),
    ("MLflow model, flavours", _logged_model),
    ("MLflow model, ", _model),
    ("MLflow registered model", _model),
    ("MLflow version", _version),
    ("MLflow aliases", _version),
    ("MLflow tags", _version),
    ("MLflow, ", _version),
    ("Signet, compared with version", _comparison),
    (ON_MODEL_PAGE, _own_page),
    ("Signet, business unit", _own_page),
)
