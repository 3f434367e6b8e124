"""Cards without a database, and answers of every kind to put on them."""

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from registry.cards.answers import LIMITS, Answer, BadAnswer, State, checked
from registry.cards.entries import Standing, new_entry
from registry.cards.schema import Field, FieldType, schema_of
from registry.cards.view import CardView, FieldView, SectionView
from registry.inventory.models import ModelVersion, RegisteredModel

STANDINGS = {
    State.WRITTEN: Standing.WRITTEN,
    State.UNKNOWN: Standing.UNKNOWN,
    State.NOT_APPLICABLE: Standing.NOT_APPLICABLE,
}
# What formats use themselves, and what else has a meaning somewhere.
TRICKY = (
    "|", "\\", "\\n", "\n", "\n\n", "#", "## Uses", "- ", "* ", ": ", "Overview: ", "---", "```",
    "<!-- ", " -->", "signet-000001", "[More Information Needed]", "(unknown)", "{", "}", "&a",
    "*a", "!!str", "'", '"', "\t", " ", "é", "😀", "yes", "1.10", "null", "~", "0", "=1+1",
    "Data set: ", "Segment: ", "Measure: ", "urn:signet:", "%", "\u2028", "\u00a0", "\ufeff",
)  # fmt: skip
PIECES = st.lists(st.sampled_from(TRICKY) | st.text(max_size=6), min_size=1, max_size=8)
TEXTS = PIECES.map("".join)


def card_with(answers: Mapping[str, Answer], *, pulled: frozenset[str] = frozenset()) -> CardView:
    """A card that says this; `pulled` are fields that its source answers."""
    schema = schema_of()
    version = ModelVersion(model=RegisteredModel(name="shop/demand"), version="3", ordinal=3)

    def shown(field: Field) -> FieldView:
        answer = answers.get(field.key)
        if answer is None:
            return FieldView(field, Standing.MISSING)
        standing = Standing.PULLED if field.key in pulled else STANDINGS[answer.state]
        return FieldView(field, standing, answer.value, "From somewhere", answer.reason, "Ana")

    return CardView(
        version=version,
        schema=schema,
        revision=None,
        taken_over_from="",
        tier="T2",
        sections=[SectionView(s, [shown(f) for f in s.fields]) for s in schema.sections],
        gaps=[],
        required=0,
        entries={
            key: new_entry(answer, by="Ana", at="2026-11-24T12:00:00", pulled=None)
            for key, answer in answers.items()
            if key not in pulled
        },
    )


def _value(field: Field) -> st.SearchStrategy[Any]:
    if field.type is FieldType.CHOICE:
        return st.sampled_from([key for key, _ in field.choices])
    if field.type is FieldType.DATE:
        return st.dates().map(lambda day: day.isoformat())
    if field.type is FieldType.LIST:
        return st.lists(TEXTS, min_size=1, max_size=4)
    if field.type is FieldType.TABLE:
        cells = {key: TEXTS | st.just("") for key, _ in field.columns}
        return st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=3)
    return TEXTS.map(lambda text: text[: LIMITS[field.type]])


def _fits(field: Field) -> Any:
    def check(answer: Answer) -> bool:
        try:
            return checked(field, answer) == answer
        except BadAnswer:
            return False

    return check


def answer_of(field: Field) -> st.SearchStrategy[Answer]:
    """Any answer that this field takes."""
    written = _value(field).map(lambda value: Answer(State.WRITTEN, value))
    without = TEXTS.map(lambda reason: Answer(State.NOT_APPLICABLE, reason=reason))
    said = written | without | st.just(Answer(State.UNKNOWN))
    return said.filter(_fits(field))


EDITABLE = tuple(field.key for field in schema_of() if field.editable)


def all_of(keys: Iterable[str]) -> st.SearchStrategy[dict[str, Answer]]:
    """An answer to each of these fields."""
    return st.fixed_dictionaries({key: answer_of(schema_of().by_key[key]) for key in keys})


ANSWERS = st.lists(st.sampled_from(EDITABLE), min_size=1, max_size=5, unique=True).flatmap(all_of)
