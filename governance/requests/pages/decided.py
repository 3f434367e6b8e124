"""The search through past decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils.dateparse import parse_date

from governance.requests.models import ApprovalRequest, SignOff
from governance.requests.queries import visible_requests
from portal.actors import Actor
from registry.deployments.models import Environment
from registry.inventory.models import RiskTier, Task

LONGEST = 200
OUTCOMES = {
    "granted": ("Approved", ("approved", "conditional")),
    "ended": ("No longer holds", ("suspended", "revoked", "expired", "superseded")),
    "rejected": ("Rejected", ("rejected",)),
    "returned": ("Sent back", ("changes_requested",)),
    "withdrawn": ("Withdrawn", ("withdrawn",)),
}
DECIDED = tuple(state for _, states in OUTCOMES.values() for state in states)


@dataclass(frozen=True)
class Wanted:
    """What is searched for; what was not understood is left out."""

    words: str = ""
    outcome: str = ""
    environment: str = ""
    tier: str = ""
    task: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything at all was asked for."""
        return self != Wanted()

    @property
    def choices(self) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
        """The drop-downs of the form: name, label, what is chosen, and the options."""
        outcomes = [(name, label) for name, (label, _) in OUTCOMES.items()]
        return [
            ("outcome", "Any outcome", self.outcome, outcomes),
            ("environment", "Any environment", self.environment, _plain(Environment.choices)),
            ("tier", "Any tier", self.tier, _plain(RiskTier.choices)),
            ("task", "Any task", self.task, [one for one in _plain(Task.choices) if one[0]]),
        ]


def _plain(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in choices]


def wanted_of(params: Mapping[str, str]) -> Wanted:
    """What an address asks for."""

    def one_of(name: str, known: Mapping[str, object] | list[str]) -> str:
        value = params.get(name, "")
        return value if value in known else ""

    return Wanted(
        words=params.get("q", "").replace("\x00", "").strip()[:LONGEST],
        outcome=one_of("outcome", OUTCOMES),
        environment=one_of("environment", Environment.values),
        tier=one_of("tier", RiskTier.values),
        task=one_of("task", Task.values),
        since=_day(params.get("since", "")),
        until=_day(params.get("until", "")),
    )


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def decided_requests(actor: Actor, wanted: Wanted) -> QuerySet[ApprovalRequest]:
    """The requests that somebody decided, that fit; `decided_on` is when it last was."""
    last = SignOff.objects.filter(request=OuterRef("pk")).order_by("-id").values("at")[:1]
    states = OUTCOMES[wanted.outcome][1] if wanted.outcome else DECIDED
    rows = visible_requests(actor).filter(state__in=states)
    rows = rows.annotate(
        decided_on=Coalesce(Greatest("decided_at", last), "decided_at", last, "submitted_at")
    )
    for column, value in (
        ("environment", wanted.environment),
        ("tier", wanted.tier),
        ("version__model__task", wanted.task),
        ("decided_on__date__gte", wanted.since),
        ("decided_on__date__lte", wanted.until),
    ):
        if value:
            rows = rows.filter(**{column: value})
    for word in wanted.words.split()[:8]:
        rows = rows.filter(_says(word))
    return rows


def _says(word: str) -> Q:
    """Requests in which a word stands: model, number, who asked, who signed and their reasons."""
    signed = SignOff.objects.filter(request=OuterRef("pk")).filter(
        Q(signer_name__icontains=word) | Q(reason__icontains=word)
    )
    found = (
        Q(version__model__name__icontains=word)
        | Q(requester_name__icontains=word)
        | Q(purpose__icontains=word)
        | Q(closing_reason__icontains=word)
        | Q(incident_ref__icontains=word)
        | Q(Exists(signed))
    )
    number = word.lstrip("#")
    return found | Q(pk=int(number)) if number.isdecimal() and len(number) < 10 else found
