"""The model card's schema: published data, one file a version, read once and checked strictly."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "schemas"
CURRENT = "1"
TIERS = ("T1", "T2", "T3", "T4")
STANDARDS = {
    "hf": "Hugging Face model card",
    "mct": "Google Model Card Toolkit",
    "cyclonedx": "CycloneDX 1.7",
    "annex_iv": "EU AI Act, Annex IV",
}


class FieldType(StrEnum):
    """What an answer is made of; `registry.cards.answers` checks each."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    LIST = "list"
    CHOICE = "choice"
    REFERENCE = "reference"
    DATE = "date"
    TABLE = "table"


class FieldSource(StrEnum):
    """Who gives the answer: the registry, a person, or Signet from what it knows."""

    AUTOMATIC = "automatic"
    HUMAN = "human"
    DERIVED = "derived"


class SchemaError(ValueError):
    """A schema file that does not hold together; the message names the field."""


@dataclass(frozen=True)
class Field:
    """One question of the card."""

    key: str
    label: str
    type: FieldType
    source: FieldSource
    row: str
    help: str
    section: str
    need: str = ""
    need_when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    example: str = ""
    material: bool = False
    editable: bool = True
    counted: bool = True
    inherits: bool = True
    set_at: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    maps: Mapping[str, str] = field(default_factory=dict)

    def required_at(self, tier: str, answers: Mapping[str, Any]) -> bool:
        """Whether `tier` asks for an answer, given what other fields say."""
        if self.need and tier <= self.need:
            return True
        return any(answers.get(key) in wanted for key, wanted in self.need_when.items())

    def label_of(self, value: str) -> str:
        """The words for one of the choices; the value itself when the schema no longer has it."""
        return dict(self.choices).get(value, value)


@dataclass(frozen=True)
class Section:
    """A group of questions that are read and edited together."""

    key: str
    label: str
    intro: str
    why: str
    fields: tuple[Field, ...]

    @property
    def editable(self) -> tuple[Field, ...]:
        """The fields that people may answer here."""
        return tuple(item for item in self.fields if item.editable)


@dataclass(frozen=True)
class Schema:
    """A published version of the card's questions."""

    version: str
    sections: tuple[Section, ...]

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """Every field under its key."""
        return {item.key: item for item in self}

    def __iter__(self) -> Iterator[Field]:
        return (item for section in self.sections for item in section.fields)

    def section(self, key: str) -> Section | None:
        """The section with this key."""
        return next((section for section in self.sections if section.key == key), None)


@cache
def schema_of(version: str = CURRENT) -> Schema:
    """The schema of that version; KeyError for one that was never published."""
    path = FOLDER / f"{version}.toml"
    if not version.isdigit() or not path.is_file():
        raise KeyError(f"There is no card schema {version!r}.")
    return read_schema(tomllib.loads(path.read_text(encoding="utf-8")))


def published() -> list[Schema]:
    """Every schema that was ever published, newest first."""
    versions = sorted((int(path.stem) for path in FOLDER.glob("*.toml")), reverse=True)
    return [schema_of(str(version)) for version in versions]


def read_schema(data: Mapping[str, Any]) -> Schema:
    """A schema from its data; SchemaError naming the first thing that does not hold together."""
    schema = Schema(data["version"], tuple(_section(item) for item in data["section"]))
    keys = [item.key for item in schema]
    for key in keys:
        if keys.count(key) > 1:
            raise SchemaError(f"{key}: used twice")
    for item in schema:
        for other, wanted in item.need_when.items():
            known = dict(schema.by_key[other].choices) if other in schema.by_key else {}
            if not set(wanted) <= set(known):
                raise SchemaError(f"{item.key}: need_when names no answer of {other}")
    return schema


def _section(data: Mapping[str, Any]) -> Section:
    fields = tuple(_field(data["key"], item) for item in data["field"])
    return Section(data["key"], data["label"], data["intro"], data["why"], fields)


def _field(section: str, data: Mapping[str, Any]) -> Field:
    key = str(data.get("key", "?"))
    try:
        item = Field(
            **{
                **data,
                "section": section,
                "type": FieldType(data["type"]),
                "source": FieldSource(data["source"]),
                "counted": data.get("counted", data.get("editable", True)),
                "need_when": {k: tuple(v) for k, v in data.get("need_when", {}).items()},
                "choices": tuple((value, label) for value, label in data.get("choices", ())),
                "columns": tuple((value, label) for value, label in data.get("columns", ())),
            }
        )
    except (TypeError, ValueError, KeyError) as error:
        raise SchemaError(f"{key}: {error}") from error
    _check(item)
    return item


def _check(item: Field) -> None:
    problems = {
        "needs a tier or nothing": item.need not in ("", *TIERS),
        "a choice needs choices": (item.type is FieldType.CHOICE) != bool(item.choices),
        "a table needs columns": (item.type is FieldType.TABLE) != bool(item.columns),
        "what people answer needs an example": item.editable and not item.example,
        "needs help": not item.help,
        "maps to an unknown standard": bool(set(item.maps) - set(STANDARDS)),
        "is counted but nobody can answer it": item.counted
        and not item.editable
        and not item.set_at,
    }
    for problem, found in problems.items():
        if found:
            raise SchemaError(f"{item.key}: {problem}")
