"""One section of a card as a form: what stands, what was sent, and what that changes."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.http import QueryDict

from portal.errors import Invalid
from registry.cards.answers import Answer, BadAnswer, State
from registry.cards.drafts.models import CardDraft
from registry.cards.drafts.services import Form, fault_of, is_waiting, says_more, typed
from registry.cards.entries import said_digest
from registry.cards.inputs import SOURCE, THEIRS, UNDECIDED, Inputs, answer_of, inputs_of
from registry.cards.schema import Field, FieldType
from registry.cards.texts import plain_lines, text_of_value
from registry.cards.view import CardView, FieldView, SectionView

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
class FieldForm:
    """One field of the form; `theirs` is set where somebody else changed the same field.

    `base` names what the card says in the field, `draft` is what the inputs show instead.
    """

    view: FieldView
    inputs: Inputs
    errors: tuple[str, ...] = ()
    theirs: FieldView | None = None
    base: str = ""
    token: str = ""
    draft: CardDraft | None = None
    others: tuple[CardDraft, ...] = ()

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

    @property
    def source_text(self) -> str:
        """What the source says, as text to write on in."""
        return text_of_value(self.field, self.view.pulled.value) if self.view.pulled else ""

    @property
    def columns(self) -> str:
        """The names of a table's columns as JSON, for the rows that a browser makes of the text."""
        names = [label for _, label in self.field.columns]
        return json.dumps(names, ensure_ascii=False) if names else ""


@dataclass(frozen=True)
class SectionForm:
    """The inputs of one section, over the card that their writer had read."""

    read: CardView
    section: SectionView
    sent: Mapping[str, Inputs] = field(default_factory=dict)
    clashing: Collection[str] = ()
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    drafts: Mapping[str, CardDraft] = field(default_factory=dict)
    others: Mapping[str, list[CardDraft]] = field(default_factory=dict)

    @classmethod
    def of(cls, read: CardView, key: str, data: QueryDict | None = None) -> "SectionForm":
        """The form of a section; with `data`, as it was sent."""
        section = next(item for item in read.sections if item.section.key == key)
        if data is None:
            return cls(read, section)
        names = [item.key for item in section.section.editable]
        return cls(
            read,
            section,
            sent={name: sent_of(data, name, inputs_of(read.field(name))) for name in names},
            clashing=set(data.getlist("clash")) & set(names),
            bases=_texts(data, "base", names),
            tokens=_texts(data, "kept", names),
        )

    def with_drafts(
        self, own: Mapping[str, CardDraft], others: Mapping[str, list[CardDraft]]
    ) -> "SectionForm":
        """The form with what its reader typed before; where others saved since, they choose."""
        keys = {item.key for item in self.section.section.editable}
        shown = {k: d for k, d in own.items() if k in keys and says_more(d, self.read.field(k))}
        waiting = [k for k, d in shown.items() if is_waiting(d, self.read.entries.get(k))]
        sent = {key: typed(draft) for key, draft in shown.items()}
        sent |= {key: replace(sent[key], state=UNDECIDED) for key in waiting}
        faults = {
            key: [fault]
            for key, inputs in sent.items()
            if (fault := fault_of(self.read.field(key).field, inputs))
        }
        return replace(
            self,
            sent={**sent, **self.sent},
            clashing={*self.clashing, *waiting},
            faults={**faults, **self.faults},
            tokens={**{key: draft.token for key, draft in shown.items()}, **self.tokens},
            drafts=shown,
            others=others,
        )

    @property
    def asked(self) -> Form:
        """What is to be saved; Invalid when an answer is none."""
        return Form(self.changes(), self.bases, self.tokens)

    @cached_property
    def changed(self) -> dict[str, Inputs]:
        """The fields whose inputs say something else than before, undecided ones included."""
        return {
            key: inputs
            for key, inputs in self.sent.items()
            if inputs.state != THEIRS
            and (inputs.meaning != inputs_of(self.read.field(key)).meaning or self._moved(key))
        }

    def _moved(self, key: str) -> bool:
        """Whether the inputs were typed over a later text than the card they were read from."""
        base = self.bases.get(key)
        return bool(base) and base != said_digest(self.read.entries.get(key))

    def changes(self) -> dict[str, Answer | None]:
        """The answers that were given; Invalid naming every field that does not take its own."""
        found: dict[str, Answer | None] = {}
        faults: dict[str, list[str]] = {}
        for key, inputs in self.changed.items():
            try:
                found[key] = answer_of(self.read.field(key).field, inputs)
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
        fresh = replace(self, read=newest, section=section, sent=sent, bases={})
        return replace(fresh, clashing=set(clashing))

    @property
    def fields(self) -> list[FieldForm]:
        """The fields to fill in."""
        return [
            FieldForm(
                view=view,
                inputs=self.sent.get(view.field.key) or inputs_of(view),
                errors=tuple(self.faults.get(view.field.key, ())),
                theirs=view if view.field.key in self.clashing else None,
                base=said_digest(self.read.entries.get(view.field.key)),
                token=self.tokens.get(view.field.key, ""),
                draft=self.drafts.get(view.field.key),
                others=tuple(self.others.get(view.field.key, ())),
            )
            for view in self.section.fields
            if view.field.editable
        ]

    @property
    def fixed(self) -> list[FieldView]:
        """The fields that nobody answers here."""
        return [view for view in self.section.fields if not view.field.editable]


def _texts(data: QueryDict, name: str, keys: list[str]) -> dict[str, str]:
    return {key: text for key in keys if (text := data.get(f"{name}-{key}"))}


def sent_of(data: QueryDict, key: str, before: Inputs) -> Inputs:
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
