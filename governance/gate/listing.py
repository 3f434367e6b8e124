"""The gate's answers as their page shows them."""

from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict

from governance.gate.models import GateAnswer, GateDecision
from governance.gate.queries import visible_answers
from governance.reasons import Reason
from portal.actors import Actor
from registry.deployments.models import Environment

ANSWERS = {
    "": "Every answer",
    "allow": "Allowed",
    "deny": "Denied",
    "warned": "Let through, not approved",
}
PAGE = 50


class AnswerListing:
    """Reads an address; values that are not known count as not given."""

    def __init__(self, actor: Actor, params: QueryDict) -> None:
        self.actor = actor
        self.params = params
        self.answer = _known(params.get("answer", ""), ANSWERS)
        self.environment = _known(params.get("environment", ""), Environment.values)
        self.reason = _known(params.get("reason", ""), Reason.values)
        self.search = " ".join(params.get("q", "").split())[:200]
        self.answers = ANSWERS
        self.environments = Environment.choices
        self.reasons = Reason.choices

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.search or self.answer or self.environment or self.reason)

    @property
    def rows(self) -> QuerySet[GateDecision]:
        """The answers that match."""
        rows = visible_answers(self.actor)
        if self.answer == "warned":
            rows = rows.exclude(answer=GateAnswer.DENY).exclude(reasons=[])
        elif self.answer == "deny":
            rows = rows.filter(answer=GateAnswer.DENY)
        elif self.answer:
            rows = rows.exclude(answer=GateAnswer.DENY).filter(reasons=[])
        if self.environment:
            rows = rows.filter(environment=self.environment)
        if self.reason:
            rows = rows.filter(reasons__contains=[self.reason])
        for word in self.search.split()[:8]:
            rows = rows.filter(
                Q(asked_model__icontains=word)
                | Q(asked_version__iexact=word)
                | Q(asked_by_name__icontains=word)
                | Q(commit__istartswith=word)
            )
        return rows

    @cached_property
    def page(self) -> Page[GateDecision]:
        """The asked page, the newest first."""
        rows = self.rows.select_related("version").defer(
            "envelope", "version__params", "version__metrics", "version__signature",
            "version__datasets", "version__run_tags",
        )  # fmt: skip
        return Paginator(rows, PAGE).get_page(self.params.get("page"))


def _known(value: str, values: object) -> str:
    return value if value in values else ""  # type: ignore[operator]
