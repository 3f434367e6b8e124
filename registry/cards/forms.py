"""One section of a card as a form: what stands, what was sent, and what that changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.http import QueryDict

from portal.errors import Invalid
from registry.cards.answers import Answer, BadAnswer, State, checked
from registry.cards.entries import Standing
from registry.cards.schema import Field, FieldType
from registry.cards.texts import plain_lines, text_of_value, value_of_text
from registry.cards.view import CardView, FieldView, SectionView

SOURCE = "source"  # no answer by a person: what the registry says, or nothing
THEIRS = "theirs"
UNDECIDED = ""
CONTROLS = {
    FieldType.LONG_TEXT: "long",
    FieldType.LIST: "long",
    FieldType.TABLE: "long",
    FieldType.CHOICE: "choice",
    FieldType.DATE: "date",
}
HINTS = {
    FieldType.LONG_TEXT: "Markdown works: **bold**, lists, tables, links.",
    FieldType.LIST: "One a line.",
}


@dataclass(frozen=True)
class Inputs:
    """What the inputs of one field hold."""

    state: str = SOURCE
    value: str = ""
    reason: str = ""

    @property
    def meaning(self) -> tuple[str, str, str]:
        """The inputs that count for the chosen state."""
        value = self.value if self.state == State.WRITTEN else ""
        reason = self.reason if self.state == State.NOT_APPLICABLE else ""
        return self.state, value, reason


@dataclass(frozen=True)
class FieldForm:
    """One field of the form; `theirs` is set where somebody else changed the same field."""

    view: FieldView
    inputs: Inputs
    errors: tuple[str, ...] = ()
    theirs: FieldView | None = None

    @property
    def field(self) -> Field:
        """The question."""
        return self.view.field

    @property
    def control(self) -> str:
        """Which kind of input takes the answer."""
        return CONTROLS.get(self.field.type, "line")

    @property
    def lines(self) -> int:
        """How high the text area is."""
        most = 6 if self.field.type is FieldType.LONG_TEXT else 4
        return min(18, max(most, self.inputs.value.count("\n") + 2))

    @property
    def hint(self) -> str:
        """How the answer is to be typed."""
        if self.field.type is FieldType.TABLE:
            columns = " | ".join(label for _, label in self.field.columns)
            return f"One row a line, with a bar between the cells: {columns}."
        return HINTS.get(self.field.type, "")

    @property
    def options(self) -> list[tuple[str, str]]:
        """The states to choose from, in words."""
        has_source = self.view.pulled is not None
        found = [
            (SOURCE, "Use what the source says" if has_source else "No answer yet"),
            (State.WRITTEN.value, self._written_label),
            (State.UNKNOWN.value, "Unknown"),
            (State.NOT_APPLICABLE.value, "Not applicable"),
        ]
        if self.theirs:
            found.insert(
                0, (THEIRS, f"Take the other text, by {self.theirs.by or 'somebody else'}")
            )
        return found

    @property
    def _written_label(self) -> str:
        if self.theirs:
            return "Keep mine"
        return "Use mine instead" if self.view.pulled else "Answered"

    @property
    def described_by(self) -> str:
        """The ids of the texts that explain the input, for assistive technology."""
        key = self.field.key
        return f"help-{key}" + (f" error-{key}" if self.errors else "")


def inputs_of(view: FieldView) -> Inputs:
    """What the inputs show before anybody types."""
    text = text_of_value(view.field, view.value)
    if view.standing in (Standing.WRITTEN, Standing.INHERITED):
        return Inputs(State.WRITTEN.value, plain_lines(text))
    if view.standing in (Standing.UNKNOWN, Standing.NOT_APPLICABLE):
        return Inputs(view.standing.value, "", plain_lines(view.reason))
    return Inputs()


@dataclass(frozen=True)
class SectionForm:
    """The inputs of one section, over the card that their writer had read."""

    read: CardView
    section: SectionView
    sent: Mapping[str, Inputs] = field(default_factory=dict)
    clashing: Collection[str] = ()
    faults: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, read: CardView, key: str, data: QueryDict | None = None) -> "SectionForm":
        """The form of a section; with `data`, as it was sent."""
        section = next(item for item in read.sections if item.section.key == key)
        if data is None:
            return cls(read, section)
        names = [item.key for item in section.section.editable]
        sent = {name: _sent(data, name, inputs_of(read.field(name))) for name in names}
        return cls(read, section, sent, set(data.getlist("clash")) & set(names))

    @cached_property
    def changed(self) -> dict[str, Inputs]:
        """The fields whose inputs say something else than before, undecided ones included."""
        return {
            key: inputs
            for key, inputs in self.sent.items()
            if inputs.state != THEIRS and inputs.meaning != inputs_of(self.read.field(key)).meaning
        }

    def changes(self) -> dict[str, Answer | None]:
        """The answers that were given; Invalid naming every field that does not take its own."""
        found: dict[str, Answer | None] = {}
        faults: dict[str, list[str]] = {}
        for key, inputs in self.changed.items():
            try:
                found[key] = _answer(self.read.field(key).field, inputs)
            except BadAnswer as error:
                faults[key] = [str(error)]
        if faults:
            raise Invalid("Some answers need correcting; nothing was saved yet.", fields=faults)
        return found

    def with_faults(self, faults: Mapping[str, list[str]]) -> "SectionForm":
        """The same inputs with what is wrong with them."""
        return replace(self, faults=faults)

    def over(self, newest: CardView, clashing: Collection[str]) -> "SectionForm":
        """The same changes over a newer card; the clashing fields wait for a decision."""
        section = next(s for s in newest.sections if s.section == self.section.section)
        sent = {key: inputs for key, inputs in self.changed.items() if key not in clashing}
        sent |= {key: replace(self.sent[key], state=UNDECIDED) for key in clashing}
        return replace(self, read=newest, section=section, sent=sent, clashing=set(clashing))

    @property
    def fields(self) -> list[FieldForm]:
        """The fields to fill in."""
        return [
            FieldForm(
                view=view,
                inputs=self.sent.get(view.field.key) or inputs_of(view),
                errors=tuple(self.faults.get(view.field.key, ())),
                theirs=view if view.field.key in self.clashing else None,
            )
            for view in self.section.fields
            if view.field.editable
        ]

    @property
    def fixed(self) -> list[FieldView]:
        """The fields that nobody answers here."""
        return [view for view in self.section.fields if not view.field.editable]


def _sent(data: QueryDict, key: str, before: Inputs) -> Inputs:
    """What was sent for a field; a field that was not sent stays as it is."""
    if not {f"state-{key}", f"value-{key}"} & set(data) and key not in data.getlist("clash"):
        return before
    inputs = Inputs(
        data.get(f"state-{key}", UNDECIDED),
        plain_lines(data.get(f"value-{key}", "")),
        plain_lines(data.get(f"reason-{key}", "")),
    )
    typed = inputs.value.strip() and inputs.value != before.value
    if typed and inputs.state == before.state:
        # somebody who types an answer means it, also without pressing the button beside it
        return replace(inputs, state=State.WRITTEN.value)
    return inputs


def _answer(item: Field, inputs: Inputs) -> Answer | None:
    if inputs.state == SOURCE:
        return None
    if inputs.state == UNDECIDED:
        raise BadAnswer("Choose which text stands.")
    if inputs.state not in list(State):
        raise BadAnswer("Choose one of the offered answers.")
    state = State(inputs.state)
    value = value_of_text(item, inputs.value) if state is State.WRITTEN else None
    return checked(item, Answer(state, value, inputs.reason))
