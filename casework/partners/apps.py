from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """Organisations that receive escalations: who they are, how they are reached, which keys are theirs."""

    name = "casework.partners"
    default_auto_field = "django.db.models.BigAutoField"
