"""Hashes that come from outside: as text, what is accepted and why something is not; as a record to be kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from .models import Entry

_HEX = re.compile(r"[0-9a-fA-F]+")


class NoHash(ValueError):
    """A text that is no hash of the kind it was said to be; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A hash to be kept: ``value`` in raw bytes (``to_bytes``), the rest as on ``models.Entry``."""

    signal: str
    value: bytes
    quality: int | None = None
    version: str = ""
    clip: UUID | None = None
    frame_at: float | None = None
    origin: str = ""
    origin_ref: str = ""
    origin_item: UUID | None = None
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, bytes, UUID | None]:
        """What is kept once a bank."""
        return self.signal, self.value, self.clip


def to_bytes(signal: str, text: str) -> bytes:
    """The value of a hash written in hex digits, of the length its kind has. Raises NoHash.

    A value of zeros only is what many programs write when they could not hash; it would match whatever else they
    could not hash.
    """
    size = Entry.SIZES.get(signal)
    if size is None:
        raise NoHash(_("“%(signal)s” is no kind of hash that is kept here.") % {"signal": signal[:40]})
    digits = text.strip()
    if len(digits) != 2 * size or not _HEX.fullmatch(digits):
        raise NoHash(
            _("A %(signal)s hash has %(digits)d hex digits; this is something else.")
            % {"signal": Entry.Signal(signal).label, "digits": 2 * size}
        )
    value = bytes.fromhex(digits)
    if not any(value):
        raise NoHash(_("All digits are 0: this stands for a file that could not be hashed."))
    return value


def kinds_of(text: str) -> list[str]:
    """The kinds of hash that *text* could be by its length; empty when it is no hash."""
    digits = text.strip()
    if not _HEX.fullmatch(digits):
        return []
    return [signal for signal, size in Entry.SIZES.items() if len(digits) == 2 * size]
