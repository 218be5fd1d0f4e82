"""System checks: a real desk has said what the law lets it keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

CUSTODY = ("forbidden", "provider_preserve")


@register
def custody_was_chosen(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to run where nobody decided what happens to suspected child sexual abuse material."""
    if settings.CSAM_CUSTODY in CUSTODY:
        return []
    return [
        Error(
            "CSAM_CUSTODY is not set.",
            hint=f"Ask your counsel whether you may keep suspected material and set one of: {', '.join(CUSTODY)}.",
            id="reports.E001",
        )
    ]
