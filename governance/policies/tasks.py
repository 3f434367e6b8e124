"""Trying a draft of the policy in the background."""

from typing import Any

from governance.policies.services import policy_try
from portal.jobs.context import JobContext
from portal.jobs.registry import job


@job("governance.dry_run", title="Try a draft of the policy", retries=2)
def try_draft(context: JobContext, *, revision_id: int) -> dict[str, Any]:
    """Judge today's portfolio and the last requests by the draft."""
    draft = policy_try(actor=context.actor, revision_id=revision_id)
    found = draft.dry_run
    text = "The draft was written meanwhile; try it again."
    if found:
        looked = f"{found['versions']} versions that serve and {found['requests']} requests"
        text = (
            f"Of {looked} it would have blocked {found['blocked']}, {found['newly']} of them newly."
        )
    return {"text": text, "link": f"/policies/{draft.number}/"}
