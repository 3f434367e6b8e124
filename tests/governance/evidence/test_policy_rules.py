"""What the shipped policy asks, read by the words that the rest of Signet uses."""

from datetime import UTC, datetime

import pytest

from governance.checks.registry import all_checks
from governance.policies.queries import policy_in_force
from governance.policies.rules import (
    advised_checks,
    approval_needed,
    emergency_rule,
    gate_mode,
    plan_rule,
    reattestation_rule,
    required_checks,
    seats_for,
    thresholds_for,
    valid_days,
    working_days_after,
)

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_each_tier_has_the_seats_of_the_table_in_order():
    policy = policy_in_force()
    roles = {tier: [s.role for s in seats_for(policy, tier)] for tier in ("T1", "T2", "T3", "T4")}
    assert roles["T1"] == ["model_owner", "validator", "ml_ops", "data_governance", "executive"]
    assert roles["T2"] == ["model_owner", "validator", "ml_ops", "data_governance"]
    assert roles["T3"] == ["model_owner", "validator"]
    assert roles["T4"] == ["model_owner"]
    after = {s.role: s.after for s in seats_for(policy, "T1")}
    assert after["data_governance"] == ("validator",)
    assert after["executive"] == ("data_governance",)


def test_a_flag_adds_a_seat_and_says_why():
    seats = seats_for(policy_in_force(), "T4", ["personal_data", "unheard_of"])
    assert [(s.role, s.why) for s in seats] == [
        ("model_owner", "Tier T4"),
        ("privacy", "Because personal data is used"),
    ]


def test_a_model_without_a_tier_is_held_to_the_strictest():
    policy = policy_in_force()
    assert seats_for(policy, "")[0].why == "Tier T1"
    assert len(seats_for(policy, "")) == len(seats_for(policy, "T1"))
    assert valid_days(policy, "") == 183


def test_the_rest_of_the_policy_reads_as_written():
    policy = policy_in_force()
    assert (gate_mode(policy, "production"), gate_mode(policy, "moon")) == ("enforce", "enforce")
    assert (approval_needed(policy, "staging"), approval_needed(policy, "moon")) == (False, True)
    assert (plan_rule(policy, "T1").allowed, plan_rule(policy, "T2").quota) == (False, 12)
    assert emergency_rule(policy).hours == 24
    assert reattestation_rule(policy).condition_notice_days == (7, 1)
    assert thresholds_for(policy, "classification") == {}
    for tier in ("T1", "T2", "T3", "T4"):
        named = required_checks(policy, tier) + advised_checks(policy, tier)
        assert set(named) == set(all_checks())


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (MONDAY, 2, datetime(2026, 11, 25, 12, 0, tzinfo=UTC)),
        (MONDAY, 5, datetime(2026, 11, 30, 12, 0, tzinfo=UTC)),
        (MONDAY, 2.5, datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        (datetime(2026, 11, 27, 18, 0, tzinfo=UTC), 1, datetime(2026, 11, 30, 18, 0, tzinfo=UTC)),
        (datetime(2026, 11, 28, 9, 0, tzinfo=UTC), 1, datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_weekends_are_no_working_days(start, days, end):
    assert working_days_after(start, days) == end
