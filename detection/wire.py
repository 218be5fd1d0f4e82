"""An examination as JSON and byte strings, and back. What comes back was written by a process that read
hostile bytes.

So ``from_wire`` believes nothing: every type, length and range is checked, and the two pictures must have the
plain structure that ``renditions`` gives them (no comments, no profiles, the declared size, nothing behind
the end).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection import containers, fields
from detection.fields import LONGEST_NAME, LONGEST_SENTENCE, Malformed
from detection.findings import (
    Derivative,
    Examination,
    Failure,
    Film,
    FilmFrame,
    Hash,
    Media,
    Signal,
    Status,
    Strength,
)
from detection.limits import DEFAULT, Limits
from detection.planes import Planes, PlaneSpec
from detection.renditions import PREVIEW_SIDE, RENDITION_SIDE

MOST_HASHES, MOST_SIGNALS, MOST_ERRORS = 32, 64, 64
HASH_DIGITS = {"pdq": 64, "phash": 16}
TURNS = 8
LONGEST_FILM = 100 * 365.25 * 86400
"""In seconds; a file may claim anything."""

_PLAIN_JPEG = frozenset({0xE0, 0xDB, 0xC0, 0xC4, 0xDA})
_PLAIN_PNG = (b"IHDR", b"IDAT", b"IEND")


def to_wire(examination: Examination) -> tuple[dict[str, Any], list[bytes]]:
    """JSON-able mapping and byte strings of an examination, for ``sandbox.run``."""
    parts: list[bytes] = []
    document = {
        "sha256": examination.sha256,
        "md5": examination.md5,
        "size": examination.size,
        "media": None if examination.media is None else media_to_wire(examination.media),
        "hashes": [hash_to_wire(one) for one in examination.hashes],
        "signals": [signal_to_wire(one) for one in examination.signals],
        "errors": [failure_to_wire(one) for one in examination.errors],
        "preview": _derivative_to_wire(examination.preview, parts),
        "rendition": _derivative_to_wire(examination.rendition, parts),
        "turns": [hash_to_wire(one) for one in examination.turns],
        "film": None if examination.film is None else film_to_wire(examination.film, parts),
    }
    return document, parts


def from_wire(document: Mapping[str, Any], parts: Sequence[bytes], limits: Limits = DEFAULT) -> Examination:
    """The examination that a child sent. Raises Malformed when anything is not as it must be."""
    media = fields.get(document, "media", (dict, type(None)))
    examination = Examination(
        sha256=fields.hexadecimal(document, "sha256", 64),
        md5=fields.hexadecimal(document, "md5", 32),
        size=fields.integer(document, "size", 0, limits.max_bytes),
        media=None if media is None else media_from_wire(media),
        hashes=tuple(hash_from_wire(one) for one in fields.listing(document, "hashes", MOST_HASHES)),
        signals=tuple(signal_from_wire(one) for one in fields.listing(document, "signals", MOST_SIGNALS)),
        errors=tuple(failure_from_wire(one) for one in fields.listing(document, "errors", MOST_ERRORS)),
        preview=_derivative_from_wire(document, "preview", parts),
        rendition=_derivative_from_wire(document, "rendition", parts),
        turns=tuple(hash_from_wire(one) for one in fields.listing(document, "turns", TURNS)),
        film=_film_from_wire(document, parts, limits),
    )
    _check_preview(examination.preview, limits)
    _check_rendition(examination.rendition, limits)
    _check_turns(examination)
    _check_kind(examination)
    return examination


def media_to_wire(media: Media) -> dict[str, Any]:
    """JSON-able mapping of a Media."""
    return {
        "format": media.format,
        "mime": media.mime,
        "width": media.width,
        "height": media.height,
        "frames": media.frames,
        "mode": media.mode,
    }


def media_from_wire(document: Any) -> Media:
    """The Media of a mapping; Malformed otherwise."""
    return Media(
        format=fields.name(document, "format"),
        mime=fields.name(document, "mime"),
        width=fields.integer(document, "width", 1, 1 << 31),
        height=fields.integer(document, "height", 1, 1 << 31),
        frames=fields.integer(document, "frames", 1, 1 << 31),
        mode=fields.name(document, "mode") if fields.text(document, "mode", LONGEST_NAME) else "",
    )


def hash_to_wire(one: Hash) -> dict[str, Any]:
    """JSON-able mapping of a Hash."""
    return {"algorithm": one.algorithm, "value": one.value, "version": one.version, "quality": one.quality}


def hash_from_wire(document: Any) -> Hash:
    """The Hash of a mapping; Malformed otherwise."""
    algorithm = fields.name(document, "algorithm")
    if algorithm not in HASH_DIGITS:
        raise Malformed("a hash of an unknown kind")
    quality = fields.get(document, "quality", (int, type(None)))
    return Hash(
        algorithm=algorithm,
        value=fields.hexadecimal(document, "value", HASH_DIGITS[algorithm]),
        version=fields.name(document, "version"),
        quality=None if quality is None else fields.integer(document, "quality", 0, 100),
    )


def signal_to_wire(one: Signal) -> dict[str, Any]:
    """JSON-able mapping of a Signal."""
    return {
        "name": one.name,
        "version": one.version,
        "status": one.status.value,
        "sentence": one.sentence,
        "strength": None if one.strength is None else one.strength.value,
        "score": one.score,
        "reason": one.reason,
        "data": dict(one.data),
        "sensitive": dict(one.sensitive),
    }


def signal_from_wire(document: Any) -> Signal:
    """The Signal of a mapping; Malformed otherwise. A score must be a finite number from 0 to 1."""
    strength = fields.get(document, "strength", (str, type(None)))
    score = fields.get(document, "score", (float, int, type(None)))
    if score is not None and (isinstance(score, bool) or not math.isfinite(score) or not 0 <= score <= 1):
        raise Malformed("a score is outside 0 to 1")
    try:
        return Signal(
            name=fields.name(document, "name"),
            version=fields.name(document, "version"),
            status=Status(fields.text(document, "status", LONGEST_NAME)),
            sentence=fields.text(document, "sentence", LONGEST_SENTENCE),
            strength=None if strength is None else Strength(strength),
            score=None if score is None else float(score),
            reason=fields.text(document, "reason", LONGEST_SENTENCE),
            data=fields.data(document, "data"),
            sensitive=_with_small_map(fields.data(document, "sensitive")),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from None


def _with_small_map(sensitive: dict[str, Any]) -> dict[str, Any]:
    """A heat map is drawn as a picture before any reveal, so it is held to the size of a preview."""
    if "map" in sensitive:
        drawn = fields.get(sensitive, "map", (dict,))
        width = fields.integer(drawn, "width", 1, PREVIEW_SIDE)
        height = fields.integer(drawn, "height", 1, PREVIEW_SIDE)
        fields.hexadecimal(drawn, "cells", 2 * width * height)
        if len(drawn) > len(("width", "height", "cells")):
            raise Malformed("a map holds something else")
    return sensitive


def failure_to_wire(one: Failure) -> dict[str, Any]:
    """JSON-able mapping of a Failure."""
    return {"code": one.code, "sentence": one.sentence, "quarantine": one.quarantine}


def failure_from_wire(document: Any) -> Failure:
    """The Failure of a mapping; Malformed otherwise."""
    return Failure(
        code=fields.name(document, "code"),
        sentence=fields.text(document, "sentence", LONGEST_SENTENCE),
        quarantine=bool(fields.get(document, "quarantine", (bool,))),
    )


def film_to_wire(film: Film, parts: list[bytes]) -> dict[str, Any]:
    """JSON-able mapping of a Film; the pictures of its frames are added to *parts*."""
    return {
        "container": film.container,
        "codec": film.codec,
        "duration": film.duration,
        "frames_per_second": film.frames_per_second,
        "has_sound": film.has_sound,
        "frames": [
            {
                "at_seconds": one.at_seconds,
                "scene_start": one.scene_start,
                "hashes": [hash_to_wire(value) for value in one.hashes],
                "preview": _derivative_to_wire(one.preview, parts),
                "rendition": _derivative_to_wire(one.rendition, parts),
            }
            for one in film.frames
        ],
    }


def _film_from_wire(document: Mapping[str, Any], parts: Sequence[bytes], limits: Limits) -> Film | None:
    inner = fields.get(document, "film", (dict, type(None)))
    if inner is None:
        return None
    frames = fields.listing(inner, "frames", limits.max_film_frames)
    return Film(
        container=fields.name(inner, "container"),
        codec=fields.name(inner, "codec"),
        duration=fields.optional_number(inner, "duration", 0, LONGEST_FILM),
        frames_per_second=fields.optional_number(inner, "frames_per_second", 0, 1e9),
        has_sound=bool(fields.get(inner, "has_sound", (bool,))),
        frames=tuple(_film_frame_from_wire(one, parts, limits) for one in frames),
    )


def _film_frame_from_wire(document: Any, parts: Sequence[bytes], limits: Limits) -> FilmFrame:
    preview = _derivative_from_wire(document, "preview", parts)
    rendition = _derivative_from_wire(document, "rendition", parts)
    if preview is None or rendition is None:
        raise Malformed("a frame without its pictures")
    _check_preview(preview, limits)
    _check_rendition(rendition, limits)
    hashes = fields.listing(document, "hashes", MOST_HASHES)
    return FilmFrame(
        at_seconds=fields.number(document, "at_seconds", 0, LONGEST_FILM),
        scene_start=bool(fields.get(document, "scene_start", (bool,))),
        hashes=tuple(hash_from_wire(one) for one in hashes),
        preview=preview,
        rendition=rendition,
    )


def planes_to_wire(planes: Planes, size: tuple[int, int]) -> tuple[dict[str, Any], list[bytes]]:
    """Planes by name, and the width and height of what they were made from, as JSON and byte strings in their order."""
    written = {name: array_to_wire(array) for name, array in planes.items()}
    headers = {name: header for name, (header, _) in written.items()}
    return {"planes": headers, "width": size[0], "height": size[1]}, [
        values for _, values in written.values()
    ]


def size_from_wire(document: Mapping[str, Any]) -> tuple[int, int]:
    """The width and height that came with planes; (0, 0) where nothing was opened."""
    return fields.integer(document, "width", 0, 1 << 31), fields.integer(document, "height", 0, 1 << 31)


def planes_from_wire(
    document: Mapping[str, Any], parts: Sequence[bytes], specs: Sequence[PlaneSpec], limits: Limits = DEFAULT
) -> Planes:
    """Planes for exactly these specs, of equally many frames; empty when there is no picture."""
    headers = fields.get(document, "planes", (dict,))
    if not headers and not parts:
        return {}
    if list(headers) != [spec.name for spec in specs] or len(parts) != len(specs):
        raise Malformed("not the planes that were asked for")
    shape = fields.listing(headers[specs[0].name], "shape", 4)
    frames = shape[0] if shape else 0
    if type(frames) is not int or not 1 <= frames <= most_frames(limits):
        raise Malformed("not as many planes as a file may give")
    return {
        spec.name: array_from_wire(
            headers[spec.name], part, shape=(frames, spec.height, spec.width, 3), dtype="|u1"
        )
        for spec, part in zip(specs, parts, strict=True)
    }


def most_frames(limits: Limits) -> int:
    """How many frames of one file a model may be asked about."""
    return max(limits.max_frames + 1, limits.max_film_frames)


def array_to_wire(array: NDArray[Any]) -> tuple[dict[str, Any], bytes]:
    """Shape and type of an array as JSON, and its values (C order, little-endian) as bytes."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"shape": list(plain.shape), "dtype": plain.dtype.str}, plain.tobytes()


