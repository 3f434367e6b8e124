"""What people type about a model."""

from django import forms

from portal.accounts.models import Team, User
from registry.inventory.models import RegisteredModel
from registry.inventory.services import REASON_LENGTH, assignment_stamp


def _reason(*, help_text: str, required: bool) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(
        label="Reason",
        max_length=REASON_LENGTH,
        required=required,
        widget=widget,
        help_text=help_text,
    )


class TeamChoice(forms.ModelChoiceField):
    """A team with its business unit beside it."""

    def label_from_instance(self, obj: Team) -> str:
        """Both names."""
        return f"{obj.name} · {obj.business_unit.name}"


class AssignForm(forms.Form):
    """Owner and team, and what they were when the form was drawn."""

    owner = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="No owner",
        help_text="The person who answers for the model.",
    )
    team = TeamChoice(
        Team.objects.none(),
        required=False,
        empty_label="No team",
        help_text="Members of this team may edit the model's card.",
    )
    reason = _reason(required=False, help_text="Kept in the trail beside the change.")
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)

    def __init__(self, *args: object, model: RegisteredModel, **kwargs: object) -> None:
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {
            "owner": model.owner_id,
            "team": model.team_id,
            "seen": assignment_stamp(model),
        }
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).order_by("display_name", "username")
        self.fields["owner"].queryset = people
        self.fields["team"].queryset = Team.objects.select_related("business_unit")
