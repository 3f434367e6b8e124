"""How allauth's sign-in behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: a platform admin or single sign-on makes accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Always closed."""
        return False


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Single sign-on makes an account at the first visit, without any role."""
