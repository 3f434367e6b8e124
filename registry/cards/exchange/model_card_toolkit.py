"""Google's Model Card Toolkit: its JSON, schema v0.0.2.

Places that several of our fields share hold texts with the field's name before them, so that
what is written here is read back word for word. Texts by others go to the place's first field.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from registry.cards.answers import Answer, State
from registry.cards.exchange import rows
from registry.cards.exchange.documents import (
    NO_PLACE,
    BadDocument,
    Reading,
    json_of,
    mapped,
    text_of,
)
from registry.cards.exchange.wording import (
    answers_of,
    blocks,
    line_of,
    plain_or_tagged,
    plain_or_untagged,
    read_blocks,
    tagged,
    untagged,
)
from registry.cards.schema import Field, Schema, schema_of
from registry.cards.view import CardView

VERSION = "0.0.2"
INTERVAL = {"interval": "confidence_interval", "low": "lower_bound", "high": "upper_bound"}
LINK = "urn:signet:"
TOLD = "sensitive_data"
# One text for one field, one text for several, and lists of objects with one text each.
SINGLE = (
    "model_details.name",
    "model_details.version.name",
    "model_details.overview",
    "model_details.documentation",
    "model_details.path",
)
TEXTS = (
    "model_details.version.diff",
    "model_parameters.model_architecture",
    "model_parameters.input_format",
    "model_parameters.output_format",
)
LISTS = {
    "model_details.owners": "name",
    "considerations.use_cases": "description",
    "considerations.limitations": "description",
    "considerations.tradeoffs": "description",
}
DATA = ("model_parameters.data", "model_parameters.data.description")
MEASURES = (
    "quantitative_analysis.performance_metrics",
    "quantitative_analysis.performance_metrics.slice",
    "quantitative_analysis.graphics",
)
ROW_TABLES = ("training_data", "evaluation_data")
Answers = Mapping[str, Answer]


def export(card: CardView) -> bytes:
    """The card as Model Card Toolkit JSON."""
    answers, schema = answers_of(card), card.schema
    places = mapped(schema, "mct")
    named = {"name": card.version.model.name}
    document: dict[str, Any] = {"schema_version": VERSION, "model_details": named}
    for place in SINGLE:
        for field, answer in _pairs(places[place], answers):
            _put(document, place, plain_or_tagged(field, answer))
    for place in TEXTS:
        if pairs := _pairs(places[place], answers):
            _put(document, place, blocks(pairs, places[place]))
    for place, name in LISTS.items():
        items = [{name: tagged(*pair)} for pair in _pairs(places[place], answers)]
        _put(document, place, items)
    _put(document, "model_details.licenses", _licences(schema, answers))
    _put(document, "model_details.references", _references(places, answers))
    _put(document, "model_parameters.data", _data(places, answers))
    _put(document, "considerations.users", _users(schema, answers))
    _put(document, "considerations.ethical_considerations", _risks(places, answers))
    _put_analysis(document, places, answers)
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _pairs(fields: Sequence[Field], answers: Answers) -> list[tuple[Field, Answer]]:
    return [(field, answers[field.key]) for field in fields if field.key in answers]


def _put(document: dict[str, Any], place: str, value: Any) -> None:
    if not value:
        return
    *parents, last = place.split(".")
    for name in parents:
        document = document.setdefault(name, {})
    document[last] = value


def _rows(answers: Answers, key: str) -> list[dict[str, Any]]:
    """The rows of a table that somebody filled; none for any other answer."""
    answer = answers.get(key)
    return list(answer.value) if answer and answer.state is State.WRITTEN else []


def _is_rows(answers: Answers, key: str) -> bool:
    return key in answers and answers[key].state is State.WRITTEN


def _licences(schema: Schema, answers: Answers) -> list[dict[str, str]]:
    field = schema.by_key["licence"]
    pairs = _pairs([field], answers)
    return [{"custom_text": plain_or_tagged(*pair)} for pair in pairs]


def _references(places: Mapping[str, Sequence[Field]], answers: Answers) -> list[dict[str, str]]:
    found = []
    for field, answer in _pairs(places["model_details.references"], answers):
        said = str(answer.value) if answer.state is State.WRITTEN else answer.reason
        link = f"{LINK}{answer.state.value}:{field.key}:{quote(said, safe='')}"
        found.append({"reference": link})
    return found


def _data(places: Mapping[str, Sequence[Field]], answers: Answers) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for field, answer in _pairs([f for place in DATA for f in places[place]], answers):
        if field.key in ROW_TABLES and answer.state is State.WRITTEN:
            for row in answer.value:
                text = f"{field.label}: {line_of(field, row)}"
                found.append({"name": str(row.get("name", "")), "description": text})
        else:
            found.append({"name": field.label, "description": tagged(field, answer)})
    for field, answer in _pairs(places["model_parameters.data.sensitive"], answers):
        words = {"sensitive_data": [tagged(field, answer)]}
        found.append({"name": field.label, "sensitive": words})
    return found


def _users(schema: Schema, answers: Answers) -> list[dict[str, str]]:
    field = schema.by_key["intended_users"]
    answer = answers.get(field.key)
    if answer is None:
        return []
    items = answer.value if answer.state is State.WRITTEN else []
    if items and not any(untagged(str(item), [field]) for item in items):
        return [{"description": str(item)} for item in items]
    return [{"description": tagged(field, answer)}]


def _risks(places: Mapping[str, Sequence[Field]], answers: Answers) -> list[dict[str, str]]:
    found = []
    fields = places["considerations.ethical_considerations"]
    for field, answer in _pairs(fields, answers):
        if field.key == "risks" and answer.state is State.WRITTEN:
            for row in answer.value:
                item = rows.risk_of(field, row, "mitigation_strategy")
                if untagged(item.get("mitigation_strategy", ""), fields):
                    item["mitigation_strategy"] = rows.MEASURE + item["mitigation_strategy"]
                found.append(item)
        else:
            found.append({"name": field.label, "mitigation_strategy": tagged(field, answer)})
    return found


def _put_analysis(
    document: dict[str, Any], places: Mapping[str, Sequence[Field]], answers: Answers
) -> None:
    measures = [rows.metric_of(row, INTERVAL) for row in _rows(answers, "metrics")]
    measures += [rows.slice_of(row, INTERVAL) for row in _rows(answers, "slices")]
    _put(document, MEASURES[0], measures)
    fields = [field for place in MEASURES for field in places[place]]
    as_rows = {key for key in ("metrics", "slices") if _is_rows(answers, key)}
    pairs = [pair for pair in _pairs(fields, answers) if pair[0].key not in as_rows]
    if pairs:
        _put(document, "quantitative_analysis.graphics.description", blocks(pairs, fields))


def read(data: bytes) -> Reading:
    """What the document says; whatever it holds beyond the card's fields is left over."""
    document = json_of(text_of(data))
    if not ({"model_details", "considerations", "quantitative_analysis"} & set(document)):
        raise BadDocument(
            "This JSON is no card of the Model Card Toolkit: it has neither model_details nor "
            "considerations nor quantitative_analysis."
        )
    return _Reader(document).read()


