from django.apps import AppConfig


class HashbanksConfig(AppConfig):
    """Banks of known hashes and the exchanges they come from."""

    name = "casework.hashbanks"
    default_auto_field = "django.db.models.BigAutoField"
