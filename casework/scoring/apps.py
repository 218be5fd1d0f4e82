from django.apps import AppConfig


class ScoringConfig(AppConfig):
    """Model cards, calibrations and the outcomes that people confirmed."""

    name = "casework.scoring"
    default_auto_field = "django.db.models.BigAutoField"
