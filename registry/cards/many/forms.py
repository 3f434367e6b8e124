"""What people say when they change several cards at once."""

import json
from typing import Any

from django import forms

from portal.accounts.models import User
from portal.errors import Invalid
from registry.cards.answers import LIMITS, NOTE
from registry.cards.gaps import CONTACT, REVIEW
from registry.cards.many.services import MOST, OWNER, Outcome, Seen, Wanted
from registry.cards.schema import FieldType


class ChangeForm(forms.Form):
    """Each of the three values with a box that says whether it is changed at all."""

    set_owner = forms.BooleanField(label="Change the owner", required=False)
    owner = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="No owner",
        help_text="The person who answers for the model.",
    )
    set_contact = forms.BooleanField(label="Change the contact", required=False)
    contact = forms.CharField(
        label="Contact for questions",
        required=False,
        max_length=LIMITS[FieldType.TEXT],
        help_text="A mailbox or a channel, better than one person.",
    )
    set_expiry = forms.BooleanField(label="Change the review date", required=False)
    expiry = forms.DateField(
        label="To be reviewed or replaced by",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The day after which the version should not be used unseen.",
    )
    note = forms.CharField(
        required=False,
        max_length=NOTE,
        help_text="Why, for the revisions and the trail. Not required.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).order_by("display_name", "username")
        self.fields[OWNER].queryset = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A value that is to be set must be there, except that a model may have no owner."""
        found = super().clean() or {}
        for key in (CONTACT, REVIEW):
            if found.get(f"set_{key}") and not found.get(key) and key not in self.errors:
                self.add_error(key, "Give the value to set, or take the tick away.")
        if not any(found.get(f"set_{key}") for key in (OWNER, CONTACT, REVIEW)):
            self.add_error(None, "Tick at least one thing to change.")
        return found

    @property
    def wanted(self) -> Wanted:
        """What the valid form asks for."""
        found = self.cleaned_data
        keys = [key for key in (OWNER, CONTACT, REVIEW) if found[f"set_{key}"]]
        return Wanted({key: found[key] for key in keys}, found["note"])


def packed(outcomes: list[Outcome]) -> str:
    """What was read of the cards, for a hidden field."""
    seen = [outcome.seen for outcome in outcomes]
    return json.dumps([[s.model_id, s.version, s.revision, s.assignment] for s in seen])


def unpacked(text: str) -> list[Seen]:
    """What a hidden field says was read; Invalid for anything that `packed` never wrote."""
    try:
        rows = json.loads(text)
        seen = [
            Seen(int(pk), str(version), int(revision), str(stamp))
            for pk, version, revision, stamp in rows
        ]
    except (ValueError, TypeError, RecursionError):
        raise Invalid(
            "The list of chosen cards did not arrive whole. Go back and choose them again."
        ) from None
    if len(seen) > MOST or any(card.model_id > 2**62 for card in seen):
        raise Invalid(f"At most {MOST} cards at one time; choose fewer.")
    return seen
