"""A bounded reader of EXIF (one TIFF structure). Damage ends the reading of a directory, never the program.

Sources: Exif 3.0 section 4.6 (tags and directories), TIFF 6.0 section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from detection.blocks import decoded

MOST_ENTRIES = 512
LONGEST_VALUE = 1024 * 1024
LARGEST_THUMBNAIL = 256 * 1024

IMAGE_DESCRIPTION, MAKE, MODEL, ORIENTATION, SOFTWARE = 0x010E, 0x010F, 0x0110, 0x0112, 0x0131
DATE_TIME, ARTIST, COPYRIGHT = 0x0132, 0x013B, 0x8298
DATE_TIME_ORIGINAL, USER_COMMENT = 0x9003, 0x9286
OWNER, BODY_SERIAL, LENS_MODEL = 0xA430, 0xA431, 0xA434

_EXIF_POINTER, _GPS_POINTER = 0x8769, 0x8825
_THUMBNAIL_AT, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_GPS_LATITUDE, _GPS_LONGITUDE = 0x0002, 0x0004
_BYTE, _ASCII, _SHORT, _LONG, _UNDEFINED, _UTF8 = 1, 2, 3, 4, 7, 129
_SIZES = {_BYTE: 1, _ASCII: 1, _SHORT: 2, _LONG: 4, 5: 8, _UNDEFINED: 1, 9: 4, 10: 8, _UTF8: 1}
_TEXTS = (_ASCII, _UNDEFINED, _BYTE, _UTF8)

Values = Mapping[int, bytes | int]


@dataclass(frozen=True, slots=True)
class Exif:
    """``texts`` by tag, in the order of the file; ``orientation`` 1 to 8; whether a position is stored."""

    texts: Mapping[int, str] = field(default_factory=dict)
    orientation: int = 1
    has_gps: bool = False
    thumbnail: bytes = field(default=b"", repr=False)


def read_exif(block: bytes) -> Exif:
    """What a TIFF structure says; an empty Exif for anything that is none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return Exif()
    first, second = _directory(block, order, _number(block, order, 4))
    details, _ = _directory(block, order, _pointer(first, _EXIF_POINTER))
    position, _ = _directory(block, order, _pointer(first, _GPS_POINTER))
    thumbnail, _ = _directory(block, order, second)
    orientation = first.get(ORIENTATION)
    return Exif(
        texts=_texts({**first, **details}, order),
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
        has_gps=_GPS_LATITUDE in position or _GPS_LONGITUDE in position,
        thumbnail=_thumbnail(block, thumbnail),
    )


def _texts(values: Values, order: str) -> dict[int, str]:
    return {tag: _text(tag, value, order) for tag, value in values.items() if isinstance(value, bytes)}


def _number(block: bytes, order: str, at: int) -> int:
    """A 32-bit number, 0 where the block ends before it."""
    return int(struct.unpack_from(f"{order}I", block, at)[0]) if at + 4 <= len(block) else 0


def _pointer(values: Values, tag: int) -> int:
    value = values.get(tag)
    return value if isinstance(value, int) else 0


def _directory(block: bytes, order: str, at: int) -> tuple[dict[int, bytes | int], int]:
    """One directory's texts (as bytes) and whole numbers by tag, and where the next directory is.

    Numbers with several values keep the first. Each directory is read once and none follows another by
    itself, so loops cannot happen.
    """
    values: dict[int, bytes | int] = {}
    if at < 8 or at + 2 > len(block):
        return values, 0
    (count,) = struct.unpack_from(f"{order}H", block, at)
    for number in range(min(count, MOST_ENTRIES)):
        entry = at + 2 + number * 12
        if entry + 12 > len(block):
            return values, 0
        tag, kind, amount = struct.unpack_from(f"{order}HHI", block, entry)
        value = _value(block, order, entry + 8, kind, amount)
        if value is not None:
            values.setdefault(tag, value)
    return values, _number(block, order, at + 2 + count * 12)


def _value(block: bytes, order: str, at: int, kind: int, amount: int) -> bytes | int | None:
    size = _SIZES.get(kind, 0) * amount
    if not 0 < size <= LONGEST_VALUE:
        return None
    if size > 4:
        at = _number(block, order, at)
    if at + size > len(block):
        return None
    if kind == _SHORT:
        return int(struct.unpack_from(f"{order}H", block, at)[0])
    if kind == _LONG:
        return _number(block, order, at)
    return block[at : at + size] if kind in _TEXTS else 0


def _text(tag: int, value: bytes, order: str) -> str:
    return user_comment(value, order) if tag == USER_COMMENT else decoded(value.rstrip(b"\0 ")).strip()


def user_comment(value: bytes, order: str) -> str:
    """The text behind the eight-byte character code. "UNICODE" means UTF-16, in practice of either order."""
    code, body = value[:8], value[8:]
    if not code.startswith(b"UNICODE"):
        known = code.startswith((b"ASCII\0", b"JIS\0")) or code == b"\0" * 8
        return decoded(body if known else value).strip()
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return decoded(body).strip()
    zeros_first, zeros_second = body[0::2].count(0), body[1::2].count(0)
    big = order == ">" if zeros_first == zeros_second else zeros_first > zeros_second
    return body.decode("utf-16-be" if big else "utf-16-le", "replace").replace("\0", "").strip()


def _thumbnail(block: bytes, values: Values) -> bytes:
    at, length = _pointer(values, _THUMBNAIL_AT), _pointer(values, _THUMBNAIL_LENGTH)
    if not 0 < length <= LARGEST_THUMBNAIL or at < 8 or at + length > len(block):
        return b""
    found = block[at : at + length]
    return found if found.startswith(b"\xff\xd8") else b""