def array_from_wire(document: Any, part: bytes, *, shape: Sequence[int], dtype: str) -> NDArray[Any]:
    """The array, which must have exactly the expected shape and dtype (such as ``"<f4"``) and finite
    values.
    """
    given = fields.get(document, "shape", (list,)), fields.text(document, "dtype", 10)
    if given != (list(shape), np.dtype(dtype).str):
        raise Malformed("an array has another shape or type than its model takes")
    if len(part) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise Malformed("an array is shorter or longer than its shape")
    array = np.frombuffer(part, dtype=dtype).reshape(tuple(shape))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Malformed("an array holds values that are not finite")
    return array


def _derivative_to_wire(one: Derivative | None, parts: list[bytes]) -> dict[str, Any] | None:
    if one is None:
        return None
    parts.append(one.content)
    return {"mime": one.mime, "width": one.width, "height": one.height, "part": len(parts) - 1}


def _derivative_from_wire(document: Mapping[str, Any], key: str, parts: Sequence[bytes]) -> Derivative | None:
    inner = fields.get(document, key, (dict, type(None)))
    if inner is None:
        return None
    if not parts:
        raise Malformed("a picture was announced but not sent")
    return Derivative(
        mime=fields.name(inner, "mime"),
        width=fields.integer(inner, "width", 1, RENDITION_SIDE),
        height=fields.integer(inner, "height", 1, RENDITION_SIDE),
        content=parts[fields.integer(inner, "part", 0, len(parts) - 1)],
    )


