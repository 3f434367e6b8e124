"""What people type about a deployment."""

from django import forms
from django.db.models import Q, QuerySet

from portal.accounts.models import Team
from portal.accounts.permissions import Reach, rule_of
from portal.actors import Actor
from registry.deployments.models import Deployment, Environment
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

RULE = rule_of("deployment.record")


def own_teams(actor: Actor) -> Q:
    """The teams for which `actor` may record deployments, as a condition on Team."""
    grants = [grant for grant in actor.grants if grant.role in RULE.roles]
    if any(RULE.roles[grant.role] is Reach.ANY for grant in grants):
        return Q()
    teams = {grant.team_id for grant in grants if grant.team_id}
    units = {grant.business_unit_id for grant in grants if grant.business_unit_id}
    return Q(pk__in=teams) | Q(business_unit_id__in=units)


class VersionChoice(forms.ModelChoiceField):
    """A version by model and number; typed in a list that the browser filters."""

    def label_from_instance(self, obj: ModelVersion) -> str:
        """Model and version."""
        return f"{obj.model.name} version {obj.version}"


def _own_versions(actor: Actor) -> QuerySet[ModelVersion]:
    teams = Team.objects.filter(own_teams(actor)).order_by()
    versions = visible_versions(actor).filter(model__team__in=teams, gone_at=None)
    return versions.select_related("model").order_by("model__name", "-ordinal")


class RecordForm(forms.ModelForm):
    """What serves, where, and which version it is."""

    version = VersionChoice(
        ModelVersion.objects.none(),
        required=False,
        empty_label="None: it is not in the inventory",
        help_text="Of your own teams' models. Without one, this is recorded as a shadow model.",
    )

    class Meta:
        model = Deployment
        fields = ["name", "environment", "version", "served_ref", "team", "purpose"]
        labels = {"name": "Endpoint", "served_ref": "What it runs"}
        help_texts = {
            "name": "As the serving side calls it. What serves under this name now ends with it.",
            "served_ref": "What the serving side says, such as models:/demand-forecast/4.",
            "team": "Who runs it. With a version, this is the model's team.",
            "purpose": "Which decision uses it, in one line.",
        }

    def __init__(self, *args: object, actor: Actor, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = _own_versions(actor)
        teams = Team.objects.filter(own_teams(actor)).select_related("business_unit")
        self.fields["team"].queryset = teams
        self.fields["team"].empty_label = "No team"
        self.fields["environment"].choices = Environment.choices

    def validate_constraints(self) -> None:
        """Recording under a name that serves replaces it; the service decides."""


class EndForm(forms.Form):
    """Why a deployment ended."""

    reason = forms.CharField(
        max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept in the trail."
    )


class LinkForm(forms.Form):
    """Which version a shadow model is."""

    version = VersionChoice(
        ModelVersion.objects.none(), help_text="Only versions of your own teams' models are listed."
    )
    reason = forms.CharField(
        required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: object, actor: Actor, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = _own_versions(actor)
