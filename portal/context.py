"""What every page shows around its content; nothing is read until a template asks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from portal.accounts.actors import actor_of
from portal.accounts.models import User
from portal.accounts.permissions import Role, allowed
from portal.accounts.queries import demo_people
from portal.actors import Actor

# label, icon, URL name, action that must be allowed
NAVIGATION = (
    ("Models", "box", "model_list", "registry.view"),
    ("Cards", "clipboard-check", "card_list", "card.view"),
    ("Approvals", "signature", "inbox", "approval.view"),
    ("Reminders", "bell", "reminder_list", "reminder.view"),
    ("Deployments", "rocket", "deployment_list", "registry.view"),
    ("Gate", "shield-check", "gate_log", "gate.view"),
    ("Findings", "alert-triangle", "finding_list", "finding.view"),
    ("Policies", "scale", "policy_list", "policy.view"),
    ("Sources", "plug", "source_list", "source.view"),
    ("Jobs", "activity", "job_list", "job.view"),
    ("Trail", "timeline", "trail_search", "trail.view"),
    ("People", "users", "people_list", "people.view"),
    ("API", "api", "api_docs", "api.docs"),
)
# How many things wait at a place of the navigation; the app that has the place says it.
BADGES: dict[str, Callable[[Actor], int]] = {}
ACCOUNT = (
    ("Roles and rights", "user", "me", ""),
    ("API tokens", "key", "token_list", "token.own"),
    ("Password", "lock", "account_change_password", ""),
    ("Two-factor sign-in", "shield-lock", "mfa_index", ""),
)


@dataclass(frozen=True)
class NavItem:
    """One link of the navigation."""

    label: str
    icon: str
    url: str
    here: bool
    waiting: int = 0


class Shell:
    """The frame around a page, for the person who asked for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def nav(self) -> list[NavItem]:
        """The places this person may go; empty for somebody who has not signed in."""
        return self._items(NAVIGATION)

    @cached_property
    def account(self) -> list[NavItem]:
        """The pages about one's own account."""
        return self._items(ACCOUNT)

    @cached_property
    def roles(self) -> list[str]:
        """The labels of the roles this person holds."""
        return sorted({str(Role(grant.role).label) for grant in actor_of(self.request).grants})

    @property
    def initials(self) -> str:
        """Up to two letters for the person's mark."""
        return "".join(word[0] for word in str(self.request.user).split()[:2]).upper()

    @property
    def sign_out(self) -> str:
        """Where the sign-out form posts to."""
        return reverse("account_logout")

    @cached_property
    def demo_people(self) -> list[User]:
        """Who may sign in to look around, for the sign-in page; empty without demo data."""
        return demo_people()

    @property
    def demo(self) -> bool:
        """Whether this person belongs to the demo, which is the mark of a demo installation."""
        return bool(getattr(self.request.user, "is_demo", False))

    def _items(self, entries: tuple[tuple[str, str, str, str], ...]) -> list[NavItem]:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            return []
        actor = actor_of(self.request)
        items = []
        for label, icon, name, action in entries:
            if action and not allowed(actor, action):
                continue
            if name == "account_change_password" and not user.has_usable_password():
                continue
            try:
                url = reverse(name)
            except NoReverseMatch:  # a part of the portal that is not installed
                continue
            path = self.request.path
            here = path == url if url == "/" else path.startswith(url)
            waiting = BADGES[name](actor) if name in BADGES else 0
            items.append(NavItem(label, icon, url, here, waiting))
        return items


def shell(request: HttpRequest) -> dict[str, Any]:
    """The frame, the version, and how one can sign in."""
    return {
        "shell": Shell(request),
        "signet_version": settings.VERSION,
        "single_sign_on": settings.SINGLE_SIGN_ON,
    }