def _check_turns(examination: Examination) -> None:
    turns = examination.turns
    if turns and (len(turns) != TURNS or {one.algorithm for one in turns} != {"pdq"}):
        raise Malformed("not the hashes of eight turns")
    if turns and turns[0] not in examination.hashes:
        raise Malformed("the first turn is not the picture as it is")


def _check_kind(examination: Examination) -> None:
    """A film has its frames, and nothing else has any."""
    is_film = examination.media is not None and examination.media.mime.startswith("video/")
    if is_film != (examination.film is not None):
        raise Malformed("a film without its frames, or frames without a film")


def _check_preview(preview: Derivative | None, limits: Limits) -> None:
    if preview is None:
        return
    if preview.mime != "image/png" or max(preview.width, preview.height) > PREVIEW_SIDE:
        raise Malformed("the preview is not a PNG of at most 24 pixels")
    content = preview.content
    chunks = list(containers.png_chunks(content)) if len(content) <= limits.max_preview_bytes else []
    kinds = tuple(dict.fromkeys(chunk.kind for chunk in chunks))
    if kinds != _PLAIN_PNG or chunks[-1].end != len(content):
        raise Malformed("the preview is not a plain PNG")
    header = content[chunks[0].body : chunks[0].body_end]
    declared = int.from_bytes(header[0:4], "big"), int.from_bytes(header[4:8], "big")
    grey = header[9:10] == b"\0"
    if declared != (preview.width, preview.height) or not grey:
        raise Malformed("the preview's header says something else")


def _check_rendition(rendition: Derivative | None, limits: Limits) -> None:
    if rendition is None:
        return
    content = rendition.content
    if rendition.mime != "image/jpeg" or len(content) > limits.max_rendition_bytes:
        raise Malformed("the rendition is not a JPEG of the allowed size")
    segments = list(containers.jpeg_segments(content))
    markers = [segment.kind[0] for segment in segments]
    if not set(markers) <= _PLAIN_JPEG or markers.count(0xC0) != 1 or markers.count(0xDA) != 1:
        raise Malformed("the rendition is not a plain JPEG")
    if content.find(b"\xff\xd9", segments[-1].end) != len(content) - 2:
        raise Malformed("the rendition does not end where its picture ends")
    frame = segments[markers.index(0xC0)].body
    height = int.from_bytes(content[frame + 1 : frame + 3], "big")
    width = int.from_bytes(content[frame + 3 : frame + 5], "big")
    if (width, height) != (rendition.width, rendition.height):
        raise Malformed("the rendition's header says something else")
