"""The forms of the pages about people; rules live in the services, which answer with Invalid."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django import forms

from portal.accounts.models import BusinessUnit, Team, User
from portal.accounts.permissions import Role, Scope
from portal.accounts.queries import token_teams
from portal.actors import Actor
from portal.errors import Invalid

Result = TypeVar("Result")


def submit(form: forms.Form, service: Callable[[dict[str, Any]], Result]) -> Result | None:
    """Call a service with a form's values; None when the form or the service refuses them."""
    if not form.is_valid():
        return None
    try:
        return service(form.cleaned_data)
    except Invalid as error:
        for name, sentences in (error.fields or {"": [error.message]}).items():
            for sentence in sentences:
                form.add_error(name if name in form.fields else None, sentence)
        return None


class PersonForm(forms.Form):
    """A person with a local account."""

    username = forms.CharField(
        max_length=150,
        validators=[User.username_validator],
        help_text="What they type to sign in: letters, digits and @ . + - _",
    )
    display_name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="Mail address", required=False, max_length=254)


class GrantForm(forms.Form):
    """A role and the place it is held for."""

    role = forms.ChoiceField(choices=Role.choices)
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label="No team", help_text="For builders."
    )
    business_unit = forms.ModelChoiceField(
        BusinessUnit.objects.all(),
        required=False,
        empty_label="No business unit",
        help_text="For a whole unit instead of one team.",
    )


class UnitForm(forms.Form):
    """A business unit."""

    name = forms.CharField(max_length=80)


class TeamForm(forms.Form):
    """A team of a business unit."""

    name = forms.CharField(max_length=80)
    business_unit = forms.ModelChoiceField(BusinessUnit.objects.all())


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(max_length=80, help_text="What it is for, such as “Training pipeline”.")
    scopes = forms.MultipleChoiceField(
        label="What it may do", choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        required=False,
        empty_label="All of my teams",
        help_text="A token never may more than you do yourself.",
    )
    days = forms.IntegerField(
        label="Ends after (days)", min_value=1, max_value=90, initial=90, help_text="At most 90."
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = token_teams(actor)

    @property
    def lifetime(self) -> timedelta:
        """How long the token lives."""
        return timedelta(days=self.cleaned_data["days"])
