"""``manage.py audit_verify``: is the log what was sealed? Exit 0 if it is, 1 with every fault named if not."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from casework.audit import identity, proofs, verification
from casework.audit.journal import Journal
from casework.audit.notes import BadNote, Verifier
from casework.privacy.keyring import KeyMissing


class Command(BaseCommand):
    """Check every entry, seal and checkpoint of the log."""

    help = "Verify the log against its signed checkpoints, in the database and in the files outside it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", type=int, default=0, metavar="SIZE", help="begin after this checkpoint"
        )
        parser.add_argument(
            "--case", type=uuid.UUID, metavar="UUID", help="print the proofs of one case's entries"
        )
        parser.add_argument("--vkey", help="the public key to believe, as name+id+key")
        parser.add_argument("--journal", type=Path, help="the checkpoint file, if not the installation's own")

    def handle(self, *args: Any, since: int, case: uuid.UUID | None, **options: Any) -> None:
        journal = Journal(options["journal"] or settings.CHECKPOINT_FILE)
        verifier = self._verifier(journal, options["vkey"])
        if case is not None:
            self._print_proofs(case, verifier)
            return
        found = verification.verify(journal, verifier, since=since)
        for warning in found.warnings:
            self.stdout.write(f"Note: {warning}")
        for fault in found.faults:
            self.stdout.write(f"FAULT: {fault}")
        if found.fault_count:
            more = found.fault_count - len(found.faults)
            self.stdout.write(
                f"{found.fault_count} faults" + (f", {more} of them not shown." if more else ".")
            )
            sys.exit(1)
        erased = f" ({found.erased} with an erased personal part)" if found.erased else ""
        self.stdout.write(
            f"{found.entries} entries{erased}, {found.checkpoints} checkpoints: all consistent, "
            f"signed by {verifier.name}."
        )

    def _verifier(self, journal: Journal, vkey: str | None) -> Verifier:
        try:
            return Verifier.from_vkey(vkey) if vkey else identity.verifier(journal.last_note())
        except (BadNote, KeyMissing) as error:
            raise CommandError(f"Signatures can't be checked. {error}") from error

    def _print_proofs(self, case: uuid.UUID, verifier: Verifier) -> None:
        sealed = proofs.of_case(case, verifier)
        if not sealed:
            raise CommandError("This case has no sealed entry.")
        for proof in sealed:
            self.stdout.write(f"{proof.public_id} {proof.verb} leaf {proof.leaf.hex()}")
            self.stdout.write(proof.file)
        wrong = [proof for proof in sealed if not proof.holds]
        for proof in wrong:
            self.stdout.write(
                f"FAULT: Entry {proof.public_id} ({proof.verb}) does not lead to the signed root."
            )
        if wrong:
            sys.exit(1)
        self.stdout.write(
            f"{len(sealed)} entries: all in the log of {sealed[0].size} signed by {verifier.name}."
        )
