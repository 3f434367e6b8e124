from importlib import import_module
from pathlib import Path

from django.apps import AppConfig, apps


class JobsConfig(AppConfig):
    name = "portal.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Load every `tasks` module of our apps, so that web and worker know the same kinds."""
        for app in apps.get_app_configs():
            if "site-packages" in app.path:
                continue
            for path in sorted(Path(app.path).glob("**/tasks.py")):
                folders = path.relative_to(app.path).parent.parts
                import_module(".".join((app.name, *folders, "tasks")))
