"""What a child may do instead of reading: named by tests, found by name in the process that makes readers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from detection import looking
from detection.findings import Failure
from detection.limits import Limits
from detection.opening import Unopenable
from detection.sandbox import Given

KILLER = b"this picture kills its reader"
"""Bytes that end the process that decodes them, as a hole in a decoder would let a file do."""


def at_the_sight_of_a_killer(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """Read as always, and die of some files."""
    if KILLER in data:
        os.kill(os.getpid(), signal.SIGKILL)
    yield from looking.work(data, wishes, limits)


def at_once(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> NoReturn:
    """Die like a decoder with a hole."""
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def after_the_planes(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """Die when the models are being asked."""
    yield next(iter(looking.work(data, wishes, limits)))
    os.kill(os.getpid(), signal.SIGSEGV)


def in_the_manifest(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """Die when all but Content Credentials has been said."""
    said = looking.work(data, wishes, limits)
    yield next(said)
    yield next(said)
    os.kill(os.getpid(), signal.SIGSEGV)


def for_ever_in_the_manifest(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """Never come to an end of Content Credentials."""
    said = looking.work(data, wishes, limits)
    yield next(said)
    yield next(said)
    while True:
        pass


def gives_up(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> NoReturn:
    """Refuse in an orderly way."""
    raise Unopenable(Failure("damaged", "The picture is damaged."))


def gives_up_after_the_planes(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """Refuse in an orderly way, but late."""
    yield next(iter(looking.work(data, wishes, limits)))
    raise MemoryError


def echo(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Given:
    """Say what was asked, and who is asked."""
    opened = [number for number in range(16) if _is_open(number)]
    return {"wishes": wishes, "pid": os.getpid(), "open": opened, "uid": os.getuid()}, [data]


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def environment(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Given:
    """Everything that was inherited as text."""
    return {"environment": dict(os.environ)}, ()


def sleep(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Given:
    """Wait for a minute."""
    time.sleep(60)
    return {}, ()


def three_times(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """Answer three times, with a part each."""
    for number in range(3):
        yield {"number": number}, [bytes(number)]


def spin(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Given:
    """Compute for ever."""
    while True:
        pass


def kill_the_parent(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Given:
    """Try to end the process that made this one."""
    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except PermissionError as error:
        return {"errno": error.errno}, ()
    return {"errno": 0}, ()
