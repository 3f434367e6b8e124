from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"
    verbose_name = "Signet"

    def ready(self) -> None:
        from portal.dbroles import grant_runtime

        # Django sends the signal only for apps that have models, and this one has none.
        post_migrate.connect(grant_runtime, sender=apps.get_app_config("trail"))
