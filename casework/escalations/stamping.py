"""The worker's room where a package that went out gets a trusted time (RFC 3161). Sending never waits for it."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from casework.jobs.actions import Start
from casework.outbox import http
from casework.outbox.errors import OutboundError

from .actions import packages
from .models import Package
from .package import timestamp
from .package.timestamp import NotStamped

#: An answer with its certificates has some kilobytes.
LIMITS = http.Limits(seconds=30.0, size=256 * 1024)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s*", re.DOTALL)


def stamp(package: Package, *, start: Start) -> None:
    """Have the signed list of *package* stamped. What goes wrong is kept in words and raised, so that it is retried."""
    if package.stamp is not None or not package.note:
        return
    note = package.note.encode()
    asked = timestamp.request(note)
    try:
        answer = http.request(
            "POST", settings.TIMESTAMP_URL, body=asked.as_bytes(), limits=LIMITS,
            headers={"Content-Type": timestamp.REQUEST_TYPE, "Accept": timestamp.ANSWER_TYPE},
        )  # fmt: skip
        found = timestamp.checked(answer.body, asked, note, _roots())
    except (OutboundError, NotStamped) as error:
        packages.note_unstamped(package, str(error))
        raise
    packages.keep_stamp(package, found, start=start)


def _roots() -> list[bytes]:
    """The certificates that the operator's file names, in PEM. Raises ``NotStamped``: an unchecked stamp is none."""
    try:
        found: list[bytes] = _CERTIFICATE.findall(Path(settings.TIMESTAMP_CA_FILE).read_bytes())
    except OSError:
        found = []
    if not found:
        raise NotStamped(_("TIMESTAMP_CA_FILE names no certificate, so the answer could not be checked."))
    return found
