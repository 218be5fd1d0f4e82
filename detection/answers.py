"""What a child that reads hostile bytes says over its pipe: a sign that it is confined, then answers of JSON and bytes.

Nothing here is a pickle: whoever takes the child over gains no code in the process that listens. The *content* of an
answer is not looked at; that is for ``wire``.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from detection.findings import Failure

_HEADER = struct.Struct(">4sIQ")
_MAGIC = b"CWa1"
READY = b"R"
"""Sent once the child is confined and before it sees hostile bytes: without it, the kernel refused."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the child cost: seconds of wall clock and CPU, and its largest resident size in bytes (with
    inherited pages). Processor and memory are known only when it has ended, and 0 before.
    """

    wall_seconds: float
    cpu_seconds: float = 0.0
    max_rss_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The function answered. ``document`` is parsed JSON; its content is not yet to be trusted."""

    document: dict[str, Any]
    parts: tuple[bytes, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Refused:
    """The function gave up in an orderly way: final, no second try would end differently."""

    failure: Failure
    usage: Usage


@dataclass(frozen=True, slots=True)
class ChildDied:
    """The child ended without a whole answer. Counts as one start; the caller's ledger makes three a
    quarantine.

    ``cause`` is ``cpu``, ``wall``, ``answer`` (malformed or too large), ``exit`` or a signal's name such as
    ``SIGSEGV``.
    """

    cause: str
    sentence: str
    usage: Usage


Outcome = Answer | Refused | ChildDied


def send(pipe: int, kind: str, document: Mapping[str, Any], parts: Sequence[bytes] = ()) -> None:
    """Write one answer. ValueError for what JSON cannot say."""
    envelope = {"kind": kind, "document": document, "parts": [len(part) for part in parts]}
    text = json.dumps(envelope, allow_nan=False).encode()
    for piece in (_HEADER.pack(_MAGIC, len(text), sum(map(len, parts))) + text, *parts):
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(pipe, rest) :]


def send_failure(pipe: int, failure: Failure) -> None:
    """Write that the work was given up, and why."""
    document = {"code": failure.code, "sentence": failure.sentence, "quarantine": failure.quarantine}
    send(pipe, "refused", document)


class Silence(Exception):
    """No whole answer came: ``cause`` is ``wall``, ``answer`` (too large, or not one), ``ended``."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def receive_ready(pipe: int, deadline: float) -> None:
    """Wait for the sign that the child is confined, until *deadline* of the monotonic clock. Raises Silence."""
    if _read(pipe, len(READY), deadline) != READY:
        raise Silence("answer")


def receive(pipe: int, most_bytes: int, deadline: float) -> tuple[bytes, memoryview]:
    """One answer: its envelope as text, and the bytes of all its parts. Raises Silence."""
    magic, text, parts = _HEADER.unpack(_read(pipe, _HEADER.size, deadline))
    if magic != _MAGIC or text + parts > most_bytes:
        raise Silence("answer")
    rest = memoryview(_read(pipe, text + parts, deadline))
    return bytes(rest[:text]), rest[text:]


def _read(pipe: int, wanted: int, deadline: float) -> bytearray:
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    received = bytearray(wanted)
    free = memoryview(received)
    while free:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise Silence("wall")
        count = os.readv(pipe, [free])
        if not count:
            raise Silence("ended")
        free = free[count:]
    return received


def parsed(text: bytes, rest: memoryview, usage: Usage) -> Answer | Refused:
    """An answer in its shape. ValueError, KeyError, TypeError or RecursionError for what is none."""
    envelope = json.loads(text, parse_constant=_no_constant)
    document = envelope["document"]
    if not isinstance(document, dict):
        raise ValueError("not an object")
    if envelope["kind"] == "refused":
        return Refused(_read_failure(document), usage)
    parts = []
    for size in envelope["parts"]:
        if not isinstance(size, int) or not 0 <= size <= len(rest):
            raise ValueError("parts do not fit")
        parts.append(bytes(rest[:size]))
        rest = rest[size:]
    if rest:
        raise ValueError("bytes left over")
    return Answer(document, tuple(parts), usage)


def _read_failure(document: Mapping[str, Any]) -> Failure:
    code, sentence, quarantine = document["code"], document["sentence"], document["quarantine"]
    if not (isinstance(code, str) and isinstance(sentence, str) and isinstance(quarantine, bool)):
        raise ValueError("not a failure")
    if not code.isidentifier() or len(code) > 40 or len(sentence) > 500:
        raise ValueError("not a failure")
    return Failure(code, sentence, quarantine)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
