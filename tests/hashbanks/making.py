"""Plain functions that make banks, hashes and questions out of numbers."""

from __future__ import annotations

import random
from typing import Any

from casework.hashbanks import actions
from casework.hashbanks.matches import Hashed, Question
from casework.hashbanks.models import Bank, Entry
from casework.hashbanks.values import NewEntry
from tests.cast import person


def make_bank(name: str = "Own removals", **kwargs: Any) -> Bank:
    """A bank as lena would make it."""
    given = {"purpose": "made by a test", "source": Bank.Source.OWN, **kwargs}
    return actions.create_bank(actor=person("lena"), name=name, **given)


def pdq(seed: int) -> bytes:
    """A PDQ value of random bits, far from that of any other seed."""
    return random.Random(seed).randbytes(32)


def flipped(value: bytes, bits: int, seed: int = 0) -> bytes:
    """*value* with exactly so many bits changed."""
    number = int.from_bytes(value)
    for place in random.Random(seed).sample(range(8 * len(value)), bits):
        number ^= 1 << place
    return number.to_bytes(len(value))


def keep(bank: Bank, value: bytes, signal: str = "pdq", **kwargs: Any) -> Entry:
    """One entry in *bank*."""
    from django.db import transaction

    with transaction.atomic():
        actions.keep_entries(bank, [NewEntry(signal, value, **kwargs)])
    found = Entry.objects.filter(bank=bank, signal=signal, value=value, clip=kwargs.get("clip"))
    return found.get()


def ask(value: bytes | None = None, **kwargs: Any) -> Question:
    """A question about a file with this PDQ, of good quality unless told otherwise."""
    quality = kwargs.pop("quality", 100)
    digests = {"sha256": b"\1" * 32, "md5": b"\1" * 16}
    known = {"pdq": Hashed(value, quality, "pdq 1")} if value is not None else {}
    return Question(**{**digests, **known, **kwargs})
