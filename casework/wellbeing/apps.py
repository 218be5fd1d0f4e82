from django.apps import AppConfig


class WellbeingConfig(AppConfig):
    """Exposure meter and break prompts."""

    name = "casework.wellbeing"
    default_auto_field = "django.db.models.BigAutoField"
