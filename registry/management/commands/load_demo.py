"""`manage.py load_demo`: real models on real data, walked through the portal's own services."""

import logging
import os
import secrets
import time
import warnings
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.errors import SignetError
from registry.demo import people, walk

# The progress of the demo is ours to tell; MLflow's own lines would bury it.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


class Command(BaseCommand):
    """Load the demo; what is already there stays as it is."""

    help = "Train the demo's models, log them to MLflow and walk them through the portal."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load step by step, saying what happens; CommandError says what stopped it."""
        os.environ["MLFLOW_TRACKING_URI"] = settings.MLFLOW_URI
        os.environ.update(QUIET)
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", module="mlflow")
        password = os.environ.get("SIGNET_DEMO_PASSWORD") or secrets.token_urlsafe(12)
        try:
            for title, step in self.steps(password):
                self.step(title, step)
        except SignetError as error:
            raise CommandError(error.message) from None
        if "SIGNET_DEMO_PASSWORD" not in os.environ:
            self.stdout.write(f"The password of demo people made just now is {password}")

    def steps(self, password: str) -> list[tuple[str, Callable[[], Any]]]:
        """What loading consists of, in order."""
        return [
            ("People and teams", lambda: people.people_load(password)),
            ("Models", lambda: walk.models_train(self.tell)),
            ("Sync with MLflow", walk.models_sync),
            ("Owners and risk tiers", walk.models_assign),
            ("Model cards", walk.cards_write),
            ("Deployments", walk.deployments_record),
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
