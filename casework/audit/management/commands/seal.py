"""``manage.py seal``: number, hash and sign what the log receives, until SIGTERM."""

from __future__ import annotations

import signal
from threading import Event
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from casework.audit import sealer
from casework.privacy.keyring import KeyMissing


class Command(BaseCommand):
    """The sealer as a process. One is active; others stand by until it is gone."""

    help = "Seal the log: one process, on the worker side, which holds the signing key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what waits now, and end")
        parser.add_argument(
            "--show-key", action="store_true", help="print the public key as name+id+key, and end"
        )

    def handle(self, *args: Any, once: bool, show_key: bool, **options: Any) -> None:
        try:
            made = sealer.configured()
        except KeyMissing as error:
            raise CommandError(f"The log can't be sealed here. {error}") from error
        if show_key:
            self.stdout.write(made.signer.verifier.vkey)
            return
        if once:
            self._seal_once(made)
            return
        stop = Event()

        def on_signal(number: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        with sealer.single(stop) as active:
            if active:
                sealer.run(made, stop)

    def _seal_once(self, made: sealer.Sealer) -> None:
        total = 0
        with sealer.single(Event()):
            try:
                made.open()
                while sealed := made.seal():
                    total += sealed
            except sealer.Refusal as refusal:
                sealer.raise_alarm(refusal)
                raise CommandError(f"Nothing was signed. {refusal}") from refusal
        self.stdout.write(f"Sealed {total} entries; the log holds {made.frontier.size}.")
