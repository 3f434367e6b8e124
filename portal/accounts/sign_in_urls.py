"""Signing in and one's own account: exactly the pages of allauth that make sense here.

allauth asks for the other pages by name, so each keeps its address and answers "not found".
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as sso
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.cache import never_cache

from portal.accounts.access import View, public, signed_in
from portal.errors import Denied


@public
def closed(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """Nobody signs up, and addresses are not verified here."""
    raise Http404


@signed_in
def without_password(request: HttpRequest) -> HttpResponse:
    """Somebody who comes by single sign-on has no password here, and sets none beside it."""
    raise Denied("You sign in through single sign-on, so Signet keeps no password of yours.")


def own(view: View) -> View:
    """A page about one's own account; what it changes and its trail event are one transaction."""
    return never_cache(signed_in(transaction.atomic(view)))


CLOSED = {
    "signup/": "account_signup",
    "email/": "account_email",
    "confirm-email/": "account_email_verification_sent",
    "password/reset/": "account_reset_password",
    "password/reset/done/": "account_reset_password_done",
    "login/code/confirm/": "account_confirm_login_code",
    "3rdparty/": "socialaccount_connections",
    "3rdparty/signup/": "socialaccount_signup",
}

urlpatterns: list[URLPattern] = [
    path("login/", public(account.login), name="account_login"),
    path("logout/", public(account.logout), name="account_logout"),
    path("inactive/", public(account.account_inactive), name="account_inactive"),
    path("reauthenticate/", own(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", own(account.password_change), name="account_change_password"),
    path("password/set/", without_password, name="account_set_password"),
    path(
        "password/reset/key/done/",
        public(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        public(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("2fa/", own(mfa.index), name="mfa_index"),
    path("2fa/authenticate/", public(mfa.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", own(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", own(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", own(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/",
        own(codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        own(codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("2fa/webauthn/", own(passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", own(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path(
        "2fa/webauthn/reauthenticate/",
        own(passkeys.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "2fa/webauthn/keys/<int:pk>/remove/",
        own(passkeys.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path("2fa/webauthn/keys/<int:pk>/edit/", own(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path("2fa/webauthn/login/", public(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path(
        "3rdparty/login/cancelled/",
        public(social.login_cancelled),
        name="socialaccount_login_cancelled",
    ),
    path("3rdparty/login/error/", public(social.login_error), name="socialaccount_login_error"),
    path("oidc/<slug:provider_id>/login/", public(sso.login), name="openid_connect_login"),
    path(
        "oidc/<slug:provider_id>/login/callback/",
        public(sso.callback),
        name="openid_connect_callback",
    ),
    *(path(address, closed, name=name) for address, name in CLOSED.items()),
]
