"""Findings as their page shows them."""

from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from governance.findings.models import Finding, FindingKind, Severity
from governance.findings.queries import by_weight, unapproved_in_production, visible_findings
from portal.actors import Actor

STATES = {"open": "Open", "mine": "Mine to see to", "overdue": "Overdue", "closed": "Closed"}
PAGE = 50


class FindingListing:
    """Reads an address; values that are not known count as not given."""

    def __init__(self, actor: Actor, params: QueryDict) -> None:
        self.actor = actor
        self.params = params
        state = params.get("state", "")
        self.state = state if state in STATES else "open"
        kind = params.get("kind", "")
        self.kind = kind if kind in FindingKind.values else ""
        severity = params.get("severity", "")
        self.severity = severity if severity in Severity.values else ""
        self.search = " ".join(params.get("q", "").split())[:200]
        self.states = STATES
        self.kinds = FindingKind.choices
        self.severities = Severity.choices

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.search or self.kind or self.severity or self.state != "open")

    @property
    def rows(self) -> QuerySet[Finding]:
        """The findings that match."""
        rows = visible_findings(self.actor).filter(closed_at__isnull=self.state != "closed")
        if self.state == "mine":
            rows = rows.filter(owner_id=self.actor.user_id)
        elif self.state == "overdue":
            rows = rows.filter(due_on__lt=timezone.localdate())
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.severity:
            rows = rows.filter(severity=self.severity)
        for word in self.search.split()[:8]:
            rows = rows.filter(
                Q(model__name__icontains=word)
                | Q(text__icontains=word)
                | Q(owner__display_name__icontains=word)
                | Q(owner__username__icontains=word)
            )
        return rows

    @cached_property
    def page(self) -> Page[Finding]:
        """The asked page, the gravest first."""
        rows = by_weight(self.rows.select_related("model", "version", "owner"))
        rows = rows.defer(
            "version__params", "version__metrics", "version__signature", "version__datasets",
            "version__run_tags",
        )  # fmt: skip
        return Paginator(rows, PAGE).get_page(self.params.get("page"))

    @cached_property
    def unapproved(self) -> int:
        """How many models serve without an approval that holds."""
        return unapproved_in_production(self.actor)

    @cached_property
    def today(self) -> object:
        """The day by which a row is overdue or not."""
        return timezone.localdate()
