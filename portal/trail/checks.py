"""The system check that the application cannot change its own trail."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS

from portal.dbroles import runtime_can

HINT = (
    "Use two roles: DATABASE_OWNER_URL owns the tables and runs `manage.py migrate --database "
    "owner`; DATABASE_URL is another role, which that command gives its rights (docs/trail.md)."
)


@register(Tags.database)
def trail_is_out_of_reach(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """`trail.E001` for each right over the trail that the runtime role has; a warning in DEBUG."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    kind = Warning if settings.DEBUG else Error
    return [kind(text, hint=HINT, id="trail.E001") for text in runtime_can()]
