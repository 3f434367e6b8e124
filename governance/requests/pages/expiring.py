"""Approvals that end before long, and promises that come due."""

from datetime import datetime, timedelta
from typing import Any

from governance.requests.models import GRANTED_STATES, OPEN_STATES, ApprovalRequest, Condition
from governance.requests.queries import visible_requests
from portal.accounts.permissions import allowed
from portal.actors import Actor

HORIZONS = (14, 30, 90, 365)
MOST = 200
LIVE = (*GRANTED_STATES, "suspended")


def horizon_of(text: str | None) -> int:
    """How many days ahead to look; 90 where the address says nothing sensible."""
    return int(text) if text and text.isdecimal() and int(text) in HORIZONS else 90


def expiring_rows(actor: Actor, *, at: datetime, days: int) -> dict[str, Any]:
    """What ends within `days`, soonest first, with whether a new request is under way."""
    live = visible_requests(actor).filter(state__in=LIVE)
    ending = live.filter(expires_at__lte=at + timedelta(days=days)).order_by("expires_at", "pk")
    related = "version__model__owner", "version__model__team__business_unit"
    rows = list(ending.select_related(*related)[:MOST])
    under_way = _under_way(actor, rows)
    for row in rows:
        row.renewal = under_way.get((row.version.model_id, row.environment))  # type: ignore[attr-defined]
        row.may_renew = allowed(actor, "approval.request", row)  # type: ignore[attr-defined]
    promised = Condition.objects.filter(met_at=None, request__in=live.values("pk"))
    due = promised.filter(due_on__lte=(at + timedelta(days=days)).date())
    return {
        "rows": rows,
        "conditions": list(due.select_related("owner", "request__version__model")[:MOST]),
        "horizons": HORIZONS,
    }


def _under_way(actor: Actor, rows: list[ApprovalRequest]) -> dict[tuple[int, str], ApprovalRequest]:
    """The newest open request of each of these models, by environment."""
    models = {row.version.model_id for row in rows}
    found = visible_requests(actor).filter(state__in=OPEN_STATES, version__model__in=models)
    opened = found.select_related("version").order_by("pk")
    return {(one.version.model_id, one.environment): one for one in opened}
