"""An examination as JSON and byte strings, and back. What comes back was written by a process that read
hostile bytes.

So ``from_wire`` believes nothing: every type, length and range is checked, and the two pictures must have the
plain structure that ``renditions`` gives them (no comments, no profiles, the declared size, nothing behind
the end).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection import containers
from detection.findings import Derivative, Examination, Failure, Hash, Media, Signal, Status, Strength
from detection.limits import DEFAULT, Limits
from detection.renditions import PREVIEW_SIDE, RENDITION_SIDE

MOST_HASHES, MOST_SIGNALS, MOST_ERRORS = 32, 64, 64
LONGEST_NAME, LONGEST_SENTENCE = 100, 2000
DEEPEST_DATA, MOST_DATA = 8, 20_000
LONGEST_TEXT = 100_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:;+/() -]*\Z")
_HEX = re.compile(r"[0-9a-f]+\Z")
_PLAIN_JPEG = frozenset({0xE0, 0xDB, 0xC0, 0xC4, 0xDA})
_PLAIN_PNG = (b"IHDR", b"IDAT", b"IEND")


class Malformed(ValueError):
    """The child's answer is not an examination; treat it like a child that died."""


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
    }
    return document, parts


def from_wire(document: Mapping[str, Any], parts: Sequence[bytes], limits: Limits = DEFAULT) -> Examination:
    """The examination that a child sent. Raises Malformed when anything is not as it must be.

    ``parts`` may be longer than what the examination uses: other byte strings of the answer may follow.
    """
    media = _get(document, "media", (dict, type(None)))
    examination = Examination(
        sha256=_hex(document, "sha256", 64),
        md5=_hex(document, "md5", 32),
        size=_integer(document, "size", 0, limits.max_bytes),
        media=None if media is None else media_from_wire(media),
        hashes=tuple(hash_from_wire(one) for one in _list(document, "hashes", MOST_HASHES)),
        signals=tuple(signal_from_wire(one) for one in _list(document, "signals", MOST_SIGNALS)),
        errors=tuple(failure_from_wire(one) for one in _list(document, "errors", MOST_ERRORS)),
        preview=_derivative_from_wire(document, "preview", parts),
        rendition=_derivative_from_wire(document, "rendition", parts),
    )
    _check_preview(examination.preview, limits)
    _check_rendition(examination.rendition, limits)
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
        format=_name(document, "format"),
        mime=_name(document, "mime"),
        width=_integer(document, "width", 1, 1 << 31),
        height=_integer(document, "height", 1, 1 << 31),
        frames=_integer(document, "frames", 1, 1 << 31),
        mode=_name(document, "mode") if _text(document, "mode", LONGEST_NAME) else "",
    )


def hash_to_wire(one: Hash) -> dict[str, Any]:
    """JSON-able mapping of a Hash."""
    return {"algorithm": one.algorithm, "value": one.value, "version": one.version, "quality": one.quality}


