from importlib import import_module
from pathlib import Path

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        """Load every `receivers` module, so that what one subject tells reaches the others."""
        for path in sorted(Path(self.path).glob("*/receivers.py")):
            import_module(f"governance.{path.parent.name}.receivers")
        # Read here: it needs the models, which are not there yet when this file is.
        from governance.requests.pages.inbox import inbox_count
        from portal.context import BADGES

        BADGES["inbox"] = inbox_count
