from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Queue, claims, clocks, decisions, effects."""

    name = "casework.cases"
    default_auto_field = "django.db.models.BigAutoField"
