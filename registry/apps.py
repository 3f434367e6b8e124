from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = "Registry"

    def ready(self) -> None:
        from portal.context import BADGES
        from registry.cards.reminders.services import count_kept

        BADGES["reminder_list"] = count_kept
