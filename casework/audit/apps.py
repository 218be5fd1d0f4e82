from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The log and its seal."""

    name = "casework.audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from . import checks  # noqa: F401
