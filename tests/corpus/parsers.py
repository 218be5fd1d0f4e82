"""A fuzz target for each parser: what it is fed with, and what must hold of its answer.

A target gives one word for the outcome. An exception that the parser does not declare, a broken cap or an answer that
differs the second time ends the campaign. Native code (Content Credentials, films, whole files) runs in the sandbox,
where a crash is a "died"; the others are called here, some thousand times a second.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import c2pa
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from detection import containers, digests, history, looking, metadata, provenance, sandbox, stealth, wire, xmp
from detection.blocks import Blocks, read_blocks
from detection.exif import LONGEST_VALUE, MOST_ENTRIES, Exif, read_exif
from detection.fields import Malformed
from detection.findings import Signal
from detection.forensics import tables
from detection.generators import marks
from detection.limits import Limits
from detection.trust import NOBODY
from tests.corpus.films import benign_film
from tests.corpus.pictures import FORMATS, benign, picture, saved
from tests.detection.studio import Studio, opened
from tests.detection.studio import picture as plain

SMALL = Limits(max_metadata_bytes=6000, max_metadata_parts=30, max_text_bytes=1500)
TINY = Limits(max_metadata_bytes=1200, max_metadata_parts=12, max_text_bytes=300)
"""So little that mutants of small files reach every cap."""
NAMES = ("DigitalSourceType", "AISystemUsed", "AIPromptInformation", "AIGC", "description")
SETTINGS = "a walk\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Model: dream, Version: v1.10.1"
LABEL = json.dumps({"Label": "1", "ContentProducer": "maker", "ProduceID": "x"})
COMMENT = json.dumps({"prompt": "a walk", "signed_hash": "x"})
TEXTS = {
    "parameters": SETTINGS,
    "prompt": json.dumps({"3": {"class_type": "KSampler", "inputs": {"text": "a walk"}}}),
    "workflow": json.dumps({"nodes": [{"id": 3}], "links": []}),
    "invokeai_metadata": json.dumps({"positive_prompt": "a walk"}),
    "sd-metadata": json.dumps({"image": {"prompt": "a walk"}}),
    "Dream": "a walk -s 50 -S 1 -W 512",
    "Comment": COMMENT,
    "Software": "NovelAI",
    "Description": "a walk --v 6 Job ID: 12345678-1234-1234-1234-123456789abc",
    "AIGC": LABEL,
}
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/'
    "newscodes/digitalsourcetype/trainedAlgorithmicMedia\" TC260:AIGC='{}'><Iptc4xmpExt:AISystemUsed>Painter"
    "</Iptc4xmpExt:AISystemUsed><dc:description><rdf:Alt><rdf:li xml:lang='en'>a walk</rdf:li></rdf:Alt>"
    "</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
).format(LABEL.replace('"', "&quot;"))


class Broken(AssertionError):
    """A parser gave what it must not give."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: what its mutants are made of, and one call with the outcome in a word."""

    name: str
    seeds: Callable[[], list[bytes]]
    run: Callable[[bytes], str]


def must(holds: bool, what: str) -> None:
    """Raise Broken unless it holds; not ``assert``, so that it counts under ``-O`` too."""
    if not holds:
        raise Broken(what)


def storable(signal: Signal) -> None:
    """A signal that goes over the wire and comes back the same."""
    back = wire.signal_from_wire(json.loads(json.dumps(wire.signal_to_wire(signal), allow_nan=False)))
    must(back == signal, "the signal changed on the wire")


# --- what is read byte by byte ----------------------------------------------------------------------------


@cache
def pictures() -> list[bytes]:
    """Small pictures of every format, and some that are full of metadata."""
    info = PngInfo()
    for key, text in TEXTS.items():
        info.add_text(key, text)
    info.add_text("XML:com.adobe.xmp", XMP)
    info.add_itxt("prompt", TEXTS["prompt"], zip=True)
    small = picture(48, 32)
    exif = Image.Exif()
    exif.update(
        {
            0x010F: "Black Forest Labs",
            0x0131: "AI generated;txt2img;flux",
            0x0110: f"prompt:{TEXTS['prompt']}",
        }
    )
    exif.get_ifd(0x8769).update({0x9286: b"UNICODE\0" + SETTINGS.encode("utf-16-be")})
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0)})
    full = [saved(small, name, exif=exif, xmp=XMP.encode()) for name in ("jpg", "webp")]
    return [
        saved(small, "png", pnginfo=info),
        *full,
        saved(small, "jpg", comment=b"x" * 99, progressive=True),
    ] * 5 + [saved(small, extension) for extension in FORMATS]


