from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Intake doors and the status page."""

    name = "casework.reports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from . import checks  # noqa: F401
