"""One approval request as its page shows it; each part is read when the template asks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from governance.checks.models import CheckResult, CheckRun, Verdict
from governance.checks.queries import latest_manifest, latest_run
from governance.findings.models import Finding
from governance.findings.queries import open_findings, visible_findings
from governance.requests.conflicts import WORDS, ConflictList, conflict_list
from governance.requests.models import (
    GRANTED_STATES,
    ApprovalRequest,
    Condition,
    EmergencyReview,
    EvidenceOpening,
    RequestComment,
    RequestKind,
    RequestState,
    SignOff,
    Suspension,
)
from governance.requests.pages.differences import Champion, SinceSigned, champion_of, since_signed
from governance.requests.pages.envelope import envelope_words
from governance.requests.seats import Candidate, SeatState, holders_of, seat_candidates
from governance.requests.services.states import MAY
from governance.requests.signers import why_not
from governance.requests.standing import Standing, standing_of
from governance.requests.subjects import changed_parts, part_digests
from portal.accounts.models import User
from portal.accounts.permissions import Role, allowed
from portal.actors import Actor
from portal.trail.models import TrailEvent
from portal.trail.queries import events_of
from registry.cards.comments.queries import open_comments
from registry.cards.schema import schema_of
from registry.cards.summary import Question, summary_of
from registry.cards.view import card_of

HISTORY = 30
BAD = (Verdict.FAIL, Verdict.COULD_NOT_RUN)
# verb on the page -> the action of the permission table that it needs
NEEDS = {
    "submit": "approval.request",
    "withdraw": "approval.request",
    "suspend": "approval.govern",
    "reinstate": "approval.govern",
    "revoke": "approval.govern",
}


@dataclass(frozen=True)
class Turn:
    """A seat whose role this person holds, and why they cannot sign it now, if so."""

    state: SeatState
    why_not: str


@dataclass(frozen=True)
class SeatView:
    """One seat with who could fill it."""

    state: SeatState
    candidates: list[Candidate] = field(default_factory=list)
    number: int = 0

    @property
    def free(self) -> list[Candidate]:
        """Those nothing stands against."""
        return [one for one in self.candidates if not one.against]

    @property
    def first(self) -> str:
        """The roles that sign before it."""
        return role_names(self.state.waits_for)

    @property
    def barred(self) -> list[Candidate]:
        """Those who took part, and so cannot sign."""
        return [one for one in self.candidates if one.against]


@dataclass(frozen=True)
class CommentView:
    """A comment with the label of the field it is about."""

    comment: RequestComment
    label: str


class RequestPage:
    """Everything that somebody needs to decide about one request."""

    def __init__(self, actor: Actor, request: ApprovalRequest, *, at: datetime) -> None:
        self.actor, self.request, self.at = actor, request, at
        self.version, self.model = request.version, request.version.model

    @cached_property
    def standing(self) -> Standing:
        """Whether the approval holds, with every cause if not."""
        return standing_of(self.request, at=self.at)

    @property
    def granted(self) -> bool:
        """Whether an approval was given, be it that it does not hold now."""
        return self.request.state in (*GRANTED_STATES, RequestState.SUSPENDED)

    @property
    def in_review(self) -> bool:
        """Whether people may sign it."""
        return self.request.state == RequestState.IN_REVIEW

    @property
    def overdue(self) -> bool:
        """Whether its clock has run out."""
        waits = self.request.state in ("submitted", "in_review")
        return waits and self.request.due_at is not None and self.request.due_at < self.at

    @cached_property
    def signatures(self) -> list[SignOff]:
        """Every signature ever given on it, oldest first."""
        rows = self.request.sign_offs.select_related("on_behalf_of").order_by("id")
        return list(rows)

    @cached_property
    def seats(self) -> list[SeatView]:
        """The seats in order; open ones with their candidates."""
        numbers = {row.pk: place for place, row in enumerate(self.signatures, start=1)}
        return [
            SeatView(
                state,
                self._candidates(state),
                numbers.get(state.sign_off.pk, 0) if state.sign_off else 0,
            )
            for state in self.standing.seats
        ]

    def _candidates(self, state: SeatState) -> list[Candidate]:
        if not self.in_review or state.stands:
            return []
        return seat_candidates(self.request, state.seat.role, at=self.at)

    @property
    def signed(self) -> int:
        """How many seats stand."""
        return sum(1 for seat in self.standing.seats if seat.stands)

    @cached_property
    def turns(self) -> list[Turn]:
        """The unsigned seats that this person's roles or delegations point at."""
        if not self.in_review or not allowed(self.actor, "approval.sign"):
            return []
        states = self.standing.seats
        return [
            Turn(state, why_not(self.actor, self.request, state, states, self.at))
            for state in states
            if not state.stands and self._is_near(state.seat.role)
        ]

    def _is_near(self, role: str) -> bool:
        people = {self.actor.user_id, *self._delegators.get(role, ())}
        return holders_of(role, self.model).filter(pk__in=people).exists()

    @cached_property
    def _delegators(self) -> dict[str, list[int]]:
        from governance.requests.seats import delegations_in_force

        found: dict[str, list[int]] = {}
        rows = delegations_in_force(self.at).filter(delegate=self.actor.user_id)
        for role, delegator in rows.values_list("role", "delegator"):
            found.setdefault(role, []).append(delegator)
        return found

    @property
    def my_turns(self) -> list[Turn]:
        """What this person can sign now."""
        return [] if self.moved else [turn for turn in self.turns if not turn.why_not]

    @cached_property
    def moved(self) -> list[str]:
        """The parts that changed since it was filed, so that it must be filed again first."""
        if not self.in_review or self.standing.subject is None:
            return []
        if self.standing.subject.digest == self.request.digest:
            return []
        from governance.requests.parts import LABELS

        parts = changed_parts(part_digests(self.request.subject), self.standing.subject.parts)
        return [LABELS[part] for part in parts]

    @cached_property
    def run(self) -> CheckRun | None:
        """The check run that the request froze; before it is filed, the newest."""
        return self.request.check_run or self.newest_run

    @cached_property
    def newest_run(self) -> CheckRun | None:
        """The newest run for this environment."""
        return latest_run(self.version, self.request.environment)

    @cached_property
    def results(self) -> list[CheckResult]:
        """What the checks found, what stops the approval first."""
        if self.run is None:
            return []
        weight = {verdict: place for place, verdict in enumerate(("fail", "could_not_run", "warn"))}
        rows = list(self.run.results.all())
        return sorted(rows, key=lambda row: (not row.is_required, weight.get(row.verdict, 9)))

    @property
    def stopping(self) -> list[CheckResult]:
        """The required checks that do not pass."""
        return [row for row in self.results if row.is_required and row.verdict in BAD]

    @property
    def warnings(self) -> list[CheckResult]:
        """What is advised and does not pass, and what passes with a warning."""
        worth = (*BAD, Verdict.WARN)
        return [row for row in self.results if row not in self.stopping and row.verdict in worth]

    @cached_property
    def manifest_digest(self) -> str:
        """The artifact's digest as the request froze it."""
        frozen = self.request.subject.get("parts", {}).get("artifact", {}).get("digest")
        found = None if frozen else latest_manifest(self.version)
        return str(frozen or (found.digest if found else ""))

    @cached_property
    def champion(self) -> Champion | None:
        """This version beside the champion."""
        return champion_of(self.version)

    @cached_property
    def questions(self) -> list[Question]:
        """The card in short, as it was filed."""
        pinned = self.request.card_revision
        own = pinned is not None and pinned.version_id == self.version.pk
        card = card_of(self.version, number=pinned.number if pinned and own else None)
        return [question for question in summary_of(card) if question.said]

    @property
    def envelope(self) -> list[tuple[str, str]]:
        """What a change plan lets a retrain differ in."""
        plan = self.request.plan
        return envelope_words(plan) if plan else []

    @cached_property
    def since(self) -> SinceSigned | None:
        """What changed since this person's last signature for the model."""
        return since_signed(self.request, self.actor.user_id)

    @cached_property
    def involved(self) -> list[tuple[str, str]]:
        """Who took part in making the version and how, named also where no account fits."""
        found: ConflictList = conflict_list(self.version, self.request)
        people = {user.pk: str(user) for user in User.objects.filter(pk__in=found.parts)}
        rows = [
            (people.get(pk, "Somebody who left"), ", ".join(WORDS[part] for part in sorted(parts)))
            for pk, parts in found.parts.items()
        ]
        return [*rows, *((name, f"{WORDS[part]}; no account") for part, name in found.unmatched)]

    @cached_property
    def findings(self) -> list[Finding]:
        """What is open about the version and its model."""
        rows = open_findings(self.model, self.version)
        return list(rows.filter(pk__in=visible_findings(self.actor).values("pk"))[:20])

    @cached_property
    def comments(self) -> list[CommentView]:
        """What was said about the request."""
        fields = schema_of().by_key
        return [
            CommentView(one, fields[one.field_key].label if one.field_key in fields else "")
            for one in self.request.comments.select_related("author")
        ]

    @cached_property
    def card_comments(self) -> int:
        """How many comments on the card are still open."""
        return sum(open_comments(self.version).values())

    @cached_property
    def conditions(self) -> list[Condition]:
        """What was promised, met or not."""
        return list(self.request.conditions.select_related("owner", "met_by"))

    @cached_property
    def suspensions(self) -> list[Suspension]:
        """Every suspension, newest first."""
        return list(self.request.suspensions.all())

    @cached_property
    def opened(self) -> set[str]:
        """The evidence that this person has opened."""
        rows = EvidenceOpening.objects.filter(request=self.request, person=self.actor.user_id)
        return set(rows.values_list("what", flat=True))

    @cached_property
    def history(self) -> list[TrailEvent]:
        """What happened to it, newest first."""
        return events_of(self.request, limit=HISTORY)

    @property
    def may_open_trail(self) -> bool:
        """Whether this person can open an event's own page."""
        return allowed(self.actor, "trail.view")

    @cached_property
    def may(self) -> set[str]:
        """The verbs this person can use now; the same questions guard each form's address."""
        found = {
            verb
            for verb, action in NEEDS.items()
            if self.request.state in MAY[verb] and allowed(self.actor, action, self.request)
        }
        if "submit" in found and not self._worth_submitting:
            found.discard("submit")
        if allowed(self.actor, "approval.comment", self.request):
            found.add("comment")
        if self.in_review and allowed(self.actor, "approval.request", self.request):
            found.add("nudge")
        if self.granted and allowed(self.actor, "approval.condition", self.request):
            found.add("condition")
        return found | self._emergency_verbs

    @property
    def _worth_submitting(self) -> bool:
        """Whether filing it (again) would change anything."""
        if self.request.state in (RequestState.DRAFT, RequestState.CHANGES_REQUESTED):
            return True
        if self.in_review:
            return bool(self.moved)
        return any(cause.seats for cause in self.standing.causes)

    @property
    def _emergency_verbs(self) -> set[str]:
        ended = self.request.state in (RequestState.EXPIRED, RequestState.SUPERSEDED)
        if self.request.kind != RequestKind.EMERGENCY or not (self.granted or ended):
            return set()
        if not allowed(self.actor, "approval.govern", self.request):
            return set()
        renew = set() if ended else {"renew"}
        return renew if self.review else {*renew, "review"}

    @cached_property
    def review(self) -> EmergencyReview | None:
        """The verdict on an emergency change, once there is one."""
        return EmergencyReview.objects.filter(request=self.request).first()

    @property
    def waiting_for(self) -> str:
        """Whose turn it is, in words."""
        return role_names(seat.state.seat.role for seat in self.seats if seat.state.is_open)


def role_names(roles: Iterable[str]) -> str:
    """The names of roles in one line."""
    return ", ".join(str(Role(role).label) for role in roles)
