from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The ledger of background work."""

    name = "casework.jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers them
