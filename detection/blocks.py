"""The metadata blocks of a picture file: PNG texts, EXIF, XMP and comments, as they lie in the bytes.

Bounded in bytes, parts and inflated size, and quiet about damage: what cannot be read is left out. Nothing
here decodes a picture or parses XML. Sources: PNG specification (third edition) section 11.3.3, Exif 3.0
section 4.7, XMP specification part 3, WebP container specification.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field

from detection import containers
from detection.limits import DEFAULT, Limits

EXIF_START = b"Exif\0\0"
XMP_START = b"http://ns.adobe.com/xap/1.0/\0"
XMP_MORE_START = b"http://ns.adobe.com/xmp/extension/\0"
_XMP_MORE_HEADER = len(XMP_MORE_START) + 32 + 4 + 4

_APP1, _COM = containers.APP1, containers.COM
_TIFF_STARTS = (b"II*\0", b"MM\0*")
_XMP_PACKET = re.compile(rb"<x:xmpmeta\b")
_XMP_END = b"</x:xmpmeta>"
_EXIF_ITEM = re.compile(rb"Exif\0\0(?=II\*\0|MM\0\*)")


@dataclass(slots=True)
class Blocks:
    """What a file carries beside its picture.

    ``texts`` are PNG keyword and text, ``exif`` is one TIFF structure, ``xmp`` the packets' raw text,
    ``comments`` those of JPEG. ``cut`` says that a limit left something out.
    """

    texts: list[tuple[str, str]] = field(default_factory=list)
    exif: bytes = b""
    xmp: str = ""
    comments: list[str] = field(default_factory=list)
    cut: bool = False


class _Budget:
    """How much may still be looked at in one file."""

    def __init__(self, limits: Limits) -> None:
        self.parts = limits.max_metadata_parts
        self.size = limits.max_metadata_bytes
        self.text = limits.max_text_bytes
        self.exceeded = False

    def part(self) -> bool:
        """Count one more part; False when there have been enough."""
        self.parts -= 1
        self.exceeded = self.exceeded or self.parts < 0
        return self.parts >= 0

    def take(self, size: int) -> bool:
        """Count the bytes of one block; False when it would be too much."""
        fits = size <= self.size
        if fits:
            self.size -= size
        self.exceeded = self.exceeded or not fits
        return fits


def read_blocks(data: bytes, limits: Limits = DEFAULT) -> Blocks:
    """The blocks of a JPEG, PNG, WebP or TIFF by their structure; of other formats by their start marks."""
    budget = _Budget(limits)
    blocks = Blocks()
    if data.startswith(containers.JPEG_START):
        _read_jpeg(data, blocks, budget)
    elif data.startswith(containers.PNG_SIGNATURE):
        _read_png(data, blocks, budget)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _read_webp(data, blocks, budget)
    else:
        _read_marked(data[: limits.max_bytes], blocks, budget)
    blocks.cut = budget.exceeded
    return blocks


def _read_jpeg(data: bytes, blocks: Blocks, budget: _Budget) -> None:
    """Segments before the first scan; XMP beyond 64 KB continues in extension segments."""
    xmp = bytearray()
    for segment in containers.jpeg_segments(data):
        marker = segment.kind[0]
        if marker == containers.SOS or not budget.part():
            break
        if marker not in (_APP1, _COM) or not budget.take(segment.body_end - segment.body):
            continue
        body = data[segment.body : segment.body_end]
        if marker == _COM:
            blocks.comments.append(decoded(body))
        elif body.startswith(EXIF_START):
            blocks.exif = blocks.exif or body[len(EXIF_START) :]
        elif body.startswith(XMP_START):
            xmp += body[len(XMP_START) :]
        elif body.startswith(XMP_MORE_START):
            xmp += body[_XMP_MORE_HEADER:]
    blocks.xmp = _text_of_xmp(bytes(xmp), budget)


def _read_png(data: bytes, blocks: Blocks, budget: _Budget) -> None:
    for chunk in containers.png_chunks(data):
        if not budget.part():
            return
        if chunk.kind not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            continue
        if not budget.take(chunk.body_end - chunk.body):
            continue
        body = data[chunk.body : chunk.body_end]
        if chunk.kind == b"eXIf":
            blocks.exif = blocks.exif or body.removeprefix(EXIF_START)
            continue
        keyword, text = _png_text(chunk.kind, body, budget)
        if keyword == "XML:com.adobe.xmp":
            blocks.xmp = blocks.xmp or text
        elif keyword and text:
            blocks.texts.append((keyword, text))


def _png_text(kind: bytes, body: bytes, budget: _Budget) -> tuple[str, str]:
    """Keyword and text of a tEXt, zTXt or iTXt chunk; the text is empty where it cannot be read."""
    key, _, rest = body.partition(b"\0")
    keyword = key[:79].decode("latin-1")
    if kind == b"zTXt":
        return keyword, decoded(_inflated(rest[1:], budget))
    if kind == b"tEXt":
        return keyword, decoded(rest[: budget.text])
    compressed, method_and_more = rest[:1] == b"\1", rest[2:]
    _, _, after_language = method_and_more.partition(b"\0")
    _, _, text = after_language.partition(b"\0")
    return keyword, decoded(_inflated(text, budget) if compressed else text[: budget.text])


def _inflated(packed: bytes, budget: _Budget) -> bytes:
    """Inflate at most the text limit, which also counts against the file's budget."""
    room = min(budget.text, budget.size)
    try:
        plain = zlib.decompressobj().decompress(packed, room) if room > 0 else b""
    except zlib.error:
        return b""
    budget.exceeded = budget.exceeded or len(plain) >= room
    budget.size -= len(plain)
    return plain


def _read_webp(data: bytes, blocks: Blocks, budget: _Budget) -> None:
    at = 12
    while at + 8 <= len(data) and budget.part():
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        body_end = min(at + 8 + length, len(data))
        if kind in (b"EXIF", b"XMP ") and budget.take(body_end - at - 8):
            body = data[at + 8 : body_end]
            if kind == b"EXIF":
                blocks.exif = blocks.exif or body.removeprefix(EXIF_START)
            else:
                blocks.xmp = blocks.xmp or _text_of_xmp(body, budget)
        at += 8 + length + (length & 1)


def _read_marked(data: bytes, blocks: Blocks, budget: _Budget) -> None:
    """TIFF is an EXIF structure itself; AVIF, HEIC and GIF hold EXIF and XMP whole, behind a start mark."""
    if data.startswith(_TIFF_STARTS):
        blocks.exif = data
    else:
        found = _EXIF_ITEM.search(data)
        if found and budget.take(min(len(data) - found.end(), budget.text)):
            blocks.exif = data[found.end() : found.end() + budget.text]
    packet = _XMP_PACKET.search(data)
    if packet:
        end = data.find(_XMP_END, packet.start(), packet.start() + budget.text)
        stop = end if end >= 0 else min(len(data), packet.start() + budget.text)
        if budget.take(stop - packet.start()):
            blocks.xmp = _text_of_xmp(data[packet.start() : stop], budget)


def _text_of_xmp(raw: bytes, budget: _Budget) -> str:
    if len(raw) > budget.text:
        budget.exceeded = True
    return decoded(raw[: budget.text])


def decoded(raw: bytes) -> str:
    """Bytes as text: UTF-16 by its mark, else UTF-8, else Latin-1. Never fails, keeps no NUL."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = raw.decode("utf-16", "replace")
    else:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    return text.replace("\0", "")
