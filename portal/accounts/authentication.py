"""Who calls the API, and the permission each view declares."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed

if TYPE_CHECKING:
    from rest_framework.views import APIView


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` with one of Signet's API tokens."""

    def authenticate(self, request: Request) -> None:
        """None: no token was sent."""
        return None


class BrowserSession(SessionAuthentication):
    """A signed-in browser, with its CSRF token."""


class Declared(BasePermission):
    """Each view names its `action`; a view that names none is denied to everybody."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the caller may do the view's action at all."""
        action = getattr(view, "action_name", "")
        return bool(request.user and action and allowed(actor_of(request._request), action))
