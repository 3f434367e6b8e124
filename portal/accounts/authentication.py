"""Who calls the API, and the permission each view declares."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.accounts.actors import actor_of
from portal.accounts.models import ApiToken, User
from portal.accounts.permissions import require
from portal.accounts.tokens import find_token, token_actor, touch

if TYPE_CHECKING:
    from rest_framework.views import APIView

REFUSED = (
    "This token opens nothing: it is wrong, revoked or expired, or its owner has left. "
    "Make a new one on the page API tokens."
)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` with one of Signet's API tokens."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's owner and the token; None when no bearer token was sent."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        text = words[1].decode("latin-1") if len(words) == 2 else ""
        token = find_token(text)
        if token is None:
            raise AuthenticationFailed(REFUSED)
        touch(token)
        plain = request._request
        plain._actor = token_actor(token, request_id=plain.request_id)
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="Signet"'


class BrowserSession(SessionAuthentication):
    """A signed-in browser, with its CSRF token."""


class Declared(BasePermission):
    """Each view names its `action_name`, for all methods or one a method; no name, no access."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """True, or `Denied` with the roles that may; a method that no view answers gets its 405."""
        if not request.user:
            return False
        action = getattr(view, "action_name", "")
        method = "GET" if request.method == "HEAD" else request.method
        if not hasattr(view, (request.method or "").lower()):
            return bool(action)
        wanted = action.get(method, "") if isinstance(action, Mapping) else action
        if not wanted:
            return False
        require(actor_of(request._request), wanted)
        return True
