from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """What leaves the product: outbound calls with pinned addresses, caps and time limits."""

    name = "casework.outbox"
    default_auto_field = "django.db.models.BigAutoField"
