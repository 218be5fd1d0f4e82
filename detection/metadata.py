"""What a file says about itself: the program that made it, its declared source, its camera.

All of it can be written, changed or removed by anybody, so it only ever counts for something when it is
there. Names and prompts are kept apart as ``sensitive``. Meant to run in the sandboxed child; never raises on
hostile bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from detection import exif as tags
from detection import opening
from detection.blocks import Blocks, read_blocks
from detection.exif import Exif, read_exif
from detection.findings import Signal, Status, Strength
from detection.generators import LONGEST_TEXT, Mark, marks
from detection.limits import DEFAULT, Limits
from detection.sources import AI_MADE, in_words, source_term
from detection.xmp import property_of

GENERATOR, SOURCE_TYPE, AI_FIELDS, CAMERA, THUMBNAIL = (
    "generator_metadata",
    "source_type",
    "ai_fields",
    "camera_metadata",
    "embedded_thumbnail",
)
VERSION = "metadata 2"

MOST_MARKS = 16
LONGEST_SHOWN = 100
SIMILAR = 0.5
"""Correlation of two small greyscale pictures below which they differ; copies measure over 0.9."""

_FLAT = 4.0
_SIDE = 32
_THUMBNAIL_PIXELS = 1_000_000

_CAMERA_FIELDS = {
    tags.MAKE: "make",
    tags.MODEL: "model",
    tags.LENS_MODEL: "lens",
    tags.SOFTWARE: "software",
    tags.DATE_TIME_ORIGINAL: "taken_at",
    tags.DATE_TIME: "changed_at",
}
_FIELDS = {
    "system": ("AISystemUsed", "aiSystemUsed"),
    "version": ("AISystemVersionUsed", "aiSystemVersionUsed"),
    "prompt": ("AIPromptInformation", "aiPromptInformation"),
    "writer": ("AIPromptWriterName", "aiPromptWriterName"),
}
"""The properties of IPTC 2025.1 as most programs spell them, and as some do."""
_PERSONAL_FIELDS = {
    tags.ARTIST: "artist",
    tags.COPYRIGHT: "copyright",
    tags.OWNER: "owner",
    tags.BODY_SERIAL: "camera_serial",
    tags.IMAGE_DESCRIPTION: "description",
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of one file, read once for several questions."""

    blocks: Blocks
    exif: Exif


def read(data: bytes, limits: Limits = DEFAULT) -> Metadata:
    """Collect the metadata of a picture file within the limits."""
    blocks = read_blocks(data, limits)
    return Metadata(blocks, read_exif(blocks.exif))


def signals(metadata: Metadata) -> tuple[Signal, ...]:
    """The signals that need no pixels: generator, source type, AI fields, camera."""
    return (
        generator_signal(metadata),
        source_type_signal(metadata),
        fields_signal(metadata),
        camera_signal(metadata),
    )


def generator_signal(metadata: Metadata) -> Signal:
    """Marks of image generators. Found or not found; "not found" says nothing about the picture."""
    found = marks(metadata.blocks, metadata.exif)[:MOST_MARKS]
    if not found:
        return _not_found(
            GENERATOR, "No mark of an image generator. Marks are easily lost, so that is no sign.", metadata
        )
    strongest = Strength.STRONG if any(one.strength is Strength.STRONG for one in found) else Strength.WEAK
    tools = ", ".join(dict.fromkeys(one.tool for one in found))
    return Signal(
        GENERATOR,
        VERSION,
        Status.FOUND,
        f"The file carries the mark of an image generator: {tools}. Marks can be added by hand.",
        strength=strongest,
        data={"ai": True, "marks": [_shown(one) for one in found]},
        sensitive={
            "texts": [
                {"where": _clean(one.where), "text": _clean(one.sensitive, LONGEST_TEXT)}
                for one in found
                if one.sensitive
            ]
        },
    )


def _shown(mark: Mark) -> dict[str, str]:
    return {
        "tool": _clean(mark.tool),
        "where": _clean(mark.where),
        "strength": mark.strength.value,
        **{name: _clean(text) for name, text in mark.details},
    }


def source_type_signal(metadata: Metadata) -> Signal:
    """The digital source type that XMP declares (IPTC). ``data.ai`` says whether it means generative AI."""
    declared = property_of(metadata.blocks.xmp, "DigitalSourceType")
    term = source_term(declared)
    if term is None:
        return _not_found(SOURCE_TYPE, "The file declares no digital source type.", metadata)
    ai = term in AI_MADE
    return Signal(
        SOURCE_TYPE,
        VERSION,
        Status.FOUND,
        f"The file declares itself as {in_words([term])}. Nobody has signed that.",
        strength=Strength.STRONG if ai else Strength.WEAK,
        data={"ai": ai, "term": term},
    )


