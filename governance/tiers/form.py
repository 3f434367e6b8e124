"""The questionnaire as a form, and what its answers come to."""

from dataclasses import dataclass
from typing import Any

from django import forms

from governance.policies.comparison import role_words, title_of
from governance.policies.models import PolicyRevision
from governance.policies.rules import FLAG_WORDS, required_checks, seats_for, valid_days
from governance.tiers.models import TierAssessment
from governance.tiers.questionnaire import Outcome, chosen, outcome_of, questionnaire_of
from governance.tiers.services import REASON, lowers
from registry.inventory.models import RegisteredModel, RiskTier


class TierForm(forms.Form):
    """One choice a question, another tier if wanted, and which assessment was read."""

    override_tier = forms.ChoiceField(
        label="Another tier than the computed one",
        required=False,
        choices=[("", "The computed tier"), *RiskTier.choices],
        help_text="Anybody who assesses may choose a stricter tier; a milder one needs governance.",
    )
    override_reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed for a milder tier than the computed one, or than the model has now.",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self, *args: Any, model: RegisteredModel, standing: TierAssessment | None, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"seen": standing.pk if standing else 0, **_initial(standing)}
        super().__init__(*args, **kwargs)
        self.model = model
        asked = {
            question.key: forms.ChoiceField(
                label=question.label,
                help_text=question.help,
                choices=[(choice.value, choice.label) for choice in question.choices],
                widget=forms.RadioSelect,
                error_messages={"required": "Choose one of the answers."},
            )
            for question in questionnaire_of().questions
        }
        self.fields = {**asked, **self.fields}

    @property
    def questions(self) -> list[Any]:
        """The fields of the questionnaire."""
        return [self[question.key] for question in questionnaire_of().questions]

    @property
    def raw(self) -> dict[str, str]:
        """What is answered so far: as sent, else as it stands."""
        source = self.data if self.is_bound else self.initial
        return {q.key: str(source.get(q.key, "")) for q in questionnaire_of().questions}

    @property
    def wanted(self) -> str:
        """The other tier that is chosen, if any."""
        value = str((self.data if self.is_bound else self.initial).get("override_tier", ""))
        return value if value in RiskTier.values else ""

    def answers(self) -> dict[str, str]:
        """The answers of a valid form."""
        return {q.key: self.cleaned_data[q.key] for q in questionnaire_of().questions}


def _initial(standing: TierAssessment | None) -> dict[str, str]:
    if standing is None:
        return {}
    chosen_tier = standing.tier if standing.tier != standing.computed_tier else ""
    return {
        **standing.answers,
        "override_tier": chosen_tier,
        "override_reason": standing.override_reason,
    }


@dataclass(frozen=True)
class Result:
    """What the answers so far come to; without an outcome, how many are missing."""

    answered: int
    asked: int
    outcome: Outcome | None = None
    tier: str = ""
    needs_governance: bool = False
    seats: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    days: int = 0
    flags: tuple[str, ...] = ()

    @property
    def choice(self) -> RiskTier | None:
        """The tier as people know it."""
        return RiskTier(self.tier) if self.tier else None


def result_of(form: TierForm, policy: PolicyRevision) -> Result:
    """What the form's answers come to and what the policy then asks."""
    asked = questionnaire_of()
    given = chosen(asked, form.raw)
    if len(given) < len(asked.questions):
        return Result(len(given), len(asked.questions))
    outcome = outcome_of(asked, form.raw)
    tier = form.wanted or outcome.tier
    return Result(
        answered=len(given),
        asked=len(asked.questions),
        outcome=outcome,
        tier=tier,
        needs_governance=lowers(form.model, tier, outcome),
        seats=tuple(role_words(seat.role) for seat in seats_for(policy, tier, outcome.flags)),
        checks=tuple(title_of(check_id) for check_id in required_checks(policy, tier)),
        days=valid_days(policy, tier),
        flags=tuple(FLAG_WORDS.get(flag, flag) for flag in outcome.flags),
    )
