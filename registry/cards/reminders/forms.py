"""What people say about their reminders."""

from typing import Any

from django import forms

from registry.cards.answers import NOTE
from registry.cards.reminders.models import LEAST_AHEAD, MOST_AHEAD, ByMail


class SnoozeForm(forms.Form):
    """Until when, and why if somebody wants to say."""

    until = forms.DateField(
        label="Remind me again on",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = forms.CharField(required=False, max_length=NOTE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": False, **kwargs})


class SettingsForm(forms.Form):
    """What to be reminded of, how early, and whether by mail."""

    gaps = forms.BooleanField(label="Required answers that are missing", required=False)
    reviews = forms.BooleanField(label="Reviews that are due", required=False)
    files = forms.BooleanField(label="Files that expire", required=False)
    days_ahead = forms.IntegerField(
        label="Days before a review or an expiry",
        min_value=LEAST_AHEAD,
        max_value=MOST_AHEAD,
    )
    by_mail = forms.ChoiceField(label="By mail", choices=ByMail.choices)
