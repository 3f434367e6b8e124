"""What accompanies a review: remarks, evidence that was opened, a nudge to whose turn it is."""

from datetime import timedelta

from django.db import transaction

from governance.requests.models import ApprovalRequest, EvidenceOpening, RequestComment
from governance.requests.notices import notice_enqueue, turn_takers
from governance.requests.queries import visible_requests
from governance.requests.services.states import REVIEWED, locked, now, text_of
from portal.accounts.permissions import allowed, require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import record
from registry.cards.schema import schema_of

NUDGE_EVERY = timedelta(hours=24)


def request_comment(
    *, actor: Actor, request_id: int, text: str, field_key: str = ""
) -> RequestComment:
    """Remark on a request, or on one field of its card."""
    with transaction.atomic():
        request = locked(actor, request_id)
        require(actor, "approval.comment", request)
        if field_key and field_key not in schema_of().by_key:
            raise Invalid.at("field_key", "The card has no such field.")
        said = text_of("text", text, "Write what you want to say.")
        comment = RequestComment.objects.create(
            request=request, field_key=field_key, text=said, author_id=actor.user_id
        )
        after = {"comment": comment.pk, "field": field_key, "text": said}
        record(actor, "approval.comment", request, after=after)
    return comment


def evidence_opened(*, actor: Actor, request_id: int, what: str) -> None:
    """Note once that somebody who may sign has opened a piece of evidence."""
    if actor.kind != "person" or not allowed(actor, "approval.sign"):
        return
    with transaction.atomic():
        request = visible_requests(actor).select_related("version__model").get(pk=request_id)
        _, is_new = EvidenceOpening.objects.get_or_create(
            request=request, person_id=actor.user_id, what=what[:120]
        )
        if is_new:
            record(actor, "approval.evidence_opened", request, after={"what": what[:120]})


def request_nudge(*, actor: Actor, request_id: int) -> ApprovalRequest:
    """Remind whoever's turn it is by mail, once a day at most."""
    at = now()
    with transaction.atomic():
        request = locked(actor, request_id)
        require(actor, "approval.request", request.version)
        if request.state not in REVIEWED:
            raise Conflict("Nobody's turn it is: the request is not in review.", code="wrong-state")
        if request.reminded_at and request.reminded_at > at - NUDGE_EVERY:
            raise Conflict(
                f"They were reminded on {request.reminded_at:%d %B at %H:%M} UTC; once a day is "
                "enough.",
                code="nudged",
            )
        request.reminded_at = at
        request.save(update_fields=["reminded_at"])
        takers = turn_takers(request, at=at)
        record(actor, "approval.nudge", request, after={"told": sorted(user.pk for user in takers)})
        notice_enqueue(
            actor=actor,
            request=request,
            event=f"nudge:{at:%Y%m%d}",
            to=[user.pk for user in takers],
            text=f"{actor.name} asks you to look at this request.",
        )
    return request
