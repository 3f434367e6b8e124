"""The promotion ledger: every move of a production alias, also those made outside Signet."""

from datetime import datetime

from django.utils import timezone

from governance.findings.models import FindingKind, Severity
from governance.findings.services import finding_open
from governance.requests.models import ApprovalRequest
from governance.writeback.models import AliasMove
from portal.accounts.models import User
from portal.actors import Actor
from registry.inventory.models import RegisteredModel

CHAMPION = "champion"
# The aliases that say what serves in production; only an approved version may have one.
PRODUCTION_ALIASES = (CHAMPION,)
OUTSIDE = "unknown (outside Signet)"
APPROVED_SINCE = "nobody: it stayed, and was approved"


def last_move(model: RegisteredModel, alias: str, at: datetime | None = None) -> AliasMove | None:
    """The last move of an alias, up to a moment."""
    moves = AliasMove.objects.filter(model=model, alias=alias)
    return (moves.filter(at__lte=at) if at else moves).order_by("-at", "-pk").first()


def known_to(model: RegisteredModel, alias: str) -> str:
    """The version at which the ledger has an alias; empty when it is nowhere or never was."""
    move = last_move(model, alias)
    return move.to_version if move else ""


def move_write(
    *,
    model: RegisteredModel,
    alias: str,
    to: str,
    by: User | None,
    by_name: str,
    request: ApprovalRequest | None = None,
    is_bypass: bool = False,
    at: datetime | None = None,
) -> AliasMove | None:
    """Write one move; None when the ledger has the alias there already.

    A version that was put there without approval and is approved since gets a line of its own, so
    that the ledger says under which approval it serves from then on. The caller holds the model's
    row and records the event.
    """
    last = last_move(model, alias)
    was = last.to_version if last else ""
    if was == to and not (last and last.is_bypass and request):
        return None
    return AliasMove.objects.create(
        model=model,
        alias=alias,
        from_version=was,
        to_version=to,
        at=at or timezone.now(),
        by=by,
        by_name=by_name,
        request=request,
        is_bypass=is_bypass,
    )


def outside_move_write(
    *, model: RegisteredModel, alias: str, to: str, is_bypass: bool
) -> AliasMove | None:
    """Write a move that Signet did not make; the caller says whether the version was approved."""
    return move_write(
        model=model, alias=alias, to=to, by=None, by_name=OUTSIDE, is_bypass=is_bypass
    )


def bypass_key(model: RegisteredModel, alias: str, version: str) -> str:
    """The key of the finding that an alias is at an unapproved version."""
    return f"bypass:{model.pk}:{alias}:{version}"


def bypass_find(*, actor: Actor, move: AliasMove, why: str) -> None:
    """Open the finding that an alias was moved to a version that no approval covers."""
    was = f"from version {move.from_version} " if move.from_version else ""
    finding_open(
        actor=actor,
        model=move.model,
        version=move.model.versions.filter(version=move.to_version).first(),
        kind=FindingKind.BYPASS,
        severity=Severity.HIGH,
        key=bypass_key(move.model, move.alias, move.to_version),
        text=(
            f"The alias {move.alias} was moved {was}to version {move.to_version} outside Signet. "
            f"{why} Ask for approval of that version, or move the alias back."
        ),
        facts={"alias": move.alias, "from": move.from_version, "to": move.to_version},
    )
