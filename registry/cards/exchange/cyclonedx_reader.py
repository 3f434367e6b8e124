"""Reading CycloneDX: checked against the official schema, then taken apart place by place."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from registry.cards.answers import Answer, State
from registry.cards.exchange import rows
from registry.cards.exchange.cyclonedx import (
    AUTHORS,
    CONTACTS,
    DATA,
    FAIRNESS,
    GRAPHICS,
    INTERVAL,
    LISTS,
    PREFIX,
    REFERENCES,
    RELEASE,
    SIGNATURES,
)
from registry.cards.exchange.documents import (
    NO_PLACE,
    BadDocument,
    Base,
    Reading,
    known_schema,
    mapped,
)
from registry.cards.exchange.wording import (
    answer_of_text,
    read_blocks,
    row_of,
    unescaped,
    untagged,
)
from registry.cards.schema import Schema, schema_of

VERSIONS = ("1.5", "1.6", "1.7")
LONGEST_LIST = 500
MOST_VALUES = 20_000
TOP = ("$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components")
ABOUT_FILE = ("timestamp", "properties")
MODEL = "machine-learning-model"
# What describes the document or the file, not the model.
BESIDE = ("bom-ref", "type", "mime-type", "name", "version")


def read_document(document: dict[str, Any]) -> Reading:
    """What a CycloneDX document says about its one model; the rest of it is left over."""
    version = _version(document)
    models = list(_models(document))
    if not models:
        raise BadDocument(f"The document has no component of the type {MODEL}.")
    (place, model), *others = sorted(models, key=lambda found: "modelCard" not in found[1])
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    told = {name: metadata[name] for name in ("properties",) if name in metadata}
    _validate(version, place, model, told)
    signet = _signet_properties(told)
    schema = known_schema(signet["schema"]) if "schema" in signet else schema_of()
    names = str(model["name"]), str(model.get("version", ""))
    reading = _Reader(schema, model).read()
    _leave_rest(reading, document, [name for name, _ in others])
    _leave_metadata(reading, metadata)
    if signet.get("revision", "").isdecimal() and len(signet["revision"]) < 10:
        reading.base = Base(*names, int(signet["revision"]), signet.get("digest", ""))
    return reading


def _version(document: dict[str, Any]) -> str:
    version = document.get("specVersion")
    if document.get("bomFormat") != "CycloneDX" or version not in VERSIONS:
        raise BadDocument(
            f"This JSON is no CycloneDX document of version {', '.join(VERSIONS)}: `bomFormat` is "
            f"{str(document.get('bomFormat'))[:40]!r} and `specVersion` {str(version)[:40]!r}."
        )
    return str(version)


def _models(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every model in the document with its place; the document may be anything."""
    metadata = document.get("metadata")
    main = metadata.get("component") if isinstance(metadata, dict) else None
    waiting: deque[tuple[str, Any]] = deque([("metadata.component", main)])
    waiting += _parts(document, "components")
    while waiting:
        place, component = waiting.popleft()
        if isinstance(component, dict):
            if component.get("type") == MODEL:
                yield place, component
            waiting += _parts(component, f"{place}.components")


def _parts(holder: dict[str, Any], place: str) -> list[tuple[str, Any]]:
    found = holder.get("components")
    found = found if isinstance(found, list) else []
    return [(f"{place}.{number}", part) for number, part in enumerate(found)]


def _validate(version: str, place: str, model: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Check the model by the official schema, and nothing else: a long list of libraries costs
    minutes, and none of it is read."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    _refuse_endless(model, place)
    _refuse_endless(metadata, "metadata")
    alone = {name: value for name, value in model.items() if name != "components"}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "version": 1,
        "metadata": metadata,
        "components": [alone],
    }
    validator = JsonStrictValidator(SchemaVersion.from_version(version))
    fault = validator.validate_str(json.dumps(document))
    if fault is None:
        return
    path = [str(part) for part in getattr(fault.data, "absolute_path", ())]
    where = ".".join([place, *path[2:]] if path[:1] == ["components"] else path) or "the top"
    what = str(getattr(fault.data, "message", fault))
    raise BadDocument(f"Not valid CycloneDX {version}: at {where[:200]}: {what[:300]}.")


def _refuse_endless(value: Any, place: str) -> None:
    """Refuse what would take the check longer than anybody waits."""
    count, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        count += 1
        if isinstance(inner, dict):
            waiting += inner.values()
        elif isinstance(inner, list):
            if len(inner) > LONGEST_LIST:
                raise BadDocument(
                    f"A list in {place} has {len(inner):,} entries; at most {LONGEST_LIST} are "
                    "read. Nothing was changed."
                )
            waiting += inner
        if count > MOST_VALUES:
            raise BadDocument(
                f"{place} has more than {MOST_VALUES:,} values; that is more than is read. "
                "Nothing was changed."
            )


