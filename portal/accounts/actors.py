"""From a request to the actor that services and permissions know."""

from django.http import HttpRequest

from portal.accounts.models import User
from portal.actors import Actor, Grant


def grants_of(user: User) -> frozenset[Grant]:
    """The roles that a person holds, as plain values."""
    rows = user.role_grants.values_list("role", "team_id", "business_unit_id")
    return frozenset(Grant(*row) for row in rows)


def person(user: User, *, request_id: str = "") -> Actor:
    """A person as an actor, with the roles held at this moment; none when deactivated."""
    return Actor(
        kind="person",
        key=f"user:{user.pk}",
        name=str(user),
        user_id=user.pk,
        request_id=request_id,
        grants=grants_of(user) if user.is_active else frozenset(),
    )


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person of this request; read once a request."""
    if not hasattr(request, "_actor"):
        request._actor = person(request.user, request_id=getattr(request, "request_id", ""))
    return request._actor
