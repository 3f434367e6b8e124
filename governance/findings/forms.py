"""What people type about a finding."""

from django import forms

from governance.findings.models import Severity
from governance.findings.queries import assignable_people
from portal.accounts.models import User


class CloseForm(forms.Form):
    """What was done about it."""

    resolution = forms.CharField(
        max_length=4000,
        label="What was done about it",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the trail.",
    )


class AssignForm(forms.Form):
    """Who sees to it, and by when."""

    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody yet", label="Sees to it"
    )
    due_on = forms.DateField(
        required=False,
        label="Due on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(required=False, max_length=1000, label="Why it changes")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = assignable_people()


class RaiseForm(forms.Form):
    """Something that somebody found."""

    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.MODERATE)
    text = forms.CharField(
        max_length=4000,
        label="What you found",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="A critical finding keeps the version from being approved until it is closed.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="The model's owner", label="Sees to it"
    )
    due_on = forms.DateField(
        required=False,
        label="Due on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Without a day: 2, 7, 30 or 90 days by severity.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = assignable_people()
