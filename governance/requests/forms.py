"""Forms about approval requests; the rules themselves are the services'."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.requests.models import ApprovalRequest, Decision
from governance.requests.seats import never_sign
from governance.requests.services import Promise
from governance.requests.services.states import LONGEST
from governance.requests.statements import meaning_of
from portal.accounts.models import RoleGrant, User
from portal.accounts.permissions import SIGN_OFF_ROLES, Role
from portal.actors import Actor
from registry.cards.schema import schema_of
from registry.deployments.models import Environment
from registry.inventory.models import RegisteredModel

CONDITIONS = 5
CHOICES = {
    Decision.APPROVE: "Approve",
    Decision.CONDITIONAL: "Approve with conditions",
    Decision.RETURN: "Send back for changes",
    Decision.REJECT: "Reject for good",
}


class DateInput(forms.DateInput):
    """A day, chosen from the browser's calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def text_area(rows: int = 3) -> forms.Textarea:
    """A box for some sentences."""
    return forms.Textarea(attrs={"rows": rows})


def people_near(model: RegisteredModel, request: ApprovalRequest | None = None) -> QuerySet[User]:
    """Who may be asked to keep a promise about a model: its team, its unit, who asks and signs."""
    near = Q(pk=model.owner_id)
    if model.team_id:
        grants = RoleGrant.objects.filter(
            Q(team=model.team_id) | Q(business_unit=model.business_unit_id)
        )
        near |= Q(pk__in=grants.values("user"))
    if request:
        near |= Q(pk=request.requester_id) | Q(pk__in=request.sign_offs.values("signer"))
    return User.objects.filter(near, is_active=True).order_by("display_name", "username")


