"""Telling people that it is their turn, or what became of a request: one mail for each event."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage

from governance.requests.models import ApprovalRequest
from governance.requests.seats import seat_candidates, seat_states
from governance.requests.subjects import part_digests
from portal.accounts.models import User
from portal.accounts.permissions import Role
from portal.actors import Actor, service
from portal.errors import Upstream
from portal.jobs.services import job_enqueue

KIND = "governance.notice"


def notice_enqueue(
    *, actor: Actor, request: ApprovalRequest, event: str, to: Iterable[int | None], text: str
) -> None:
    """Have people told by mail after commit; the same event of a round tells each once."""
    people = sorted({pk for pk in to if pk})
    if not people:
        return
    job_enqueue(
        actor=actor,
        kind=KIND,
        key=f"request:{request.pk}:{request.round}:{event}",
        args={"request_id": request.pk, "people": people, "text": text},
        why=text[:200],
    )


def governance() -> Actor:
    """Signet's own governance service."""
    return service("governance")


def turn_takers(request: ApprovalRequest, *, at: datetime) -> list[User]:
    """Who can sign a seat that is open now: role holders nothing stands against, delegates too."""
    found: dict[int, User] = {}
    for state in seat_states(request, part_digests(request.subject)):
        if not state.is_open:
            continue
        for candidate in seat_candidates(request, state.seat.role, at=at):
            if not candidate.against:
                people = [candidate.user, *candidate.delegates]
                found.update({user.pk: user for user in people})
    return list(found.values())


def deputies(request: ApprovalRequest, *, at: datetime) -> list[User]:
    """The delegates of those whose turn it is; everybody who may sign where there are none."""
    found: dict[int, User] = {}
    for state in seat_states(request, part_digests(request.subject)):
        if state.is_open:
            for candidate in seat_candidates(request, state.seat.role, at=at):
                found.update({user.pk: user for user in candidate.delegates})
    return list(found.values()) or turn_takers(request, at=at)


def leads() -> list[User]:
    """The people who lead governance."""
    people = User.objects.filter(is_active=True, role_grants__role=Role.GOVERNANCE_LEAD)
    return list(people.distinct())


def answerable(request: ApprovalRequest) -> list[int | None]:
    """Who filed a request and who owns its model."""
    return [request.requester_id, request.version.model.owner_id]


def notice_send(request: ApprovalRequest, people: Iterable[int], text: str) -> int:
    """Mail an event to those of the people who have an address; how many were told."""
    addressed = User.objects.filter(pk__in=list(people), is_active=True).exclude(email="")
    addresses = sorted(set(addressed.values_list("email", flat=True)))
    model = " ".join(request.version.model.name.split())[:80]
    for address in addresses:
        mail = EmailMessage(
            subject=f"Signet: {model} version {request.version.version}, request {request.pk}",
            body=_body(request, text),
            to=[address],
        )
        try:
            mail.send()
        except OSError as error:
            raise Upstream(
                f"The mail server did not take the mail: {error}. It is sent again later.",
                permanent=False,
                code="notice-mail",
            ) from error
    return len(addresses)


def _body(request: ApprovalRequest, text: str) -> str:
    due = f"Due {request.due_at:%d %B %Y, %H:%M} UTC\n" if request.due_at else ""
    return (
        f"{text}\n\n"
        f"{request.version} in {request.get_environment_display()}\n"
        f"Risk tier {request.tier or 'not set'}, filed by {request.requester_name}\n"
        f"{due}"
        f"{settings.PORTAL_URL}/approvals/{request.pk}/\n"
    )
