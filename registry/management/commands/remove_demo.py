"""`manage.py remove_demo`: take the demo's models, people and teams away again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.actors import service
from portal.errors import SignetError
from registry.demo.mlflow_client import prepare
from registry.demo.removal import demo_remove, mlflow_clear


class Command(BaseCommand):
    """Remove the demo; real models and people are not touched."""

    help = "Remove the demo's models from MLflow and Signet, and its people and teams."

    def handle(self, *args: Any, **options: Any) -> None:
        """Clear MLflow first, so that no sync brings the models back; then Signet."""
        try:
            prepare()
            cleared = mlflow_clear()
            counts = demo_remove(actor=service("demo"))
        except SignetError as error:
            raise CommandError(error.message) from None
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        self.stdout.write(f"Removed {cleared} models from MLflow, and from Signet {told}.")
