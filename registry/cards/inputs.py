"""What the inputs of one field of the form hold, and the answer they give."""

from dataclasses import dataclass

from registry.cards.answers import Answer, BadAnswer, State, checked
from registry.cards.entries import Standing
from registry.cards.schema import Field
from registry.cards.texts import plain_lines, text_of_value, value_of_text
from registry.cards.view import FieldView

SOURCE = "source"  # no answer by a person: what the registry says, or nothing
THEIRS = "theirs"
UNDECIDED = ""


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


def inputs_of(view: FieldView) -> Inputs:
    """What the inputs show before anybody types."""
    text = text_of_value(view.field, view.value)
    if view.standing in (Standing.WRITTEN, Standing.INHERITED):
        return Inputs(State.WRITTEN.value, plain_lines(text))
    if view.standing in (Standing.UNKNOWN, Standing.NOT_APPLICABLE):
        return Inputs(view.standing.value, "", plain_lines(view.reason))
    return Inputs()


def answer_of(item: Field, inputs: Inputs) -> Answer | None:
    """The answer that the inputs give, None for none; BadAnswer says what is wrong with them."""
    if inputs.state == SOURCE:
        return None
    if inputs.state == UNDECIDED:
        raise BadAnswer("Choose which text stands.")
    if inputs.state not in list(State):
        raise BadAnswer("Choose one of the offered answers.")
    state = State(inputs.state)
    value = value_of_text(item, inputs.value) if state is State.WRITTEN else None
    return checked(item, Answer(state, value, inputs.reason))
