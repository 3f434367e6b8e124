"""What served when: reads of the promotion ledger and of deployments under an approval."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from governance.promotion.models import DeploymentApproval
from governance.writeback.ledger import CHAMPION, last_move
from governance.writeback.models import AliasMove
from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.deployments.models import Deployment, Environment
from registry.inventory.models import ModelVersion, RegisteredModel


@dataclass(frozen=True)
class AsOf:
    """What the champion of a model was at a moment, by which move, and what served then."""

    at: datetime
    move: AliasMove | None
    version: ModelVersion | None
    deployments: list[Deployment]

    @property
    def number(self) -> str:
        """The version's number; empty when there was no champion."""
        return self.move.to_version if self.move else ""


def champion_as_of(model: RegisteredModel, at: datetime, *, alias: str = CHAMPION) -> AsOf:
    """The champion at that moment, who made it so and under which request.

    `move` is None before the ledger begins: Signet does not know what was before it looked.
    """
    move = last_move(model, alias, at)
    number = move.to_version if move else ""
    version = model.versions.filter(version=number).first() if number else None
    served = Deployment.objects.filter(
        version__model=model, environment=Environment.PRODUCTION, started_at__lte=at
    ).exclude(ended_at__lte=at)
    related = served.select_related("version", "approval__request", "approval__decision")
    return AsOf(at, move, version, list(related.order_by("name")))


def visible_moves(actor: Actor, model: RegisteredModel) -> QuerySet[AliasMove]:
    """The ledger of a model, newest first."""
    rows = AliasMove.objects.filter(model=model).select_related("request", "by")
    return rows if allowed(actor, "registry.view") else rows.none()


def visible_approvals(actor: Actor) -> QuerySet[DeploymentApproval]:
    """Under which answers and approvals deployments were recorded."""
    rows = DeploymentApproval.objects.all()
    return rows if allowed(actor, "registry.view") else rows.none()