def hash_from_wire(document: Any) -> Hash:
    """The Hash of a mapping; Malformed otherwise."""
    value = _text(document, "value", 1024)
    if not _HEX.match(value):
        raise Malformed("a hash is not hexadecimal")
    quality = _get(document, "quality", (int, type(None)))
    return Hash(
        algorithm=_name(document, "algorithm"),
        value=value,
        version=_name(document, "version"),
        quality=None if quality is None else _integer(document, "quality", 0, 100),
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
    strength = _get(document, "strength", (str, type(None)))
    score = _get(document, "score", (float, int, type(None)))
    if score is not None and (isinstance(score, bool) or not math.isfinite(score) or not 0 <= score <= 1):
        raise Malformed("a score is outside 0 to 1")
    try:
        return Signal(
            name=_name(document, "name"),
            version=_name(document, "version"),
            status=Status(_text(document, "status", LONGEST_NAME)),
            sentence=_text(document, "sentence", LONGEST_SENTENCE),
            strength=None if strength is None else Strength(strength),
            score=None if score is None else float(score),
            reason=_text(document, "reason", LONGEST_SENTENCE),
            data=_data(document, "data"),
            sensitive=_data(document, "sensitive"),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from None


def failure_to_wire(one: Failure) -> dict[str, Any]:
    """JSON-able mapping of a Failure."""
    return {"code": one.code, "sentence": one.sentence, "quarantine": one.quarantine}


def failure_from_wire(document: Any) -> Failure:
    """The Failure of a mapping; Malformed otherwise."""
    return Failure(
        code=_name(document, "code"),
        sentence=_text(document, "sentence", LONGEST_SENTENCE),
        quarantine=bool(_get(document, "quarantine", (bool,))),
    )


def array_to_wire(array: NDArray[Any]) -> tuple[dict[str, Any], bytes]:
    """Shape and type of an array as JSON, and its values (C order, little-endian) as bytes."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"shape": list(plain.shape), "dtype": plain.dtype.str}, plain.tobytes()


def array_from_wire(document: Any, part: bytes, *, shape: Sequence[int], dtype: str) -> NDArray[Any]:
    """The array, which must have exactly the expected shape and dtype (such as ``"<f4"``) and finite
    values.
    """
    if _get(document, "shape", (list,)) != list(shape) or _text(document, "dtype", 10) != np.dtype(dtype).str:
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
    inner = _get(document, key, (dict, type(None)))
    if inner is None:
        return None
    if not parts:
        raise Malformed("a picture was announced but not sent")
    return Derivative(
        mime=_name(inner, "mime"),
        width=_integer(inner, "width", 1, RENDITION_SIDE),
        height=_integer(inner, "height", 1, RENDITION_SIDE),
        content=parts[_integer(inner, "part", 0, len(parts) - 1)],
    )


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


def _get(document: Any, key: str, types: tuple[type, ...]) -> Any:
    if not isinstance(document, Mapping) or key not in document:
        raise Malformed(f"{key} is missing")
    value = document[key]
    if not isinstance(value, types):
        raise Malformed(f"{key} has the wrong type")
    return value


def _text(document: Any, key: str, longest: int) -> str:
    value = str(_get(document, key, (str,)))
    if len(value) > longest or "\0" in value or not _encodable(value):
        raise Malformed(f"{key} is too long or holds what cannot be stored")
    return value


def _encodable(value: str) -> bool:
    """Half surrogates pass JSON, but neither UTF-8 nor a database takes them."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _name(document: Any, key: str) -> str:
    value = _text(document, key, LONGEST_NAME)
    if not _NAME.match(value):
        raise Malformed(f"{key} is not a name")
    return value


def _hex(document: Any, key: str, length: int) -> str:
    value = _text(document, key, length)
    if len(value) != length or not _HEX.match(value):
        raise Malformed(f"{key} is not {length} hex digits")
    return value


def _integer(document: Any, key: str, low: int, high: int) -> int:
    value = _get(document, key, (int,))
    if isinstance(value, bool) or not low <= value <= high:
        raise Malformed(f"{key} is out of range")
    return int(value)


def _list(document: Any, key: str, most: int) -> list[Any]:
    value: list[Any] = _get(document, key, (list,))
    if len(value) > most:
        raise Malformed(f"too many {key}")
    return value


def _data(document: Any, key: str) -> dict[str, Any]:
    value: dict[str, Any] = _get(document, key, (dict,))
    if _count(value, DEEPEST_DATA) > MOST_DATA:
        raise Malformed(f"{key} holds too much")
    return value


def _count(value: Any, depth: int) -> int:
    """How many values a piece of data holds; Malformed for what is too deep, too long or not finite."""
    if depth < 0:
        raise Malformed("data is nested too deeply")
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT or "\0" in value or not _encodable(value):
            raise Malformed("a text is too long or holds what cannot be stored")
        return 1
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed("a number is not finite")
    if isinstance(value, list):
        return 1 + sum(_count(item, depth - 1) for item in value)
    if isinstance(value, dict):
        return 1 + sum(_count(key, depth) + _count(item, depth - 1) for key, item in value.items())
    if value is None or isinstance(value, (bool, int, float)):
        return 1
    raise Malformed("data holds something that is not JSON")
