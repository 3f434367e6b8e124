"""What approvals say about where a version is in its life, for the inventory to list."""

from collections.abc import Iterable

from governance.requests.models import ApprovalRequest, RequestKind, RequestState
from registry.inventory.models import Lifecycle

# The first of these that any request of a version is in says where the version is.
STATES = {
    RequestState.IN_REVIEW: Lifecycle.IN_REVIEW,
    RequestState.SUBMITTED: Lifecycle.IN_REVIEW,
    RequestState.CHANGES_REQUESTED: Lifecycle.CHANGES_REQUESTED,
    RequestState.APPROVED: Lifecycle.APPROVED,
    RequestState.CONDITIONAL: Lifecycle.APPROVED,
    RequestState.REJECTED: Lifecycle.REJECTED,
    RequestState.EXPIRED: Lifecycle.APPROVAL_EXPIRED,
    RequestState.SUSPENDED: Lifecycle.APPROVAL_EXPIRED,
    RequestState.REVOKED: Lifecycle.APPROVAL_EXPIRED,
}
RANK = {state: rank for rank, state in enumerate(STATES)}


def approval_states(version_ids: Iterable[int]) -> dict[int, Lifecycle]:
    """Where requests have brought each version, in one query; versions without any are left out.

    Of finished requests only the newest one counts, so that a rejection is overtaken by a later
    approval and the other way round.
    """
    rows = (
        ApprovalRequest.objects.filter(version__in=list(version_ids), state__in=list(STATES))
        .exclude(kind=RequestKind.PLAN)
        .order_by("version_id", "environment", "-id")
        .values_list("version_id", "environment", "state")
    )
    found: dict[int, RequestState] = {}
    decided: set[tuple[int, str]] = set()
    for version, environment, value in rows:
        state = RequestState(value)
        is_open = RANK[state] <= RANK[RequestState.CHANGES_REQUESTED]
        if not is_open:
            if (version, environment) in decided:
                continue
            decided.add((version, environment))
        if version not in found or RANK[state] < RANK[found[version]]:
            found[version] = state
    return {version: STATES[state] for version, state in found.items()}