class _Reader:
    """Takes what it knows out of a document; what is left then has no place."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.reading = Reading()
        self.schema = schema_of()
        self.places = mapped(self.schema, "mct")
        self.tables: dict[str, list[dict[str, str]]] = {}

    def read(self) -> Reading:
        self._take("schema_version")
        for place in SINGLE:
            self._single(place)
        for place in TEXTS:
            self._text(place, self.places[place])
        for place, name in LISTS.items():
            self._list(place, name)
        self._licences()
        self._references()
        self._formats()
        self._data()
        self._users()
        self._risks()
        self._analysis()
        for key, found in self.tables.items():
            self.reading.answer(key, Answer(State.WRITTEN, found), f"{key} rows")
        self._rest(self.document, "")
        return self.reading

    def _take(self, place: str) -> Any:
        """The value at a place, which is no longer left over then."""
        *parents, last = place.split(".")
        found: Any = self.document
        for name in parents:
            found = found.get(name) if isinstance(found, dict) else None
        return found.pop(last, None) if isinstance(found, dict) else None

    def _string(self, place: str) -> str:
        value = self._take(place)
        if value is not None and not isinstance(value, str):
            self.reading.leave(place, value, "A text is expected here.")
        return value if isinstance(value, str) else ""

    def _items(self, place: str) -> list[tuple[str, dict[str, Any]]]:
        value = self._take(place)
        if value is not None and not isinstance(value, list):
            self.reading.leave(place, value, "A list is expected here.")
            return []
        found = [(f"{place}[{number}]", item) for number, item in enumerate(value or [])]
        for at, item in found:
            if not isinstance(item, dict):
                self.reading.leave(at, item, "An object is expected here.")
        return [(at, item) for at, item in found if isinstance(item, dict)]

    def _single(self, place: str) -> None:
        if text := self._string(place):
            field = self.places[place][0]
            self.reading.answer(field.key, plain_or_untagged(field, text), place)

    def _text(self, place: str, fields: Sequence[Field]) -> None:
        text = self._string(place)
        pairs, before = read_blocks(text, fields)
        for field, answer in pairs:
            self.reading.answer(field.key, answer, place)
        main = {"model_details.version.diff": "change_summary"}.get(place, "")
        main = main or ("architecture" if place.endswith("model_architecture") else "")
        if before and main and "\n" not in before:
            self.reading.answer(main, Answer(State.WRITTEN, before), place)
        elif before:
            self.reading.leave(place, before, NO_PLACE)

    def _list(self, place: str, name: str) -> None:
        fields, others = self.places[place], []
        for at, item in self._items(place):
            text = item.pop(name, "")
            if isinstance(text, str) and (found := untagged(text, fields)):
                self.reading.answer(found[0].key, found[1], at)
            elif isinstance(text, str) and text and name == "description":
                others.append(text)
            elif text:
                self.reading.leave(at, text, self._why(place))
            self._rest(item, at)
        if others:
            self.reading.answer(fields[0].key, Answer(State.WRITTEN, "\n\n".join(others)), place)

    def _why(self, place: str) -> str:
        if place == "model_details.owners":
            return "The document does not say for what this person answers."
        return NO_PLACE

    def _licences(self) -> None:
        field = self.schema.by_key["licence"]
        for at, item in self._items("model_details.licenses"):
            text = item.pop("custom_text", None) or item.pop("identifier", None)
            if isinstance(text, str) and text:
                self.reading.answer(field.key, plain_or_untagged(field, text), at)
            elif text:
                self.reading.leave(at, text, "A text is expected here.")
            self._rest(item, at)

    def _references(self) -> None:
        keys = {field.key for field in self.places["model_details.references"]}
        for at, item in self._items("model_details.references"):
            link = item.pop("reference", "")
            parts = str(link).removeprefix(LINK).split(":", 2)
            if str(link).startswith(LINK) and len(parts) == 3 and parts[1] in keys:
                self._reference(at, parts)
            elif link:
                self.reading.leave(at, link, NO_PLACE)
            self._rest(item, at)

    def _reference(self, at: str, parts: list[str]) -> None:
        state, key, said = parts[0], parts[1], unquote(parts[2])
        if state not in list(State):
            self.reading.leave(at, said, "There is no such state.")
        elif state == State.WRITTEN:
            self.reading.answer(key, Answer(State.WRITTEN, said), at)
        else:
            self.reading.answer(key, Answer(State(state), reason=said), at)

    def _formats(self) -> None:
        for side in ("input", "output"):
            place = f"model_parameters.{side}_format_map"
            found = [
                {"name": str(item.pop("key", "")), "type": str(item.pop("value", ""))}
                for _, item in self._items(place)
            ]
            if found:
                self.reading.answer(f"{side}_signature", Answer(State.WRITTEN, found), place)

    def _data(self) -> None:
        fields = [field for place in DATA for field in self.places[place]]
        for at, item in self._items("model_parameters.data"):
            text, name = item.pop("description", ""), str(item.pop("name", ""))
            found = untagged(text, fields) if isinstance(text, str) else None
            if found and found[0].key in ROW_TABLES and found[1].state is State.WRITTEN:
                self.tables.setdefault(found[0].key, []).extend(found[1].value)
            elif found:
                self.reading.answer(found[0].key, found[1], at)
            elif not self._sensitive(at, item):
                self._dataset(at, item, name, str(text or ""))
            self._rest(item, at)

    def _sensitive(self, at: str, item: dict[str, Any]) -> bool:
        words = item.get("sensitive")
        words = words.get(TOLD) if isinstance(words, dict) else None
        said = words[0] if isinstance(words, list) and len(words) == 1 else None
        found = (
            untagged(said, self.places["model_parameters.data.sensitive"])
            if (isinstance(said, str))
            else None
        )
        if found:
            self._rest({k: v for k, v in item.pop("sensitive").items() if k != TOLD}, at)
            self.reading.answer(found[0].key, found[1], at)
        return bool(found)

    def _dataset(self, at: str, item: dict[str, Any], name: str, text: str) -> None:
        is_test = any(word in name.casefold() for word in ("eval", "test", "valid", "holdout"))
        row = {"name": name, "role": "evaluation" if is_test else "training"}
        link = item.pop("link", "")
        if isinstance(link, str) and link:
            row["location"] = link
        if name or link:
            self.tables.setdefault(ROW_TABLES[is_test], []).append(row)
        if text:
            key = "evaluation_split" if is_test else "data_provenance"
            self._append(key, f"{name}: {text}" if name else text, at)

    def _append(self, key: str, text: str, at: str) -> None:
        said = self.reading.answers.get(key)
        if said and said.state is State.WRITTEN:
            self.reading.answers[key] = Answer(State.WRITTEN, f"{said.value}\n\n{text}")
        else:
            self.reading.answer(key, Answer(State.WRITTEN, text), at)

    def _users(self) -> None:
        field, found = self.schema.by_key["intended_users"], []
        for at, item in self._items("considerations.users"):
            text = item.pop("description", "")
            pair = untagged(text, [field]) if isinstance(text, str) else None
            if pair:
                self.reading.answer(field.key, pair[1], at)
            elif text:
                found.append(text)
            self._rest(item, at)
        if found:
            self.reading.answer(field.key, Answer(State.WRITTEN, found), "considerations.users")

    def _risks(self) -> None:
        place = "considerations.ethical_considerations"
        name, risks = "mitigation_strategy", self.schema.by_key["risks"]
        for at, item in self._items(place):
            text = item.get(name)
            pair = untagged(text, self.places[place]) if isinstance(text, str) else None
            if pair:
                self.reading.answer(pair[0].key, pair[1], at)
            else:
                self.tables.setdefault("risks", []).append(rows.read_risk(risks, item, name))
            self._rest({k: v for k, v in item.items() if k not in ("name", name)}, at)

    def _analysis(self) -> None:
        for at, item in self._items(MEASURES[0]):
            key, row = rows.read_measure(item, INTERVAL)
            self.tables.setdefault(key, []).append(row)
            known = ("type", "value", "slice", INTERVAL["interval"])
            self._rest({k: v for k, v in item.items() if k not in known}, at)
            self._rest_of_interval(item.get(INTERVAL["interval"]), at)
        fields = [field for place in MEASURES for field in self.places[place]]
        self._text("quantitative_analysis.graphics.description", fields)

    def _rest_of_interval(self, found: Any, at: str) -> None:
        place = f"{at}.{INTERVAL['interval']}"
        if isinstance(found, dict):
            self._rest({k: v for k, v in found.items() if k not in INTERVAL.values()}, place)
        elif found:
            self.reading.leave(place, found, "An object is expected here.")

    def _rest(self, found: dict[str, Any], at: str) -> None:
        """Leave over whatever nobody took."""
        for name, value in found.items():
            place = f"{at}.{name}".strip(".")
            if isinstance(value, dict) and not at:
                self._rest_of(value, place)
            elif value not in (None, "", [], {}):
                self.reading.leave(place, value, NO_PLACE)

    def _rest_of(self, found: dict[str, Any], at: str) -> None:
        for name, value in found.items():
            if value not in (None, "", [], {}):
                self.reading.leave(f"{at}.{name}", value, NO_PLACE)


def kept(schema: Schema) -> frozenset[str]:
    """The fields that an export carries."""
    return frozenset(field.key for field in schema if "mct" in field.maps)
