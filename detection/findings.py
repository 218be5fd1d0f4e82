"""What an examination says: frozen records, ready to be stored, printed or sent over a pipe as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How far a signal got. "Not checked" and "failed" never read as "not found"."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


class Strength(StrEnum):
    """What a finding is worth on its own, in the words of an examiner."""

    DEFINITIVE = "definitive"
    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Signal:
    """One question put to a file and its answer.

    ``score`` is a probability in [0, 1] or None; it is never a stand-in for "could not tell".
    ``sentence`` is written for a person; ``reason`` says why a status is failed or not_checked.
    ``sensitive`` holds what must not be shown by default (prompts, names) or not be stored in clear, ``data`` the
    rest. A heat map is ``sensitive["map"]``: {"width", "height", "cells"}, at most 24 cells a side, one byte a cell in
    hex, row by row, 0 for unremarkable and 255 for the strongest; it is drawn from a residual and shows no picture.
    """

    name: str
    version: str
    status: Status
    sentence: str
    strength: Strength | None = None
    score: float | None = None
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    sensitive: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hash:
    """A perceptual hash: lower-case hex, with the quality where the algorithm defines one (PDQ: 0-100)."""

    algorithm: str
    value: str
    version: str
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """What the bytes are, as opened and not as named. Sizes in pixels after orientation is applied."""

    format: str
    mime: str
    width: int
    height: int
    frames: int = 1
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Derivative:
    """A fresh re-encode from raw pixels, without metadata."""

    mime: str
    width: int
    height: int
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """One sampled frame of a film: seconds from its start, hashes, preview and a rendition of its own.

    ``scene_start`` is set where the picture changed by more than movement explains.
    """

    at_seconds: float
    scene_start: bool
    hashes: tuple[Hash, ...]
    preview: Derivative
    rendition: Derivative


@dataclass(frozen=True, slots=True)
class Film:
    """What a film is and at most 32 of its frames. ``duration`` in seconds as measured, None where nobody can say."""

    container: str
    codec: str
    duration: float | None
    frames_per_second: float | None
    has_sound: bool
    frames: tuple[FilmFrame, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file was not opened. ``code`` is stable, ``sentence`` is for a person.

    ``quarantine`` marks input that exceeds a limit (pixels, scans, cpu, memory): it is not tried again.
    """

    code: str
    sentence: str
    quarantine: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that one pass over one file found out.

    ``turns`` are the PDQ hashes of the picture turned and mirrored in all eight ways, the picture as it is first.
    """

    sha256: str
    md5: str
    size: int
    media: Media | None
    hashes: tuple[Hash, ...]
    signals: tuple[Signal, ...]
    errors: tuple[Failure, ...]
    preview: Derivative | None = None
    rendition: Derivative | None = None
    turns: tuple[Hash, ...] = ()
    film: Film | None = None
