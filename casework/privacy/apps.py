from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Encrypted columns and blind indexes."""

    name = "casework.privacy"
    default_auto_field = "django.db.models.BigAutoField"
