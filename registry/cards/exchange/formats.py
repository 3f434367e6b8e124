"""The formats that a card goes out in and comes in from."""

from collections.abc import Callable
from dataclasses import dataclass

from registry.cards.exchange import (
    cyclonedx,
    hugging_face,
    model_card_toolkit,
    own_json,
    yaml_file,
)
from registry.cards.exchange.documents import BadDocument, Reading, text_of
from registry.cards.schema import Field, Schema
from registry.cards.view import CardView


def _all(schema: Schema) -> frozenset[str]:
    return frozenset(schema.by_key)


def _editable(schema: Schema) -> frozenset[str]:
    return frozenset(field.key for field in schema if field.editable)


@dataclass(frozen=True)
class Format:
    """One format: what it is called, how it is written and read, and what it has room for."""

    key: str
    label: str
    about: str
    file_name: str
    media_type: str
    export: Callable[[CardView], bytes]
    read: Callable[[bytes], Reading]
    kept: Callable[[Schema], frozenset[str]] = _all

    def left_out(self, schema: Schema) -> list[Field]:
        """The fields that an export has no room for."""
        kept = self.kept(schema)
        return [field for field in schema if field.key not in kept]


FORMATS = {
    item.key: item
    for item in (
        Format(
            "yaml",
            "YAML beside the code",
            "For a repository: people's answers; what the source says stands in comments.",
            "signet-card.yaml",
            "application/yaml",
            yaml_file.export,
            yaml_file.read,
            _editable,
        ),
        Format(
            "json",
            "Signet JSON",
            "Everything, with who said it and where it was read.",
            "signet-card.json",
            "application/json",
            own_json.export,
            own_json.read,
        ),
        Format(
            "hf",
            "Hugging Face model card",
            "README.md with metadata.",
            "README.md",
            "text/markdown; charset=utf-8",
            hugging_face.export,
            hugging_face.read,
            hugging_face.kept,
        ),
        Format(
            "mct",
            "Model Card Toolkit JSON",
            "Google's schema, version 0.0.2.",
            "model_card.json",
            "application/json",
            model_card_toolkit.export,
            model_card_toolkit.read,
            model_card_toolkit.kept,
        ),
        Format(
            "cyclonedx",
            "CycloneDX 1.7 ML-BOM",
            "JSON for software supply chains; 1.5, 1.6 and 1.7 are read.",
            "model.cdx.json",
            "application/vnd.cyclonedx+json; version=1.7",
            cyclonedx.export,
            cyclonedx.read,
            cyclonedx.kept,
        ),
    )
}
MARKS = (
    ("cyclonedx", '"bomFormat"'),
    ("json", '"signet_card"'),
    ("mct", '"model_details"'),
    ("mct", '"considerations"'),
    ("mct", '"quantitative_analysis"'),
)


def format_of(data: bytes) -> Format:
    """The format that a document seems to be in; BadDocument when it is none of them."""
    text = text_of(data).lstrip()
    if text.startswith("{"):
        for key, mark in MARKS:
            if mark in text:
                return FORMATS[key]
        raise BadDocument(
            "This JSON is neither a card of Signet nor of the Model Card Toolkit nor CycloneDX. "
            "Say which format it is in."
        )
    if any(line.startswith("signet_card:") for line in text.split("\n")):
        return FORMATS["yaml"]
    if text.startswith(("---", "#", "<!--")):
        return FORMATS["hf"]
    raise BadDocument("Nothing shows which format this is. Choose it from the list.")