def fields_signal(metadata: Metadata) -> Signal:
    """The AI properties of IPTC 2025.1 in XMP. What was typed and who typed it are ``sensitive``."""
    told = {name: _first_of(metadata.blocks.xmp, spellings) for name, spellings in _FIELDS.items()}
    if not any(told.values()):
        return _not_found(
            AI_FIELDS,
            "The AI fields of IPTC are not filled in. Few programs fill them in: that is no sign.",
            metadata,
        )
    shown = {name: _clean(told[name]) for name in ("system", "version") if _is_plain(told[name])}
    system = f": {' '.join(shown.values())}" if "system" in shown else ""
    return Signal(
        AI_FIELDS,
        VERSION,
        Status.FOUND,
        f"Fields for AI-made pictures are filled in{system}. Anybody can fill them in.",
        strength=Strength.STRONG if told["system"] or told["prompt"] else Strength.WEAK,
        data={"ai": True, **shown, "has_prompt": bool(told["prompt"]), "has_writer": bool(told["writer"])},
        sensitive={
            name: _clean(text, LONGEST_TEXT) for name, text in told.items() if text and name not in shown
        },
    )


def _first_of(xmp: str, spellings: tuple[str, ...]) -> str:
    return next((found for found in (property_of(xmp, name) for name in spellings) if found), "")


def camera_signal(metadata: Metadata) -> Signal:
    """Camera, software and times from EXIF; whether a position is stored, never the position."""
    texts = metadata.exif.texts
    shown = {name: texts[tag] for tag, name in _CAMERA_FIELDS.items() if _is_plain(texts.get(tag, ""))}
    if not shown and not metadata.exif.has_gps:
        return _not_found(CAMERA, "The file carries no camera data.", metadata)
    device = " ".join(shown[name] for name in ("make", "model") if name in shown)
    parts = [f"Camera data: {_clean(device)}." if device else "Camera data without a camera's name."]
    if "taken_at" in shown:
        parts.append(f"Taken at {_clean(shown['taken_at'])} by the camera's clock.")
    if metadata.exif.has_gps:
        parts.append("A position is stored in the file.")
    return Signal(
        CAMERA,
        VERSION,
        Status.FOUND,
        " ".join(parts),
        strength=Strength.WEAK,
        data={
            **{name: _clean(text) for name, text in shown.items()},
            "gps": metadata.exif.has_gps,
            "thumbnail": bool(metadata.exif.thumbnail),
        },
        sensitive={
            name: _clean(texts[tag], LONGEST_TEXT) for tag, name in _PERSONAL_FIELDS.items() if texts.get(tag)
        },
    )


def thumbnail_signal(metadata: Metadata, picture: Image.Image, limits: Limits = DEFAULT) -> Signal:
    """Whether the small picture that EXIF carries shows something else than ``picture`` (upright RGB)."""
    if not metadata.exif.thumbnail:
        return _not_found(THUMBNAIL, "The file carries no embedded thumbnail.", metadata)
    small_limits = Limits(max_pixels=min(limits.max_pixels, _THUMBNAIL_PIXELS), max_frames=0)
    try:
        opened = opening.open_media(metadata.exif.thumbnail, small_limits)
    except opening.Unopenable as error:
        sentence = "The embedded thumbnail could not be opened."
        return Signal(THUMBNAIL, VERSION, Status.FAILED, sentence, reason=error.failure.sentence)
    likeness = _likeness(opening.upright(opened.frames[0], metadata.exif.orientation), picture)
    if likeness is None:
        sentence = "The embedded thumbnail was not compared."
        return Signal(
            THUMBNAIL, VERSION, Status.NOT_CHECKED, sentence, reason="one of the two has no structure"
        )
    differs = likeness < SIMILAR
    return Signal(
        THUMBNAIL,
        VERSION,
        Status.FOUND if differs else Status.NOT_FOUND,
        "The embedded thumbnail shows something else than the picture: it may be of an earlier version."
        if differs
        else "The embedded thumbnail shows the same as the picture.",
        strength=Strength.STRONG if differs else None,
        data={"differs": differs, "likeness": round(likeness, 3)},
    )


def _likeness(small: Image.Image, picture: Image.Image) -> float | None:
    """Pearson correlation of both at 32 x 32 grey; None where one is nearly flat.

    Cameras letterbox thumbnails: the small one is first cut to the picture's shape.
    """
    values = [_grey(_cut_to(small, picture.width / picture.height)), _grey(picture)]
    if any(float(one.std()) < _FLAT for one in values):
        return None
    return float(np.corrcoef(values[0], values[1])[0, 1])


def _grey(image: Image.Image) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64).reshape(_SIDE * _SIDE)


def _cut_to(image: Image.Image, shape: float) -> Image.Image:
    """The middle of an image, in the given ratio of width to height."""
    width = min(image.width, max(1, round(image.height * shape)))
    height = min(image.height, max(1, round(image.width / shape)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _not_found(name: str, sentence: str, metadata: Metadata) -> Signal:
    """Nothing was there; or not all was looked at, which must not read the same."""
    if metadata.blocks.cut:
        reason = "the file holds more metadata than is looked at"
        return Signal(
            name, VERSION, Status.NOT_CHECKED, "Not all of the metadata was looked at.", reason=reason
        )
    return Signal(name, VERSION, Status.NOT_FOUND, sentence)


def _is_plain(text: str) -> bool:
    """Whether a text can be a device, program or time: generators put whole prompts into these tags."""
    return 0 < len(text) <= LONGEST_SHOWN and "{" not in text and "\n" not in text


def _clean(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A text as it may be stored and printed: bounded, without control characters and half surrogates."""
    return "".join(one for one in text[:longest] if one in "\n\t" or one.isprintable())
