"""What somebody sees before they ask for approval: gaps, checks, and who will have to sign."""

from dataclasses import dataclass
from functools import cached_property

from governance.checks.models import CheckRun, Verdict
from governance.checks.queries import latest_run
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.policies.rules import SeatRule, approval_needed, clock_days
from governance.requests.conflicts import ConflictList, Part, conflict_list
from governance.requests.models import OPEN_STATES, ApprovalRequest
from governance.requests.needs import flags_of, seats_needed
from governance.requests.pages.request_page import role_names
from governance.requests.queries import visible_requests
from governance.requests.seats import holders_of, never_sign
from portal.accounts.permissions import Role, allowed
from portal.actors import Actor
from registry.cards.view import CardView, card_of
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion


@dataclass(frozen=True)
class SeatNeed:
    """One signature that filing asks for, with the people who could give it."""

    label: str
    after: str
    why: str
    free: list[str]
    barred: list[tuple[str, str]]


class FilingPage:
    """A version before anybody was asked about it."""

    def __init__(self, actor: Actor, version: ModelVersion, environment: str) -> None:
        self.actor, self.version, self.environment = actor, version, environment
        self.model = version.model
        self.environments = Environment.choices

    @cached_property
    def policy(self) -> PolicyRevision:
        """The policy that would be frozen."""
        return policy_in_force()

    @property
    def approval_needed(self) -> bool:
        """Whether the environment asks for an approval at all."""
        return approval_needed(self.policy, self.environment)

    @property
    def clock(self) -> int:
        """How many working days the signers have."""
        return clock_days(self.policy, self.model.risk_tier)

    @cached_property
    def card(self) -> CardView:
        """The card with its named gaps."""
        return card_of(self.version)

    @cached_property
    def run(self) -> CheckRun | None:
        """The newest run of the checks."""
        return latest_run(self.version, self.environment)

    @property
    def failing(self) -> list[str]:
        """The required checks that would stop it."""
        if self.run is None:
            return []
        bad = (Verdict.FAIL, Verdict.COULD_NOT_RUN)
        rows = self.run.results.all()
        return [row.title for row in rows if row.is_required and row.verdict in bad]

    @cached_property
    def seats(self) -> list[SeatNeed]:
        """Who must sign, in order, with the people who could."""
        if not self.model.risk_tier:
            return []
        conflicts = conflict_list(self.version)
        if self.actor.user_id:
            conflicts.parts[self.actor.user_id].add(Part.REQUESTER)
        found = seats_needed(self.policy, self.model.risk_tier, flags_of(self.model))
        return [self._seat(rule, conflicts) for rule in found]

    def _seat(self, rule: SeatRule, conflicts: ConflictList) -> SeatNeed:
        free, barred = [], []
        people = holders_of(rule.role, self.model).exclude(pk__in=never_sign())
        for user in people.order_by("display_name", "username"):
            against = conflicts.against(user.pk, rule.role)
            if against:
                barred.append((str(user), ", ".join(against)))
            else:
                free.append(str(user))
        return SeatNeed(str(Role(rule.role).label), role_names(rule.after), rule.why, free, barred)

    @cached_property
    def open_request(self) -> ApprovalRequest | None:
        """The request about this version and environment that is under way."""
        rows = visible_requests(self.actor).filter(state__in=OPEN_STATES)
        return rows.filter(version=self.version, environment=self.environment).first()

    @property
    def may_assess(self) -> bool:
        """Whether this person can answer the risk questionnaire."""
        return allowed(self.actor, "tier.assess", self.model)

    def earlier(self, number: str) -> ApprovalRequest | None:
        """The earlier request that this one starts from: the named one, else the newest."""
        rows = visible_requests(self.actor).filter(version__model=self.model)
        if number.isdecimal() and len(number) < 10:
            return rows.filter(pk=int(number)).first()
        return rows.filter(environment=self.environment).exclude(state="draft").first()
