"""`manage.py trace FILE`: which reveal or export a copy that turned up outside came from."""

from __future__ import annotations

import getpass
import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.evidence import actions, wording_traces
from casework.evidence.models import Trace
from casework.privacy.keyring import KeyMissing, mark_key

#: Exit codes: a reveal or export was named; none was; the file could not be compared.
NAMED, NOT_NAMED, NOT_COMPARED = 0, 1, 2


class Command(BaseCommand):
    """Trace a copy: compare it with what was shown here, write that down, print the answer."""

    help = (
        "Name the reveal or export a leaked picture came from, or say that it carries no mark. "
        "Exit 0: named; 1: not named; 2: not compared."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the copy; it is opened in a sandbox and not kept")
        parser.add_argument(
            "--by", metavar="EMAIL", help="who asks; restricted cases are compared for the cleared only"
        )

    def handle(self, *args: Any, file: Path, by: str | None = None, **options: Any) -> None:
        person = _person(by)
        data = _read(file)
        digest = hashlib.sha256(data).hexdigest()
        trace = actions.begin_trace(digest, actor=person, operator=getpass.getuser())
        actions.finish_trace(trace, self._compared(data, trace))
        for line in wording_traces.in_lines(trace):
            self.stdout.write(line)
        if person is None or not person.cleared:
            self.stdout.write(_("Not compared: pictures of restricted cases (--by a cleared supervisor)."))
        if trace.verdict == Trace.Verdict.UNOPENED:
            raise CommandError(_("Nothing was compared."), returncode=NOT_COMPARED)
        if trace.verdict != Trace.Verdict.NAMED:
            raise CommandError(_("No reveal or export is named."), returncode=NOT_NAMED)

    def _compared(self, data: bytes, trace: Trace) -> actions.Answer:
        from casework.evidence import tracing  # what opens media is loaded only where it is used

        try:
            key, leak = mark_key(), tracing.open_leak(data)
        except (KeyMissing, tracing.ReaderDied) as error:
            return actions.Answer(Trace.Verdict.UNOPENED, reason=str(error))
        if isinstance(leak, actions.Answer):
            return leak
        answer = tracing.search(
            leak, trace, key=key, seconds=float("inf"), most=settings.TRACE_MOST, note=self._show_progress
        )
        assert answer is not None  # only time ends a search without an answer
        return answer

    def _show_progress(self, trace: Trace) -> None:
        actions.note_compared(trace)
        self.stderr.write(wording_traces.told(trace)["progress"])


def _person(email: str | None) -> User | None:
    if email is None:
        return None
    person = User.objects.filter(email=email.lower(), is_active=True).first()
    if person is None or not person.may(Perm.TRACE_LEAKS):
        raise CommandError(_("%(email)s is nobody here who may trace. Nothing was read.") % {"email": email})
    return person


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > settings.UPLOAD_MAX_FILE_BYTES:
            raise CommandError(_("The file is larger than this desk takes. Nothing was compared."))
        return file.read_bytes()
    except OSError as error:
        raise CommandError(_("The file cannot be read: %(why)s.") % {"why": error.strerror}) from error
