from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Listen for second factors that come and go."""
        from portal.accounts import sign_in  # noqa: F401
