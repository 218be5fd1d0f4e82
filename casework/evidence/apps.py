from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """The vault, signals and reveals."""

    name = "casework.evidence"
    default_auto_field = "django.db.models.BigAutoField"
