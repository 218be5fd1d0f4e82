from django.apps import AppConfig


class UiConfig(AppConfig):
    """Template tags and context shared by all doors."""

    name = "casework.ui"
    default_auto_field = "django.db.models.BigAutoField"
