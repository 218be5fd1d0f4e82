from django.apps import AppConfig


class StaffConfig(AppConfig):
    """Audited verbs on people and sign-in events."""

    name = "casework.staff"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import events  # noqa: F401  (connects the receivers)
