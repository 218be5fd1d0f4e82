"""The quantisation tables of a JPEG, read from its header and compared with published ones.

ITU-T T.81, sections B.2.2 (frame header), B.2.4.1 (tables) and K.1 (the standard tables); scaling by a quality of 1 to
100 as the Independent JPEG Group's libjpeg does it (``jpeg_quality_scaling``). The tables of Adobe Photoshop are the
ones that Pillow publishes as presets (``PIL.JpegPresets``). What matches neither is called a custom table: many
cameras and most telephones have their own, so that says nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from PIL.JpegPresets import presets

from detection import containers
from detection.limits import DEFAULT, Limits

Table = tuple[int, ...]
"""64 steps, row by row (not in zigzag order)."""

_DQT = 0xDB
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_BASELINE_MOST = 255

LUMA: Table = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMA: Table = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip


def _zigzag() -> Table:
    """The place (row * 8 + column) of the n-th coefficient that a file stores."""
    places = [(row, column) for row in range(8) for column in range(8)]
    places.sort(key=lambda at: (at[0] + at[1], at[0] if (at[0] + at[1]) % 2 else at[1]))
    return tuple(row * 8 + column for row, column in places)


ZIGZAG = _zigzag()


@dataclass(frozen=True, slots=True)
class Header:
    """What a JPEG declares. ``tables`` are those of its components in order, brightness first."""

    width: int
    height: int
    progressive: bool
    sampling: tuple[tuple[int, int], ...]
    tables: tuple[Table, ...]

    @property
    def luma(self) -> Table:
        """The table of the first component."""
        return self.tables[0]


def standard(quality: int, table: Table = LUMA) -> Table:
    """The standard *table* at a libjpeg *quality* of 1 to 100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(max((step * scale + 50) // 100, 1), _BASELINE_MOST) for step in table)


def _adobe() -> dict[Table, str]:
    """Photoshop's brightness tables by the names that Pillow gives them; its presets are in rows already."""
    found = {}
    for name, preset in presets.items():
        found[tuple(int(step) for step in preset["quantization"][0])] = name.replace("_", " ")  # type: ignore[index]
    return found


QUALITY_OF = {standard(quality): quality for quality in range(1, 101)}
"""Brightness table to libjpeg quality."""

ADOBE_OF = _adobe()


def header(data: bytes, limits: Limits = DEFAULT) -> Header | None:
    """The first frame header and its tables; None for what is no JPEG or lacks a table that it names."""
    seen: dict[int, Table] = {}
    frame, progressive = b"", False
    for segment in islice(containers.jpeg_segments(data), limits.max_metadata_parts):
        body, marker = data[segment.body : segment.body_end], segment.kind[0]
        if marker == _DQT:
            seen.update(_tables(body))
        elif marker in containers.FRAME_HEADERS and not frame:
            frame, progressive = body, marker in _PROGRESSIVE
        elif marker == containers.SOS:
            break
    return _header(frame, progressive, seen)


def _header(frame: bytes, progressive: bool, seen: dict[int, Table]) -> Header | None:
    count = frame[5] if len(frame) > 5 else 0
    components = [frame[6 + 3 * number : 9 + 3 * number] for number in range(count)]
    if not components or any(len(one) < 3 or one[2] not in seen for one in components):
        return None
    return Header(
        width=int.from_bytes(frame[3:5], "big"),
        height=int.from_bytes(frame[1:3], "big"),
        progressive=progressive,
        sampling=tuple((one[1] >> 4, one[1] & 15) for one in components),
        tables=tuple(seen[one[2]] for one in components),
    )


def _tables(body: bytes) -> dict[int, Table]:
    """The tables of one segment by their number. A table that is cut short or holds a zero is left out."""
    found: dict[int, Table] = {}
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        size = 128 if wide else 64
        raw = body[at + 1 : at + 1 + size]
        at += 1 + size
        if len(raw) < size:
            break
        steps = [int.from_bytes(raw[n : n + 2], "big") for n in range(0, 128, 2)] if wide else list(raw)
        rows = [0] * 64
        for place, step in zip(ZIGZAG, steps, strict=True):
            rows[place] = step
        if all(rows):
            found[number] = tuple(rows)
    return found


def named(table: Table) -> str:
    """What a brightness table is: standard with its quality, one of Photoshop's, or custom."""
    if table in QUALITY_OF:
        return f"standard table, quality {QUALITY_OF[table]}"
    if table in ADOBE_OF:
        return f"Adobe Photoshop's table “{ADOBE_OF[table]}”"
    return "custom table"