def _containers(data: bytes) -> str:
    parts = (*containers.jpeg_segments(data), *containers.png_chunks(data))
    for part in parts:
        must(
            0 <= part.start <= part.body <= part.body_end <= part.end <= len(data),
            "a part lies outside the file",
        )
    for lean in (containers.lean_jpeg, containers.lean_png):
        must(len(lean(data)) <= len(data) + len(containers.PNG_SIGNATURE), "a lean copy grew")
    containers.webp_size(data)
    must(containers.jpeg_scans(data, 3) <= 4, "scans were counted past the limit")
    return "parts" if parts else "none"


def _blocks(data: bytes) -> str:
    found = read_blocks(data, TINY)
    must(found == read_blocks(data, TINY), "a second reading differs")
    must(len(found.texts) + len(found.comments) <= TINY.max_metadata_parts, "too many parts")
    must(all(len(text) <= TINY.max_metadata_bytes for _, text in found.texts), "a text is too long")
    must(sum(len(text) for _, text in found.texts) <= TINY.max_metadata_bytes, "the texts are too long")
    must(len(found.xmp) <= TINY.max_text_bytes, "the XMP is too long")
    return "cut" if found.cut else "whole"


def _metadata(data: bytes) -> str:
    found = metadata.signals(metadata.read(data, SMALL))
    for signal in found:
        storable(signal)
    return "found" if any(signal.status == "found" for signal in found) else "nothing"


@cache
def exif_blocks() -> list[bytes]:
    """The EXIF structures of the pictures, and one with a thumbnail."""
    thumbnail = saved(picture(16, 16), "jpg")
    entries = struct.pack("<HHII", 0x0201, 4, 1, 44) + struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail))
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HI", 0, 14) + struct.pack("<H", 2)
    found = [read_blocks(data).exif for data in pictures()]
    return [block for block in found if block] + [head + entries + b"\0" * 4 + thumbnail]


def _exif(data: bytes) -> str:
    found = read_exif(data)
    must(found == read_exif(data), "a second reading differs")
    must(1 <= found.orientation <= 8, "no such orientation")
    must(len(found.texts) <= 2 * MOST_ENTRIES, "too many entries")
    must(all(len(text) <= LONGEST_VALUE for text in found.texts.values()), "a text is too long")
    must(len(found.thumbnail) <= len(data), "a thumbnail is longer than its file")
    return "texts" if found.texts else "none"


def _xmp(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    values = [xmp.property_of(text, name) for name in NAMES]
    must(all(len(value) <= 2 * xmp.LONGEST_VALUE for value in values), "a value is too long")
    return "values" if any(values) else "none"


def _jpeg_tables(data: bytes) -> str:
    header = tables.header(data, SMALL)
    if header is None:
        return "none"
    must(all(len(table) == 64 for table in header.tables), "a table has not 64 steps")
    return tables.named(header.tables[0])[:6] if header.tables else "no table"


# --- texts of generators, text in pixels --------------------------------------------------------------------


def _generator(key: str, data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    found = marks(
        Blocks(texts=[(key, text)], xmp=text), Exif(texts={0x9286: text, 0x0110: text, 0x0131: text})
    )
    must(found == marks(Blocks(texts=[(key, text)], xmp=text), Exif(texts={0x9286: text, 0x0110: text, 0x0131: text})),
         "a second reading differs")  # fmt: skip
    must(len({(mark.tool, mark.where) for mark in found}) == len(found), "a mark stands twice")
    return "marks" if found else "none"


@cache
def hidden_texts() -> list[bytes]:
    """What ``_stealth`` hides: each magic, with a text that is plain or packed as it says."""
    plain, packed = SETTINGS.encode(), gzip.compress(SETTINGS.encode())
    return [
        magic + struct.pack(">I", 8 * len(body)) + body + b"\xff" * 4
        for magic, body in (
            (b"stealth_pnginfo", plain),
            (b"stealth_pngcomp", packed),
            (b"stealth_rgbinfo", plain),
            (b"stealth_rgbcomp", packed),
        )
    ]


def _stealth(data: bytes) -> str:
    outcome = "none"
    for depth, modes in ((1, "alpha"), (3, "colours")):
        bits = np.unpackbits(np.frombuffer(data, np.uint8))
        columns = -(-bits.size // (31 * depth)) or 1
        pixels = np.full((columns, 31, 4), 128, np.uint8)
        plane = pixels[:, :, 3:] if modes == "alpha" else pixels[:, :, :3]
        plane |= np.resize(np.append(bits, 0), plane.shape).astype(np.uint8)
        found = stealth.find(Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 0, 2))), SMALL)
        must(found is None or len(found.text) <= SMALL.max_text_bytes, "a text is too long")
        storable(stealth.signal(found, "PNG"))
        outcome = outcome if found is None else "damaged" if found.damaged else "read"
    return outcome


