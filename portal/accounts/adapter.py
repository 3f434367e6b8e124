"""How allauth's sign-in behaves here: no sign-up, no matching by mail, every change recorded."""

import base64
import hashlib
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from portal.accounts.actors import person
from portal.accounts.models import User
from portal.accounts.sign_in import client_address
from portal.actors import service
from portal.trail.services import record


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: a platform admin or single sign-on makes accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Always closed."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address that axes counts failures for."""
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: failures are counted by axes, in the database that all processes share."""

    def set_password(self, user: User, password: str) -> None:
        """Set a person's password and record that it changed; other sessions end by it."""
        with transaction.atomic():
            super().set_password(user, password)
            acting = person(user, request_id=getattr(self.request, "request_id", ""))
            record(acting, "person.password_change", user)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Single sign-on makes an account at the first visit, without any role.

    A visitor is matched by the provider's subject alone, in one case. Mail addresses never match:
    whoever controls an address at the provider must not become the local account that names it.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Always open: the provider decides who its people are, roles decide what they may."""
        return True

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        """Fold the subject's case before it is looked up, and keep the mail as contact only."""
        sociallogin.account.uid = sociallogin.account.uid.casefold()
        sociallogin.email_addresses = []
        user = super().populate_user(request, sociallogin, data)
        user.display_name = (data.get("name") or "")[:120]
        return user

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        """Nobody: see the rule of this class."""
        return None

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Make the account of somebody who comes for the first time, and record it."""
        with transaction.atomic():
            user = super().save_user(request, sociallogin, form)
            facts = {"username": user.username, "subject": sociallogin.account.uid}
            record(service("single sign-on"), "person.create", user, after=facts)
        return user


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors encrypted under a key outside the database."""

    def encrypt(self, text: str) -> str:
        """The stored form of a secret."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret itself; under another key a random one, which no code will ever fit."""
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(20)).decode()


def _box() -> Fernet:
    key = hashlib.sha256(b"second factor\n" + settings.TOKEN_PEPPER.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
