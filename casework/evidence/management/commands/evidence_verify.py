"""`manage.py evidence_verify`: exit 1 and the name of each item that is in doubt."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from casework.evidence.reconciling import reconcile


class Command(BaseCommand):
    """Check rows, wraps, digests and files against one another. Changes nothing."""

    help = "Check that evidence rows, wraps, digests and files belong together; exit 1 on any doubt."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quick", action="store_true", help="do not open and hash the files")

    def handle(self, *args: Any, quick: bool = False, **options: Any) -> None:
        done = reconcile(opening=not quick)
        for finding in done.findings:
            self.stderr.write(f"DOUBT {finding.code}: {finding.about}: {finding.sentence}")
        self.stdout.write(
            f"{done.items} items and {done.blobs} blobs looked at, {done.opened} opened and hashed."
        )
        if quick:
            self.stdout.write("Not checked: the contents of all files (--quick).")
        elif done.closed:
            self.stdout.write(
                f"Not checked: the contents of {done.closed} files, for this process does not hold their key."
            )
        if done.young:
            self.stdout.write(
                f"{done.young} files have no row yet; they are younger than an hour and left alone."
            )
        if done.findings:
            raise CommandError(f"{len(done.findings)} doubts. Nothing was changed.", returncode=1)
        self.stdout.write("No doubt found.")