# --- what children and libraries answer ---------------------------------------------------------------------


@cache
def answer() -> tuple[bytes, list[bytes]]:
    """What a child says of a small picture: JSON, and the two pictures it made."""
    data = saved(picture(48, 32), "png")
    document, parts = wire.to_wire(looking.look(data, digests.of_bytes(data)).examination)
    return json.dumps(document).encode(), parts


def _wire(data: bytes) -> str:
    whole, parts = answer()
    try:
        wire.from_wire(_document(data, whole), parts)
    except Malformed:
        return "malformed"
    return "taken"


@cache
def signed() -> list[bytes]:
    """Pictures with Content Credentials, alone and with a history."""
    studio = Studio()
    made = studio.signed(plain())
    return [
        made,
        studio.signed(plain(), actions=opened("cropped"), ingredients=[(made, "parentOf")]),
        studio.signed(plain("PNG"), mime="image/png"),
    ]


def _credentials(data: bytes) -> str:
    mime = "image/png" if data.startswith(containers.PNG_SIGNATURE) else "image/jpeg"
    outcome = sandbox.run(partial(_credentials_of, data, mime))
    if not isinstance(outcome, sandbox.Answer):
        raise Broken(f"the child gave no answer: {outcome}")
    signal = wire.signal_from_wire(outcome.document)
    must(signal.data.get("trust") != "trusted", "a mutant is trusted")
    return str(signal.data.get("integrity", signal.status.value))


def _credentials_of(data: bytes, mime: str) -> tuple[dict[str, Any], list[bytes]]:
    return wire.signal_to_wire(provenance.check(data, mime)), []


@cache
def stores() -> list[bytes]:
    """What the library says of the signed pictures, as it would have said it."""
    with c2pa.Context.from_dict({"version": 1}) as context:
        return [
            c2pa.Reader("image/jpeg", io.BytesIO(one), context=context).json().encode()
            for one in signed()[:2]
        ]


def _history(data: bytes) -> str:
    try:
        signal = provenance.signal_of(
            _document(data, random.Random(data).choice(stores())), NOBODY, remote=False
        )
    except provenance.UNREADABLE:
        return "refused"
    must(len(signal.data["history"]) <= history.MOST_SHOWN, "too many steps")
    storable(signal)
    return "told"


def _document(data: bytes, whole: bytes) -> Any:
    """The mutant as JSON. Most mutants are none: they are the seed of changes in the structure of *whole* instead."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        pass
    document, rng = json.loads(whole), random.Random(data)
    for _ in range(rng.randrange(1, 4)):
        _bend(document, rng)
    return document


def _bend(value: Any, rng: random.Random) -> None:
    """Replace, leave out or repeat one value somewhere in a document."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if not isinstance(value[key], (dict, list)) or rng.random() < 0.2:
            break
        value = value[key]
    odd: tuple[Any, ...] = (
        None,
        True,
        -1,
        2**70,
        1e308,
        float("nan"),
        "",
        "x" * 5000,
        "\0\ud800",
        [],
        {},
        [[]] * 9,
        {"a": {"b": []}},
    )
    if isinstance(value, list) and rng.random() < 0.5:
        value.extend([value[key]] * rng.randrange(1, 400))
    elif rng.random() < 0.3:
        del value[key]
    else:
        value[key] = rng.choice(odd)


# --- whole files ----------------------------------------------------------------------------------------------


@cache
def films() -> list[bytes]:
    """One film for each container."""
    return [benign_film(), benign_film("webm", "libvpx")]


TARGETS = {
    target.name: target
    for target in (
        Target("containers", pictures, _containers),
        Target("blocks", pictures, _blocks),
        Target("metadata", pictures, _metadata),
        Target("exif", exif_blocks, _exif),
        Target("xmp", lambda: [XMP.encode()], _xmp),
        Target("jpeg-tables", lambda: [benign("jpg"), saved(picture(48, 32), "jpg", progressive=True)], _jpeg_tables),
        *(Target(f"generators-{key}", partial(lambda text: [text.encode()], text), partial(_generator, key))
          for key, text in TEXTS.items()),
        Target("stealth", hidden_texts, _stealth),
        Target("wire", lambda: [answer()[0]], _wire),
        Target("history", stores, _history),
        Target("credentials", signed, _credentials),
    )
}  # fmt: skip
