"""The form that proposes a change plan; the rules themselves are the service's."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone

from governance.plans.envelope import MetricLimit
from governance.policies.rules import PlanRule
from governance.requests.forms import DateInput, text_area
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion

ROWS = 3


class PlanForm(forms.Form):
    """What is retrained, within which limits, how often and until when."""

    environment = forms.ChoiceField(choices=Environment.choices)
    purpose = forms.CharField(
        label="What is retrained, how often and why", max_length=4000, widget=text_area()
    )
    quota = forms.IntegerField(label="How many versions it may approve", min_value=1)
    expires_on = forms.DateField(label="Until", widget=DateInput())
    most_days = forms.IntegerField(
        label="How many days old the newest data may be",
        required=False,
        min_value=1,
        max_value=3650,
        help_text="Read from the tag signet.data_to of the run. Leave empty to set no limit.",
    )

    def __init__(self, *args: Any, version: ModelVersion, rule: PlanRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [("", "None"), *((name, name) for name in sorted(version.metrics)[:200])]
        for row in range(1, ROWS + 1):
            self.fields[f"metric_{row}"] = forms.ChoiceField(
                label="Metric", choices=names, required=row == 1
            )
            for name, label in (
                ("least", "At least"),
                ("most", "At most"),
                ("most_move", "Largest move from this version"),
            ):
                self.fields[f"{name}_{row}"] = forms.FloatField(
                    label=label, required=False, widget=forms.NumberInput({"step": "any"})
                )
        self.fields["quota"].initial = rule.quota
        last = timezone.now().date() + timedelta(days=rule.days)
        cast(forms.DateField, self.fields["expires_on"]).initial = last
        self.fields["quota"].help_text = f"At most {rule.quota} for this tier."
        self.fields["expires_on"].help_text = f"At most {rule.days} days from today for this tier."

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """The fields of each metric, for the template."""
        parts = ("metric", "least", "most", "most_move")
        return [[self[f"{part}_{row}"] for part in parts] for row in range(1, ROWS + 1)]

    @property
    def plain(self) -> list[forms.BoundField]:
        """The fields that belong to no metric."""
        names = ("environment", "purpose", "quota", "expires_on", "most_days")
        return [self[name] for name in names]

    def limits(self) -> list[MetricLimit]:
        """What was asked of each metric that was chosen."""
        given = self.cleaned_data
        return [
            MetricLimit(
                given[f"metric_{row}"],
                given[f"least_{row}"],
                given[f"most_{row}"],
                given[f"most_move_{row}"],
            )
            for row in range(1, ROWS + 1)
            if given.get(f"metric_{row}")
        ]
