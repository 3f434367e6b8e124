"""The guard of every browser view: who may open it, and with which methods."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from portal.accounts.actors import actor_of
from portal.accounts.permissions import require, rule_of

PUBLIC = "public"
SIGNED_IN = "signed-in"
View = Callable[..., HttpResponse]
Actions = str | Mapping[str, str]
PAGE_METHODS = ("GET", "POST")


def needs(action: Actions, obj: Callable[..., Any] | None = None) -> Callable[[View], View]:
    """Guard a function view by an action of the permission table, or by one a method.

    `obj` finds the subject from the view's own arguments when the answer depends on it; a service
    that locks its subject asks again. Methods that are not named are refused with 405.
    """
    actions = dict.fromkeys(PAGE_METHODS, action) if isinstance(action, str) else action
    for name in actions.values():
        rule_of(name)

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            wanted = actions.get("GET" if request.method == "HEAD" else request.method or "")
            if wanted is None:
                return HttpResponseNotAllowed(methods_of(actions))
            actor = actor_of(request)
            require(actor, wanted)
            if obj:
                require(actor, wanted, obj(request, *args, **kwargs))
            return view(request, *args, **kwargs)

        return declare(guarded, action)

    return guard


def signed_in(view: View) -> View:
    """Open to every signed-in person, also without a role: their own account and nothing else."""
    return declare(_page_methods_only(view), SIGNED_IN)


def public(view: View) -> View:
    """Open to everybody, signed in or not."""
    return declare(login_not_required(_page_methods_only(view)), PUBLIC)


def _page_methods_only(view: View) -> View:
    """Refuse the methods that no page answers, which class-based views may take for a POST."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in (*PAGE_METHODS, "HEAD"):
            return HttpResponseNotAllowed([*PAGE_METHODS, "HEAD"])
        return view(request, *args, **kwargs)

    return guarded


def declare(view: View, action: Actions) -> View:
    """Write on a view which action guards it; the access table of the tests reads it."""
    view.action_name = action  # type: ignore[attr-defined]
    return view


def methods_of(actions: Mapping[str, str]) -> list[str]:
    """The methods a view answers, for the `Allow` header."""
    return [*actions, "HEAD"] if "GET" in actions else list(actions)
