"""`manage.py load_demo`: real models on real data, walked through the portal's own services."""

import os
import secrets
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import User
from portal.env import left_by_up, state_home
from portal.errors import SignetError
from registry.demo import beside, people, walk
from registry.demo.mlflow_client import prepare
from registry.demo.parts import parts_steps


class Command(BaseCommand):
    """Load the demo; what is already there stays as it is."""

    help = "Train the demo's models, log them to MLflow and walk them through the portal."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load step by step, saying what happens; CommandError says what stopped it."""
        known = {**left_by_up(state_home()), **os.environ}.get("SIGNET_DEMO_PASSWORD")
        password = known or secrets.token_urlsafe(12)
        before = User.objects.filter(is_demo=True).count()
        try:
            prepare()
            for title, step in self.steps(password):
                self.step(title, step)
        except SignetError as error:
            raise CommandError(error.message) from None
        if not known and User.objects.filter(is_demo=True).count() > before:
            self.stdout.write(f"The password of demo people made just now is {password}")

    def steps(self, password: str) -> list[tuple[str, Callable[[], Any]]]:
        """What loading consists of, in order."""
        return [
            ("People and teams", lambda: people.people_load(password)),
            ("Models", lambda: walk.models_train(self.tell)),
            ("Sync with MLflow", walk.models_sync),
            ("Owners and risk tiers", walk.models_assign),
            ("Model cards", walk.cards_write),
            ("Files and comments", beside.beside_write),
            ("Deployments", walk.deployments_record),
            *parts_steps(),
        ]

    def step(self, title: str, step: Callable[[], Any]) -> None:
        """Run one step and say how long it took."""
        started = time.monotonic()
        step()
        self.tell(f"{title}: done in {time.monotonic() - started:.1f} s")

    def tell(self, text: str) -> None:
        """One line of progress, at once."""
        self.stdout.write(text)
        self.stdout.flush()
