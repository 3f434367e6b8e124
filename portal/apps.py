from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"
    verbose_name = "Signet"

    def ready(self) -> None:
        from portal.dbroles import grant_runtime

        post_migrate.connect(grant_runtime, sender=self)
