"""`manage.py add_admin NAME`: the first platform admin of a portal without demo data."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from portal.accounts.models import User
from portal.accounts.permissions import Role
from portal.accounts.services import person_create, person_link, role_grant
from portal.actors import service
from portal.errors import SignetError


class Command(BaseCommand):
    """Makes a platform admin, or gives the role to somebody who is there, and prints a link."""

    help = "Make a platform admin and print the link where they set their password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="what they type to sign in")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        actor = service("setup")
        try:
            with transaction.atomic():
                user = User.objects.filter(username=username).first() or person_create(
                    actor=actor, username=username
                )
                role_grant(actor=actor, user=user, role=Role.PLATFORM_ADMIN)
                link = "" if user.socialaccount_set.exists() else self._link(user)
        except SignetError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{user} is a platform admin.")
        if link:
            self.stdout.write(f"Set the password within three days at {link}")

    def _link(self, user: User) -> str:
        return f"{settings.PORTAL_URL}{person_link(actor=service('setup'), person_id=user.pk)}"
