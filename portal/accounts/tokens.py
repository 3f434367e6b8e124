"""The shape of an API token, and how one is recognised. The secret itself is never stored."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from portal.accounts.actors import grants_of
from portal.accounts.models import ApiToken
from portal.actors import Actor, Grant

LONGEST = timedelta(days=90)
TOUCH_EVERY = timedelta(minutes=1)
SHAPE = re.compile(r"sgn_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


def new_secret() -> tuple[str, str]:
    """A fresh public id and the full text of a token, with 256 random bits."""
    public_id = secrets.token_hex(6)
    return public_id, f"sgn_{public_id}_{secrets.token_urlsafe(32)}"


def digest_of(text: str) -> str:
    """HMAC-SHA-256 of a token's full text under the pepper, which lives outside the database."""
    return hmac.new(settings.TOKEN_PEPPER.encode(), text.encode(), hashlib.sha256).hexdigest()


def find_token(text: str) -> ApiToken | None:
    """The live token with this text; None for a wrong, ended, revoked or orphaned one."""
    match = SHAPE.fullmatch(text)
    public_id = match[1] if match else ""
    token = ApiToken.objects.select_related("owner", "team").filter(public_id=public_id).first()
    stored = token.digest if token else "0" * 64
    genuine = hmac.compare_digest(stored, digest_of(text))
    return token if token and genuine and is_live(token) else None


def is_live(token: ApiToken) -> bool:
    """Whether a token still opens anything: not revoked, not expired, its owner active."""
    return token.revoked_at is None and token.expires_at > timezone.now() and token.owner.is_active


def touch(token: ApiToken) -> None:
    """Note that a token was used; written at most once a minute."""
    now = timezone.now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - TOUCH_EVERY)
    if token.last_used_at is None or token.last_used_at < now - TOUCH_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def token_actor(token: ApiToken, *, request_id: str = "") -> Actor:
    """A token as an actor: its scopes, within the roles its owner holds at this moment."""
    return Actor(
        kind="token",
        key=f"token:{token.public_id}",
        name=f"{token.name} (token)",
        user_id=token.owner_id,
        on_behalf_of=str(token.owner),
        request_id=request_id,
        grants=within_team(grants_of(token.owner), token),
        scopes=frozenset(token.scopes),
    )


def within_team(grants: frozenset[Grant], token: ApiToken) -> frozenset[Grant]:
    """The owner's grants, narrowed to the token's team when it names one; never widened."""
    team = token.team
    if team is None:
        return grants
    kept = set()
    for grant in grants:
        if grant.team_id == team.pk or (grant.team_id is None and grant.business_unit_id is None):
            kept.add(grant)
        elif grant.business_unit_id == team.business_unit_id:
            kept.add(Grant(grant.role, team_id=team.pk))
    return frozenset(kept)
