from django.apps import AppConfig


class LegalConfig(AppConfig):
    """The way in for authorities: legal requests, their checks and clocks, what was produced or refused."""

    name = "casework.legal"
    default_auto_field = "django.db.models.BigAutoField"
