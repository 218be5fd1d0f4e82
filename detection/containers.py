"""What JPEG, PNG and WebP files declare, read by walking their parts. No decoder runs here and nothing is
inflated.

The decoders get *lean* copies: metadata that they do not need to draw the picture (comments, ICC profiles,
XMP, compressed texts) has cost whole seconds and hundreds of megabytes in hostile files, and never changes a
pixel. Sources: ITU-T T.81 annex B, the PNG specification (third edition) section 5, the WebP container
specification.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"

SOS, EOI, COM, APP0, APP1, APP14, APP15 = 0xDA, 0xD9, 0xFE, 0xE0, 0xE1, 0xEE, 0xEF
FRAME_HEADERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")

_PNG_DRAWS = frozenset({b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf"})


class Part(NamedTuple):
    """One JPEG segment or PNG chunk: its kind, and where it and its payload lie in the file."""

    kind: bytes
    start: int
    body: int
    body_end: int
    end: int


def jpeg_segments(data: bytes) -> Iterator[Part]:
    """Segments from the start to the end marker; ``kind`` is one byte. Ends quietly where the structure
    breaks.
    """
    at = 2 if data.startswith(JPEG_START) else len(data)
    while at + 4 <= len(data) and data[at] == 0xFF:
        start = at
        while at < len(data) and data[at] == 0xFF:
            at += 1
        if at + 1 > len(data) or data[at] == EOI:
            return
        kind = data[at : at + 1]
        at += 1
        if kind[0] in _ALONE:
            yield Part(kind, start, at, at, at)
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            return
        end = at + length
        yield Part(kind, start, at + 2, end, end)
        if kind[0] == SOS:
            following = _MARKER_IN_SCAN.search(data, end)
            if following is None:
                return
            end = following.start()
        at = end


def jpeg_scans(data: bytes, stop_after: int) -> int:
    """How many scans a JPEG holds; counting stops one past ``stop_after``.

    The raw count is an upper bound (entropy-coded data cannot contain the marker), so most files are never
    walked.
    """
    raw = data.count(b"\xff\xda")
    if raw <= stop_after:
        return raw
    scans = 0
    for segment in jpeg_segments(data):
        scans += segment.kind[0] == SOS
        if scans > stop_after:
            break
    return scans


def lean_jpeg(data: bytes) -> bytes:
    """The same picture without comments, XMP, ICC and other application segments before the first scan.

    JFIF and Adobe segments stay (they say how colours are meant), and so does the first EXIF block
    (orientation).
    """
    kept = [JPEG_START]
    has_exif = False
    for segment in jpeg_segments(data):
        marker = segment.kind[0]
        if marker == SOS:
            return b"".join([*kept, memoryview(data)[segment.start :]])
        if marker == COM or (APP0 < marker <= APP15 and marker != APP14):
            if marker != APP1 or has_exif or not data.startswith(b"Exif\0", segment.body):
                continue
            has_exif = True
        kept.append(data[segment.start : segment.end])
    return data


def png_chunks(data: bytes) -> Iterator[Part]:
    """Chunks from IHDR to IEND; ``kind`` is the four-letter type. Ends quietly where the structure breaks."""
    at = len(PNG_SIGNATURE) if data.startswith(PNG_SIGNATURE) else len(data)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 12 + length
        if end > len(data):
            return
        kind = data[at + 4 : at + 8]
        yield Part(kind, at, at + 8, end - 4, end)
        if kind == b"IEND":
            return
        at = end


def lean_png(data: bytes) -> bytes:
    """The same picture with only what draws it: critical chunks, transparency, animation, orientation.

    A file that ends too early stays cut short, so that the decoder says so.
    """
    view = memoryview(data)
    kept: list[bytes | memoryview] = [PNG_SIGNATURE]
    end = len(PNG_SIGNATURE)
    finished = False
    for chunk in png_chunks(data):
        end = chunk.end
        finished = chunk.kind == b"IEND"
        if chunk.kind[0] & 0x20 == 0 or chunk.kind in _PNG_DRAWS:
            kept.append(view[chunk.start : chunk.end])
    return b"".join(kept if finished else [*kept, view[end:]])


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP file from its header, or None when it is no WebP or too short.

    Needed before Pillow: libwebp allocates the canvas while the file is being identified.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
