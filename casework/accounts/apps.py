from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, organisations, roles, permissions."""

    name = "casework.accounts"
    default_auto_field = "django.db.models.BigAutoField"
