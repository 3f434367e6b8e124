"""A policy as a form: one field a rule, so that nobody has to write JSON or TOML."""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from governance.checks.registry import all_checks
from governance.gate.models import GateMode
from governance.policies.comparison import role_words
from governance.policies.models import PolicyRevision
from governance.policies.rules import FLAG_WORDS, TIERS
from governance.policies.services import NOTE
from governance.policies.validation import EMERGENCY, ROLES
from registry.deployments.models import Environment

OFF, REQUIRED, ADVISED = "", "required", "advised"
COUNTS = [(OFF, "Only shown"), (ADVISED, "Advised"), (REQUIRED, "Required")]
NO_SEAT, ANY_TIME = "", "-"
LIMIT = re.compile(r"(\S+)\s+(\S+)\s*(>=|<=)\s*(-?[0-9.eE+-]+)")
EMERGENCY_WORDS = {
    "hours": "Hours that an emergency approval holds",
    "renewals": "Renewals at most",
    "review_working_days": "Working days until it is reviewed",
    "changes_in_90_days": "Emergencies in 90 days before the model is looked at",
}


class PolicyForm(forms.Form):
    """The rules, a note for those who read it later, and which draft was read."""

    note = forms.CharField(
        label="Why this change",
        max_length=NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For the person who publishes it, and for auditors.",
    )
    applies_at_once = forms.BooleanField(
        label="Apply at once to approvals that were given under earlier revisions",
        required=False,
        help_text="Otherwise they hold until they expire.",
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    thresholds = forms.CharField(
        label="Least and most of metrics",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, such as: classification roc_auc >= 0.7. The pipeline's own "
        "thresholds may be stricter.",
    )
    condition_notice_days = forms.CharField(
        label="Days before a condition is due on which its owner is told",
        help_text="Separated by commas, such as 7, 1.",
    )

    def __init__(
        self, *args: Any, policy: PolicyRevision, draft: PolicyRevision | None, **kwargs: Any
    ) -> None:
        self.start: Mapping[str, Any] = policy.rules
        first = {
            "seen": draft.digest if draft else "",
            "note": draft.note if draft else "",
            "applies_at_once": draft.applies_at_once if draft else False,
            "thresholds": limits_text(self.start.get("thresholds", {})),
            "condition_notice_days": ", ".join(
                map(str, self.start["reattestation"]["condition_notice_days"])
            ),
        }
        super().__init__(*args, initial=first, **kwargs)
        for name, field in self._rule_fields():
            self.fields[name] = field

    def _rule_fields(self) -> Iterator[tuple[str, forms.Field]]:
        for name, label in Environment.choices:
            item = self.start["environments"].get(name, {"approval": True, "gate": "enforce"})
            yield (
                f"approval-{name}",
                forms.BooleanField(
                    label=f"{label} needs an approval", required=False, initial=item["approval"]
                ),
            )
            gate = _choice(f"Gate of {label}", GateMode.choices, item["gate"], required=True)
            yield f"gate-{name}", gate
        for tier in TIERS:
            yield from self._tier_fields(tier, self.start["tiers"][tier])
        for flag in self.flags:
            seats = self.start.get("flags", {}).get(flag, {}).get("seats", [])
            for role in ROLES:
                yield f"flag-{flag}-{role}", self._seat(seats, role, FLAG_WORDS.get(flag, flag))
        for name, (least, most) in EMERGENCY.items():
            value = self.start["emergency"][name]
            yield f"emergency-{name}", _count(EMERGENCY_WORDS[name], value, least, most)
        notice = self.start["reattestation"]
        yield "notice_days", _count("Days of notice", notice["notice_days"], 1, 90)
        yield "owner_days", _count("Days without an owner", notice["owner_days"], 1, 90)

    def _tier_fields(
        self, tier: str, rules: Mapping[str, Any]
    ) -> Iterator[tuple[str, forms.Field]]:
        for role in ROLES:
            yield f"seat-{tier}-{role}", self._seat(rules["seats"], role, tier)
        for check in all_checks().values():
            value = next((k for k in (REQUIRED, ADVISED) if check.id in rules[k]), OFF)
            yield f"check-{tier}-{check.id}", _choice(f"{check.title}, {tier}", COUNTS, value)
        plan = rules["plan"]
        yield f"valid-{tier}", _count(f"Days, {tier}", rules["valid_days"], 1, 1830)
        yield (
            f"clock-{tier}",
            _count(f"Working days, {tier}", rules["clock_working_days"], 1, 60),
        )
        yield (
            f"plan-{tier}",
            forms.BooleanField(
                label=f"Change plans, {tier}", required=False, initial=plan["allowed"]
            ),
        )
        yield f"plan_days-{tier}", _count(f"Plan's days, {tier}", plan.get("days", 90), 1, 1830)
        yield f"quota-{tier}", _count(f"Plan's versions, {tier}", plan.get("quota", 12), 1, 1000)

    def _seat(self, seats: list[Mapping[str, Any]], role: str, where: str) -> forms.ChoiceField:
        """Whether a role signs, and after which others; a combination that stands is kept."""
        now = next((seat for seat in seats if seat["role"] == role), None)
        value = NO_SEAT if now is None else ",".join(now.get("after", [])) or ANY_TIME
        choices = [(NO_SEAT, "Does not sign"), (ANY_TIME, "Signs")]
        choices += [(r, f"Signs after {role_words(r)}") for r in ROLES if r != role]
        if "," in value:
            words = " and ".join(role_words(r) for r in value.split(","))
            choices.append((value, f"Signs after {words}"))
        return _choice(f"{role_words(role)}, {where}", choices, value, required=False)

    @property
    def flags(self) -> list[str]:
        """The flags that can ask for seats."""
        return [*FLAG_WORDS, *(f for f in self.start.get("flags", {}) if f not in FLAG_WORDS)]

    @property
    def seat_rows(self) -> list[tuple[str, list[BoundField]]]:
        """The seats: a role a line, a tier a column."""
        return [(role_words(r), [self[f"seat-{t}-{r}"] for t in TIERS]) for r in ROLES]

    @property
    def flag_rows(self) -> list[tuple[str, list[BoundField]]]:
        """The seats that flags add: a role a line, a flag a column."""
        return [(role_words(r), [self[f"flag-{f}-{r}"] for f in self.flags]) for r in ROLES]

    @property
    def flag_words(self) -> list[str]:
        """The flags in words, in the order of the columns."""
        return [FLAG_WORDS.get(flag, flag).capitalize() for flag in self.flags]

    @property
    def check_rows(self) -> list[tuple[str, list[BoundField]]]:
        """The checks: one a line, a tier a column."""
        checks = all_checks().values()
        return [(c.title, [self[f"check-{t}-{c.id}"] for t in TIERS]) for c in checks]

    @property
    def clock_rows(self) -> list[tuple[str, list[BoundField]]]:
        """Periods: one a line, a tier a column."""
        names = {
            "valid": "Days that an approval holds",
            "clock": "Working days for a review",
            "plan": "Retrains by change plan",
            "plan_days": "Days that a plan holds",
            "quota": "Versions that a plan approves",
        }
        return [(words, [self[f"{n}-{t}"] for t in TIERS]) for n, words in names.items()]

    @property
    def environment_fields(self) -> list[tuple[BoundField, BoundField]]:
        """Each environment's two rules."""
        return [(self[f"approval-{n}"], self[f"gate-{n}"]) for n in Environment.values]

    @property
    def other_fields(self) -> list[BoundField]:
        """The emergency path and the notices."""
        names = [f"emergency-{name}" for name in EMERGENCY]
        return [self[n] for n in (*names, "notice_days", "owner_days", "condition_notice_days")]

    def clean_thresholds(self) -> dict[str, Any]:
        """The limits as rules."""
        found: dict[str, Any] = {}
        for number, line in enumerate(self.cleaned_data["thresholds"].splitlines(), start=1):
            if not line.strip():
                continue
            parts = LIMIT.fullmatch(line.strip())
            try:
                limit = float(parts[4]) if parts else None
            except ValueError:
                limit = None
            if parts is None or limit is None:
                text = f"Line {number}: write task, metric, >= or <=, and a number."
                raise forms.ValidationError(text)
            side = "min" if parts[3] == ">=" else "max"
            found.setdefault(parts[1], {}).setdefault(parts[2], {})[side] = limit
        return found

    def clean_condition_notice_days(self) -> list[int]:
        """The days as numbers."""
        parts = [part.strip() for part in self.cleaned_data["condition_notice_days"].split(",")]
        if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
            raise forms.ValidationError("Write whole numbers separated by commas, such as 7, 1.")
        return [int(part) for part in parts]

    def rules(self) -> dict[str, Any]:
        """The rules that a valid form says, in the order in which they stood."""
        data = self.cleaned_data
        rules = copy.deepcopy(dict(self.start))
        rules["environments"] = {
            n: {"approval": data[f"approval-{n}"], "gate": data[f"gate-{n}"]}
            for n in Environment.values
        }
        rules["tiers"] = {tier: self._tier(tier) for tier in TIERS}
        flags = {
            f: self._seats(f"flag-{f}", self.start.get("flags", {}).get(f)) for f in self.flags
        }
        rules["flags"] = {f: {"seats": seats} for f, seats in flags.items() if seats}
        rules["emergency"] = {name: data[f"emergency-{name}"] for name in EMERGENCY}
        rules["reattestation"] = {
            "notice_days": data["notice_days"],
            "owner_days": data["owner_days"],
            "condition_notice_days": data["condition_notice_days"],
        }
        rules.pop("thresholds", None)
        return {**rules, "thresholds": data["thresholds"]} if data["thresholds"] else rules

    def _tier(self, tier: str) -> dict[str, Any]:
        data, before = self.cleaned_data, self.start["tiers"][tier]
        counted = {c: data[f"check-{tier}-{c}"] for c in all_checks()}
        plan: dict[str, Any] = {"allowed": data[f"plan-{tier}"]}
        if plan["allowed"]:
            plan |= {"days": data[f"plan_days-{tier}"], "quota": data[f"quota-{tier}"]}
        return {
            "seats": self._seats(f"seat-{tier}", before),
            "valid_days": data[f"valid-{tier}"],
            "clock_working_days": data[f"clock-{tier}"],
            "plan": plan,
            "required": _in_order(before[REQUIRED], counted, REQUIRED),
            "advised": _in_order(before[ADVISED], counted, ADVISED),
        }

    def _seats(self, prefix: str, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """The seats, those that stood first and in their order, new ones after them."""
        stood = [seat["role"] for seat in (before or {}).get("seats", [])]
        seats: list[dict[str, Any]] = []
        for role in [*stood, *(r for r in ROLES if r not in stood)]:
            value = self.cleaned_data.get(f"{prefix}-{role}", NO_SEAT)
            if value == ANY_TIME:
                seats.append({"role": role})
            elif value != NO_SEAT:
                seats.append({"role": role, "after": value.split(",")})
        return seats

    def add_problem(self, place: str, texts: list[str]) -> None:
        """Say what does not hold together above the form, with its place in words."""
        words = place.replace(".", ", ").replace("_", " ")
        for text in texts:
            self.add_error(None, f"{words}: {text}")


def _in_order(before: list[str], counted: Mapping[str, str], kind: str) -> list[str]:
    order = [*(c for c in before if c in counted), *(c for c in counted if c not in before)]
    return [check_id for check_id in order if counted[check_id] == kind]


def _choice(label: str, choices: Any, initial: str, *, required: bool = False) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, initial=initial, required=required)


def _count(label: str, initial: int, least: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(label=label, initial=initial, min_value=least, max_value=most)


def limits_text(thresholds: Mapping[str, Any]) -> str:
    """The limits as lines that people can change."""
    signs = {"min": ">=", "max": "<="}
    return "\n".join(
        f"{task} {metric} {signs[side]} {limits[side]:g}"
        for task, metrics in thresholds.items()
        for metric, limits in metrics.items()
        for side in ("min", "max")
        if side in limits
    )