class ConditionForm(forms.Form):
    """One promise; a row left empty is no promise."""

    text = forms.CharField(
        label="What must be done", max_length=LONGEST, required=False, widget=text_area(2)
    )
    owner = forms.ModelChoiceField(User.objects.none(), label="By whom", required=False)
    due_on = forms.DateField(label="Until", required=False, widget=DateInput())

    def __init__(
        self, *args: Any, people: QuerySet[User], choices: list[tuple[Any, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        owner = cast(forms.ModelChoiceField, self.fields["owner"])
        owner.queryset = people
        # Drawn from one reading of the people, however many rows there are.
        cast(forms.Select, owner.widget).choices = choices

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written into this row."""
        return not any(self.cleaned_data.get(name) for name in self.fields)

    def clean(self) -> dict[str, Any]:
        """A row that says something says all three things."""
        given = super().clean() or {}
        if any(given.get(name) for name in self.fields):
            for name, missing in (
                ("text", "Say what must be done."),
                ("owner", "Say who does it."),
                ("due_on", "Say until when."),
            ):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, missing)
        return given


class DecisionForm(forms.Form):
    """A decision in one seat, with its meaning, a reason and conditions."""

    role = forms.ChoiceField(label="I sign as", widget=forms.RadioSelect)
    decision = forms.ChoiceField(label="Decision", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST,
        widget=text_area(4),
        help_text="What you looked at and what decided it. It is kept with your signature.",
        error_messages={"required": "Say why: what you looked at and what decided it."},
    )
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(
        self, data: Any = None, *, request: ApprovalRequest, roles: list[str], **kwargs: Any
    ) -> None:
        super().__init__(data, initial={"digest": request.digest}, **kwargs)
        self.request, self.roles = request, roles
        named = [(role, str(Role(role).label)) for role in roles]
        role = cast(forms.ChoiceField, self.fields["role"])
        role.choices = named
        if len(named) == 1:
            role.widget, role.initial = forms.HiddenInput(), named[0][0]
        cast(forms.ChoiceField, self.fields["decision"]).choices = [
            (str(value), label) for value, label in CHOICES.items()
        ]
        people = people_near(request.version.model, request)
        choices = [("", "Choose a person"), *((user.pk, str(user)) for user in people)]
        self.conditions = [
            ConditionForm(data, prefix=f"condition-{place}", people=people, choices=choices)
            for place in range(CONDITIONS)
        ]

    @property
    def meanings(self) -> list[tuple[str, str, str, bool]]:
        """Each decision: its value, its name, what signing it means, whether it is chosen."""
        where = self.request.environment
        label = str(Role(self.roles[0]).label) if len(self.roles) == 1 else "I chose above"
        chosen = self["decision"].value()
        return [
            (str(value), name, meaning_of(value, label, where), chosen == value)
            for value, name in CHOICES.items()
        ]

    def clean(self) -> dict[str, Any]:
        """With conditions come their rows; a decision without any takes none."""
        given = super().clean() or {}
        if given.get("decision") != Decision.CONDITIONAL:
            return given
        if not all(form.is_valid() for form in self.conditions):
            raise forms.ValidationError("A condition is not complete; see its row.")
        if all(form.is_empty for form in self.conditions):
            raise forms.ValidationError("Name at least one condition, or approve without any.")
        return given

    @property
    def promises(self) -> list[Promise]:
        """The conditions that were written, for the service."""
        if self.cleaned_data.get("decision") != Decision.CONDITIONAL:
            return []
        rows = (form.cleaned_data for form in self.conditions if not form.is_empty)
        return [Promise(row["text"], row["owner"].pk, row["due_on"]) for row in rows]


class FilingForm(forms.Form):
    """Where a version is to run, and what for."""

    environment = forms.ChoiceField(label="Environment", choices=Environment.choices)
    purpose = forms.CharField(
        label="What for",
        required=False,
        max_length=LONGEST,
        widget=text_area(),
        help_text="What this version will decide there and what changes for the business. "
        "Everybody who signs reads it first.",
    )
    copied_from = forms.IntegerField(required=False, widget=forms.HiddenInput)


class CommentForm(forms.Form):
    """A remark, with the field of the card that it is about where there is one."""

    field = forms.ChoiceField(label="About", required=False)
    text = forms.CharField(label="Comment", max_length=LONGEST, widget=text_area())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sections = [
            (section.label, [(field.key, field.label) for field in section.fields])
            for section in schema_of().sections
        ]
        choice = cast(forms.ChoiceField, self.fields["field"])
        choice.choices = [("", "The request as a whole"), *sections]


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(label="Reason", max_length=LONGEST, widget=text_area(2))


class DelegationForm(forms.Form):
    """Somebody else signs in my role for a time."""

    delegate = forms.ModelChoiceField(
        User.objects.none(),
        label="Who signs for you",
        empty_label="Choose a colleague",
        help_text="They inherit your conflicts: what you may not sign, they may not sign for you.",
    )
    role = forms.ChoiceField(label="In the role")
    starts_on = forms.DateField(label="From", widget=DateInput())
    ends_on = forms.DateField(
        label="Until and including",
        widget=DateInput(),
        help_text="Days begin and end at midnight UTC.",
    )
    reason = forms.CharField(label="Reason", max_length=300)

    def __init__(self, data: Any = None, *, actor: Actor, **kwargs: Any) -> None:
        today = timezone.now().date()
        super().__init__(
            data, initial={"starts_on": today, "ends_on": today + timedelta(days=7)}, **kwargs
        )
        held = sorted({grant.role for grant in actor.grants if grant.role in SIGN_OFF_ROLES})
        cast(forms.ChoiceField, self.fields["role"]).choices = [
            (role, str(Role(role).label)) for role in held
        ]
        signing = RoleGrant.objects.filter(role__in=SIGN_OFF_ROLES).values("user")
        people = User.objects.filter(is_active=True, pk__in=signing).exclude(pk__in=never_sign())
        cast(forms.ModelChoiceField, self.fields["delegate"]).queryset = people.exclude(
            pk=actor.user_id
        ).order_by("display_name", "username")

    @property
    def starts_at(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.cleaned_data["starts_on"], time.min, UTC)

    @property
    def ends_at(self) -> datetime:
        """The end of the last day."""
        last = self.cleaned_data["ends_on"] + timedelta(days=1)
        return datetime.combine(last, time.min, UTC)
