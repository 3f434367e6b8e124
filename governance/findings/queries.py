"""Reads of findings; each starts from what the actor may see."""

from django.db.models import (
    Case,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from governance.findings.models import Finding, FindingKind, Severity
from governance.writeback.models import AliasMove
from portal.accounts.models import User
from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.inventory.models import ModelVersion, RegisteredModel


def visible_findings(actor: Actor) -> QuerySet[Finding]:
    """The findings that `actor` may see, closed ones included."""
    rows = Finding.objects.all()
    return rows if allowed(actor, "finding.view") else rows.none()


def by_weight(rows: QuerySet[Finding]) -> QuerySet[Finding]:
    """Open before closed, the gravest first, then what is due first."""
    grades = [When(severity=grade, then=Value(place)) for place, grade in enumerate(Severity)]
    weight = Case(*grades, default=Value(len(grades)), output_field=IntegerField())
    return rows.annotate(weight=weight).order_by("closed_at", "weight", "due_on", "-pk")


def open_findings(model: RegisteredModel, version: ModelVersion | None = None) -> QuerySet[Finding]:
    """What is open about a model, or about one version of it and the model as a whole."""
    rows = Finding.objects.filter(model=model, closed_at=None)
    return rows if version is None else rows.filter(Q(version=None) | Q(version=version))


def unapproved_in_production(actor: Actor) -> int:
    """How many models serve, or are champion, without an approval that holds, as last looked.

    The finding of a bypass stays until a person closes it; the ledger says whether it is still so.
    """
    moves = AliasMove.objects.filter(model=OuterRef("model"), alias="champion")
    rows = visible_findings(actor).annotate(
        goes_on=Subquery(moves.order_by("-at", "-pk").values("is_bypass")[:1])
    )
    rows = rows.filter(
        Q(kind=FindingKind.UNGATED) | Q(kind=FindingKind.BYPASS, goes_on=True), closed_at=None
    )
    return rows.values("model").distinct().count()


def assignable_people() -> QuerySet[User]:
    """Who may be given a finding: everybody who can sign in and holds a role."""
    people = User.objects.filter(is_active=True, role_grants__isnull=False).distinct()
    return people.order_by("display_name", "username")
