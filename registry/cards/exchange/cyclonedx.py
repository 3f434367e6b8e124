"""CycloneDX 1.7 ML-BOM in JSON: the model as a component with its model card.

`cyclonedx-python-lib` has no classes for model cards, so the document is built here; its schema of
version 1.7, the official one, is what the tests and the import check it against. An answer that
CycloneDX has no place for stands in the model card's properties as `signet:<field>`.
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from registry.cards.answers import Answer, State
from registry.cards.exchange import rows
from registry.cards.exchange.documents import Reading, json_of, mapped, text_of
from registry.cards.exchange.wording import (
    answers_of,
    blocks,
    escaped,
    line_of,
    tagged,
    text_of_answer,
)
from registry.cards.schema import Field, Schema
from registry.cards.view import CardView

SPEC = "1.7"
SCHEMA_ADDRESS = "http://cyclonedx.org/schema/bom-1.7.schema.json"
INTERVAL = {"interval": "confidenceInterval", "low": "lowerBound", "high": "upperBound"}
PREFIX = "signet:"
SPACE = uuid.UUID("6f6d0d0e-1c1a-5d8e-9a34-3f0c5b8f5c1d")
# A plain address: what the schema's iri-reference certainly takes.
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
LISTS = {
    "considerations.useCases": "useCases",
    "considerations.technicalLimitations": "technicalLimitations",
    "considerations.performanceTradeoffs": "performanceTradeoffs",
}
REFERENCES = {"endpoint": "distribution", "runbook": "documentation"}
FAIRNESS = {
    "fairness_groups": "groupAtRisk",
    "fairness_benefits": "benefits",
    "fairness_harms": "harms",
    "fairness_mitigations": "mitigationStrategy",
}
RELEASE = ("change_summary", "change_reason")
AUTHORS = ("technical_owner", "business_owner", "validator")
CONTACTS = ("on_call", "contact")
GRAPHICS = ("robustness", "backtest")
SIGNATURES = {"input_signature": "inputs", "output_signature": "outputs"}
DATA = ("training_data", "evaluation_data")


def export(card: CardView) -> bytes:
    """The card as a CycloneDX document; the same revision always gives the same bytes."""
    name, version = card.version.model.name, card.version.version
    number = uuid.uuid5(SPACE, f"{name}\n{version}")
    revision = card.revision
    document = {
        "$schema": SCHEMA_ADDRESS,
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{number}",
        "version": max(card.number, 1),
        "metadata": {
            "properties": _properties(
                {
                    "schema": card.schema.version,
                    "revision": str(card.number),
                    "digest": revision.digest if revision else "",
                }
            )
        },
        "components": [_Writer(card.schema, answers_of(card)).component(str(number))],
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _properties(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": f"{PREFIX}{name}", "value": value} for name, value in values.items()]


class _Writer:
    """Puts each answer in its place; what no place has taken in the end becomes a property."""

    def __init__(self, schema: Schema, answers: Mapping[str, Answer]) -> None:
        self.schema = schema
        self.left = dict(answers)

    def component(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": "machine-learning-model",
            "bom-ref": number,
            "name": self._text("name") or "unnamed",
            "version": self._text("version"),
            "description": self._text("overview"),
            "supplier": self._supplier(),
            "authors": [{"name": text} for text in self._tagged(AUTHORS)],
            "licenses": self._licences(),
            "hashes": self._hashes(),
            "pedigree": self._pedigree(),
            "externalReferences": self._references(),
            "releaseNotes": self._release_notes(),
        }
        found["modelCard"] = _filled(
            {
                "modelParameters": self._parameters(),
                "quantitativeAnalysis": self._analysis(),
                "considerations": self._considerations(),
                "properties": self._rest(),
            }
        )
        return _filled(found)

    def _value(self, key: str) -> Any:
        """A written answer, which has found its place then; None for any other."""
        answer = self.left.get(key)
        if answer is None or answer.state is not State.WRITTEN:
            return None
        return self.left.pop(key).value

    def _text(self, key: str) -> str:
        value = self._value(key)
        return "" if value is None else text_of_answer(self.schema.by_key[key], value)

    def _tagged(self, keys: Sequence[str]) -> list[str]:
        return [tagged(*pair) for pair in self._pairs(keys)]

    def _pairs(self, keys: Sequence[str]) -> list[tuple[Field, Answer]]:
        found = [key for key in keys if key in self.left]
        return [(self.schema.by_key[key], self.left.pop(key)) for key in found]

    def _supplier(self) -> dict[str, Any]:
        contacts = [{"name": text} for text in self._tagged(CONTACTS)]
        return _filled({"name": self._text("team"), "contact": contacts})

    def _licences(self) -> list[dict[str, Any]]:
        text = self._text("licence")
        return [{"license": {"name": text}}] if text else []

    def _hashes(self) -> list[dict[str, str]]:
        answer = self.left.get("artifact_digest")
        text = str(answer.value) if answer else ""
        if not re.fullmatch(r"[a-f0-9]{64}", text):
            return []
        self.left.pop("artifact_digest")
        return [{"alg": "SHA-256", "content": text}]

    def _pedigree(self) -> dict[str, Any]:
        text = self._text("base_model")
        ancestors = [{"type": "machine-learning-model", "name": text}] if text else []
        return _filled({"ancestors": ancestors})

    def _references(self) -> list[dict[str, str]]:
        found = []
        for key, kind in REFERENCES.items():
            answer = self.left.get(key)
            if answer and ADDRESS.fullmatch(str(answer.value)):
                label = self.schema.by_key[key].label
                found.append({"type": kind, "url": self._text(key), "comment": label})
        return found

    def _release_notes(self) -> dict[str, Any]:
        pairs = self._pairs(RELEASE)
        if not pairs:
            return {}
        fields = [self.schema.by_key[key] for key in RELEASE]
        return {"type": "internal", "description": blocks(pairs, fields)}

    def _parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "task": self._value("task"),
            "modelArchitecture": self._text("architecture"),
            "datasets": [item for key in DATA for item in self._datasets(key)],
        }
        for key, name in SIGNATURES.items():
            field = self.schema.by_key[key]
            found[name] = [{"format": line_of(field, row)} for row in self._value(key) or []]
        return _filled(found)

    def _datasets(self, key: str) -> list[dict[str, Any]]:
        field = self.schema.by_key[key]
        return [
            _filled(
                {
                    "type": "dataset",
                    "name": str(row.get("name", "")),
                    "contents": {"properties": _properties({key: line_of(field, row)})},
                }
            )
            for row in self._value(key) or []
        ]

    def _analysis(self) -> dict[str, Any]:
        measures = [rows.metric_of(row, INTERVAL) for row in self._value("metrics") or []]
        measures += [rows.slice_of(row, INTERVAL) for row in self._value("slices") or []]
        pairs = self._pairs(GRAPHICS)
        fields = [self.schema.by_key[key] for key in GRAPHICS]
        graphics = {"description": blocks(pairs, fields)} if pairs else {}
        return _filled({"performanceMetrics": measures, "graphics": graphics})

    def _considerations(self) -> dict[str, Any]:
        places = mapped(self.schema, "cyclonedx")
        found: dict[str, Any] = {"users": self._value("intended_users")}
        for place, name in LISTS.items():
            found[name] = self._tagged([field.key for field in places[place]])
        risks = self.schema.by_key["risks"]
        found["ethicalConsiderations"] = [
            rows.risk_of(risks, row, "mitigationStrategy") for row in self._value("risks") or []
        ]
        energy = self._text("energy")
        found["environmentalConsiderations"] = (
            {"properties": _properties({"energy": energy})} if energy else {}
        )
        found["fairnessAssessments"] = self._fairness()
        return _filled(found)

    def _fairness(self) -> list[dict[str, str]]:
        groups = self._value("fairness_groups") or []
        found = {"groupAtRisk": "\n".join(escaped(str(group)) for group in groups)}
        for key, name in FAIRNESS.items():
            if name not in found:
                found[name] = self._text(key)
        return [found] if (found := _filled(found)) else []

    def _rest(self) -> list[dict[str, str]]:
        found = {}
        for field in self.schema:
            answer = self.left.get(field.key)
            if answer is None:
                continue
            if answer.state is State.WRITTEN:
                found[field.key] = text_of_answer(field, answer.value)
            else:
                found[f"{field.key}:{answer.state.value}"] = answer.reason
        return _properties(found)


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def read(data: bytes) -> Reading:
    """What the document says about its model; BadDocument if it is not valid CycloneDX."""
    from registry.cards.exchange.cyclonedx_reader import read_document

    return read_document(json_of(text_of(data)))


def kept(schema: Schema) -> frozenset[str]:
    """The fields that an export carries: all of them."""
    return frozenset(schema.by_key)
