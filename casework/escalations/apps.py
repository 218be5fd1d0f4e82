from django.apps import AppConfig


class EscalationsConfig(AppConfig):
    """Partners, approvals, packages and the channels by which they leave; legal requests that come in."""

    name = "casework.escalations"
    default_auto_field = "django.db.models.BigAutoField"
