"""``manage.py reports_reap``: delete drafts whose two hours are over, and kept API answers that are a day old."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from casework.reports.actions import reap_drafts


class Command(BaseCommand):
    help = "Delete expired drafts with their files, and answers kept for repeated API requests."

    def handle(self, *args: Any, **options: Any) -> None:
        drafts, answers = reap_drafts()
        self.stdout.write(f"{drafts} drafts and {answers} answers deleted.")