def _leave_rest(reading: Reading, document: dict[str, Any], others: list[str]) -> None:
    """Leave over the other components and whatever else stands at the top of the document."""
    for place in others:
        why = "The document has several models; the first with a model card is read."
        reading.leave(place, place, why)
    components = document.get("components")
    count = len(components) if isinstance(components, list) else 0
    if count - 1 - len(others) > 0:
        why = "Only the model is read."
        reading.leave("components", f"{count - 1 - len(others):,} other components", why)
    for name, value in document.items():
        if name not in TOP and value not in (None, "", [], {}):
            reading.leave(name, value, NO_PLACE)


def _leave_metadata(reading: Reading, metadata: dict[str, Any]) -> None:
    """Leave over what a document says about itself or about the product that the model is in."""
    main = metadata.get("component")
    is_model = isinstance(main, dict) and main.get("type") == MODEL
    for name, value in metadata.items():
        is_read = name in ABOUT_FILE or (name == "component" and is_model)
        if not is_read and value not in (None, "", [], {}):
            reading.leave(f"metadata.{name}", value, NO_PLACE)
    for item in metadata.get("properties", []):
        if not item["name"].startswith(PREFIX):
            reading.leave(f"metadata.properties, {item['name']}", item.get("value", ""), NO_PLACE)


def _signet_properties(holder: dict[str, Any]) -> dict[str, str]:
    named = ((item["name"], item.get("value", "")) for item in holder.get("properties", []))
    return {name.removeprefix(PREFIX): text for name, text in named if name.startswith(PREFIX)}


