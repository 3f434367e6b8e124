"""Who acts: a person, an API token or one of Signet's own services."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Grant:
    """One role that somebody holds: everywhere, or for one team, or for one business unit."""

    role: str
    team_id: int | None = None
    business_unit_id: int | None = None


@dataclass(frozen=True)
class Actor:
    """The one who acts, as every service and every trail event names them."""

    kind: Literal["person", "token", "service"]
    key: str
    name: str
    user_id: int | None = None
    on_behalf_of: str = ""
    request_id: str = ""
    grants: frozenset[Grant] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)


def service(name: str, *, on_behalf_of: str = "") -> Actor:
    """Signet itself, in the role of one of its services, such as `sync`."""
    return Actor(kind="service", key=f"service:{name}", name=name, on_behalf_of=on_behalf_of)
