from django.apps import AppConfig


class TrailConfig(AppConfig):
    name = "portal.trail"
    label = "trail"
    verbose_name = "Trail"

    def ready(self) -> None:
        from portal.trail import checks  # noqa: F401
