"""What time does to requests: mail, reminders, notices, and the end of what has run out."""

from typing import Any

from governance.requests.clock import clock_look
from governance.requests.models import ApprovalRequest
from governance.requests.notices import KIND, notice_send
from governance.requests.standing import with_facts
from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import every


@job(KIND, title="Tell people about an approval", retries=20)
def notice(context: JobContext, *, request_id: int, people: list[int], text: str) -> dict[str, Any]:
    """Mail one event of a request to the people it concerns."""
    request = with_facts(ApprovalRequest.objects.all()).get(pk=request_id)
    told = notice_send(request, people, text)
    return {"text": f"{told} people mailed.", "link": f"/approvals/{request_id}/"}


@job("governance.clock", title="Reminders, notices and ends of approvals", service="governance")
def clock(context: JobContext) -> dict[str, Any]:
    """Remind, warn and end what is due; nothing is ever approved because nobody answered."""
    counts = clock_look(context.actor, context.log)
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return {"text": f"{told or 'Nothing'} due."}


every(minutes=5, kind="governance.clock", key="due")
