from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "portal.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Load every app's `tasks` module, so that web and worker know the same kinds of jobs."""
        autodiscover_modules("tasks")