class _Reader:
    """Takes what it knows out of a component; what is left then has no place."""

    def __init__(self, schema: Schema, component: dict[str, Any]) -> None:
        self.schema = schema
        self.places = mapped(schema, "cyclonedx")
        self.component = component
        self.reading = Reading()
        self.tables: dict[str, list[dict[str, str]]] = {}

    def read(self) -> Reading:
        self._identity()
        self._people()
        self._references()
        card = self.component.pop("modelCard", {})
        self._parameters(card.pop("modelParameters", {}))
        self._analysis(card.pop("quantitativeAnalysis", {}))
        self._considerations(card.pop("considerations", {}))
        self._properties(card.pop("properties", []), "modelCard.properties")
        self._leave(card, "modelCard", ("bom-ref",))
        self._leave(self.component, "component", ("bom-ref", "type"))
        for key, found in self.tables.items():
            self._say(key, found, f"{key} rows")
        return self.reading

    def _say(self, key: str, value: Any, place: str) -> None:
        if value not in (None, "", []):
            self.reading.answer(key, Answer(State.WRITTEN, value), place)

    def _leave(self, found: dict[str, Any], place: str, known: Sequence[str] = ()) -> None:
        for name, value in found.items():
            if name not in known and value not in (None, "", [], {}):
                self.reading.leave(f"{place}.{name}", value, NO_PLACE)

    def _take(self, name: str, key: str) -> None:
        self._say(key, self.component.pop(name, None), f"component.{name}")

    def _identity(self) -> None:
        self._take("name", "name")
        self._take("version", "version")
        self._take("description", "overview")
        for item in self.component.pop("licenses", []):
            licence = item.get("license", {})
            said = licence.get("name") or licence.get("id") or item.get("expression")
            self._say("licence", said, "component.licenses")
        for item in self.component.pop("hashes", []):
            key = "artifact_digest" if item["alg"] == "SHA-256" else ""
            self._say_or_leave(key, item["content"], "component.hashes")
        pedigree = self.component.pop("pedigree", {})
        for item in pedigree.pop("ancestors", []):
            self._say("base_model", item["name"], "component.pedigree.ancestors")
        self._leave(pedigree, "component.pedigree")
        notes = self.component.pop("releaseNotes", {})
        place = "component.releaseNotes.description"
        self._blocks(notes.pop("description", ""), RELEASE, place, others="change_summary")
        self._leave(notes, "component.releaseNotes", ("type",))

    def _say_or_leave(self, key: str, value: Any, place: str) -> None:
        if key:
            self._say(key, value, place)
        else:
            self.reading.leave(place, value, NO_PLACE)

    def _blocks(self, text: str, keys: Sequence[str], place: str, *, others: str = "") -> None:
        """Several answers in one text; a text by others goes to the field `others`."""
        pairs, before = read_blocks(text, [self.schema.by_key[key] for key in keys])
        for field, answer in pairs:
            self.reading.answer(field.key, answer, place)
        if before:
            self._say_or_leave(others, before, place)

    def _people(self) -> None:
        for item in self.component.pop("authors", []):
            self._person(item, AUTHORS, "component.authors")
        supplier = self.component.pop("supplier", {})
        self._say("team", supplier.pop("name", None), "component.supplier.name")
        for item in supplier.pop("contact", []):
            self._person(item, CONTACTS, "component.supplier.contact")
        self._leave(supplier, "component.supplier", ("bom-ref",))

    def _person(self, item: dict[str, Any], keys: Sequence[str], place: str) -> None:
        found = untagged(item.get("name", ""), [self.schema.by_key[key] for key in keys])
        if found:
            self.reading.answer(found[0].key, found[1], place)
            return
        text = " ".join(item[name] for name in ("name", "email", "phone") if item.get(name))
        if keys == CONTACTS and "contact" not in self.reading.answers:
            self._say("contact", text, place)
        elif text:
            why = "The document does not say for what this person answers."
            self.reading.leave(place, text, why)

    def _references(self) -> None:
        labels = {(kind, self.schema.by_key[k].label): k for k, kind in REFERENCES.items()}
        for item in self.component.pop("externalReferences", []):
            key = labels.get((item["type"], item.get("comment", "")), "")
            place = f"component.externalReferences, {item['type']}"
            self._say_or_leave(key, item["url"], place)

    def _parameters(self, found: dict[str, Any]) -> None:
        place = "modelCard.modelParameters"
        self._task(found.pop("task", ""), f"{place}.task")
        self._say(
            "architecture", found.pop("modelArchitecture", None), f"{place}.modelArchitecture"
        )
        for item in found.pop("datasets", []):
            self._dataset(item, f"{place}.datasets")
        for key, name in SIGNATURES.items():
            field = self.schema.by_key[key]
            lines = [item.get("format", "") for item in found.pop(name, [])]
            self._say(key, [row_of(field, line) for line in lines if line], f"{place}.{name}")
        self._leave(found, place)

    def _task(self, text: str, place: str) -> None:
        known = dict(self.schema.by_key["task"].choices)
        end = next((task for task in known if text.casefold().endswith(task)), "")
        if end:
            self._say("task", end, place)
        elif text:
            self.reading.leave(place, text, NO_PLACE)

    def _dataset(self, item: dict[str, Any], place: str) -> None:
        ours = _signet_properties(item.get("contents", {}))
        for key in DATA:
            if key in ours:
                row = row_of(self.schema.by_key[key], ours[key])
                self.tables.setdefault(key, []).append(row)
                return
        name = item.get("name", "")
        contents = item.get("contents", {})
        if name and item.get("type") == "dataset":
            row = {"name": name, "role": "training", "location": contents.pop("url", "")}
            self.tables.setdefault("training_data", []).append(row)
            self._leave(item, f"{place}, {name}", (*BESIDE, "contents"))
            self._leave(contents, f"{place}, {name}")
        else:
            self.reading.leave(place, item, NO_PLACE)

    def _analysis(self, found: dict[str, Any]) -> None:
        place = "modelCard.quantitativeAnalysis"
        for item in found.pop("performanceMetrics", []):
            key, row = rows.read_measure(item, INTERVAL)
            self.tables.setdefault(key, []).append(row)
        graphics = found.pop("graphics", {})
        self._blocks(graphics.pop("description", ""), GRAPHICS, f"{place}.graphics.description")
        self._leave(graphics, f"{place}.graphics")
        self._leave(found, place)

    def _considerations(self, found: dict[str, Any]) -> None:
        place = "modelCard.considerations"
        self._say("intended_users", found.pop("users", None), f"{place}.users")
        for at, name in LISTS.items():
            self._texts(found.pop(name, []), at, f"{place}.{name}")
        risks = self.schema.by_key["risks"]
        items = found.pop("ethicalConsiderations", [])
        read = [rows.read_risk(risks, item, "mitigationStrategy") for item in items]
        self._say("risks", read, f"{place}.ethicalConsiderations")
        environment = found.pop("environmentalConsiderations", {})
        self._properties(environment.pop("properties", []), f"{place}.environmentalConsiderations")
        self._leave(environment, f"{place}.environmentalConsiderations")
        self._fairness(found.pop("fairnessAssessments", []), f"{place}.fairnessAssessments")
        self._leave(found, place)

    def _texts(self, texts: list[str], at: str, place: str) -> None:
        others, fields = [], self.places[at]
        for text in texts:
            if found := untagged(text, fields):
                self.reading.answer(found[0].key, found[1], place)
            else:
                others.append(text)
        self._say(fields[0].key, "\n\n".join(others), place)

    def _fairness(self, items: list[dict[str, str]], place: str) -> None:
        """One assessment as it is; of several, the texts of each kind one below the other."""
        for key, name in FAIRNESS.items():
            texts = [item[name] for item in items if item.get(name)]
            if key == "fairness_groups":
                lines = [line for text in texts for line in text.split("\n") if line]
                self._say(key, [unescaped(line) for line in lines], place)
            else:
                self._say(key, "\n\n".join(texts), place)

    def _properties(self, items: list[dict[str, str]], place: str) -> None:
        for item in items:
            name, text = item["name"], item.get("value", "")
            key, _, state = name.removeprefix(PREFIX).partition(":")
            field = self.schema.by_key.get(key)
            if not name.startswith(PREFIX) or field is None or state not in ("", *State):
                self.reading.leave(f"{place}, {name}", text, NO_PLACE)
            elif state:
                self.reading.answer(key, Answer(State(state), reason=text), place)
            else:
                self._say(key, answer_of_text(field, text), place)
