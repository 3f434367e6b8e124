"""`manage.py signatures verify`: whether every stored signature is the one that was given."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.requests.verification import signatures_verify


class Command(BaseCommand):
    """Check the signatures of approvals."""

    help = "Check every sign-off of every approval request against what was signed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be done with signatures."""
        parser.add_argument("what", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was found; CommandError, and so exit status 1, when a signature fails."""
        report = signatures_verify()
        for line in report.lines():
            self.stdout.write(line)
        if not report.holds:
            raise CommandError("Some signatures do not hold; treat these approvals as void.")
