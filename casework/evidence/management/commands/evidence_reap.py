"""`manage.py evidence_reap`: remove what belongs to nobody, and end looks that ran out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from casework.evidence.actions import close_expired, reap_blobs


class Command(BaseCommand):
    """What the worker side does every few minutes by itself, by hand."""

    help = "Remove unfiled uploads and leftovers of crashes, and end reveals that ran out."

    def handle(self, *args: Any, **options: Any) -> None:
        looks, reaped = close_expired(), reap_blobs()
        self.stdout.write(
            f"Ended {looks} looks. Removed {reaped.staged} unfiled uploads, {reaped.parts} unfinished files "
            f"and {reaped.orphans} files without a row."
        )
