"""What files say about themselves: marks are found where they are, prompts stay hidden, junk never raises."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from detection import exif as tags
from detection import metadata, wire
from detection.blocks import read_blocks
from detection.exif import read_exif
from detection.findings import Signal, Status, Strength
from detection.limits import Limits
from detection.sources import WORDS, source_term
from detection.xmp import property_of

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
NAME = "Jane Doe on a beach"
SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: dream, Version: v1.10.1"
A1111 = f"{NAME}\nNegative prompt: rain\n{SETTINGS}"
GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {"text": NAME}}})
WORKFLOW = json.dumps({"nodes": [{"id": 3}], "links": [], "note": NAME})
FLUX = {
    tags.SOFTWARE: "AI generated;txt2img;flux",
    tags.MAKE: "Black Forest Labs",
    tags.IMAGE_DESCRIPTION: NAME,
}
LABEL = json.dumps({"Label": "1", "ContentProducer": "maker", "ProduceID": "x"})
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def image() -> Image.Image:
    return Image.radial_gradient("L").convert("RGB")


def png(**texts: str) -> bytes:
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key.replace("__", " "), text)
    out = io.BytesIO()
    image().save(out, "PNG", pnginfo=info)
    return out.getvalue()


def with_exif(format: str, values: dict[int, Any], details: dict[int, Any] | None = None) -> bytes:
    block = Image.Exif()
    block.update(values)
    block.get_ifd(0x8769).update(details or {})
    out = io.BytesIO()
    image().save(out, format, exif=block)
    return out.getvalue()


def with_xmp(properties: str, format: str = "JPEG") -> bytes:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"{properties}</rdf:RDF></x:xmpmeta>"
    )
    if format == "PNG":
        return png(**{"XML:com.adobe.xmp": packet})
    out = io.BytesIO()
    image().save(out, format, xmp=packet.encode())
    return out.getvalue()


def said(data: bytes) -> dict[str, Signal]:
    return {signal.name: signal for signal in metadata.signals(metadata.read(data))}


def comment(text: str, order: str = "utf-16-be") -> dict[int, Any]:
    return {tags.USER_COMMENT: b"UNICODE\0" + text.encode(order)}


# --- generators ----------------------------------------------------------------------------------------

MARKED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a1111 png": (lambda: png(parameters=A1111), "Stable Diffusion web UI"),
    "a1111 jpeg": (lambda: with_exif("JPEG", {}, comment(A1111)), "Stable Diffusion web UI"),
    "a1111 jpeg little-endian": (lambda: with_exif("JPEG", {}, comment(A1111, "utf-16-le")), "Stable Diffusion"),
    "a1111 webp": (lambda: with_exif("WEBP", {}, comment(A1111)), "Stable Diffusion web UI"),
    "comfyui png prompt": (lambda: png(prompt=GRAPH), "ComfyUI"),
    "comfyui png workflow": (lambda: png(workflow=WORKFLOW), "ComfyUI"),
    "comfyui webp": (lambda: with_exif("WEBP", {0x0110: f"prompt:{GRAPH}", 0x010F: f"workflow:{WORKFLOW}"}), "ComfyUI"),
    "comfyui webp next tag": (lambda: with_exif("WEBP", {0x010E: f"workflow:{WORKFLOW}"}), "ComfyUI"),
    "invokeai": (lambda: png(invokeai_metadata=json.dumps({"positive_prompt": NAME})), "InvokeAI"),
    "invokeai old": (lambda: png(Dream=f"{NAME} -s 50"), "InvokeAI"),
    "novelai": (lambda: png(Software="NovelAI", Description=NAME, Source="NovelAI Diffusion V4"), "NovelAI"),
    "novelai signed": (lambda: png(Comment=json.dumps({"prompt": NAME, "signed_hash": "x"})), "NovelAI"),
    "flux": (
        lambda: with_exif("JPEG", FLUX),
        "FLUX",
    ),
    "midjourney": (
        lambda: png(Description=f"{NAME} --v 6 Job ID: 12345678-1234-1234-1234-123456789abc"),
        "Midjourney",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MARKED)
def test_a_generator_is_named_and_its_prompt_is_kept_apart(kind: str) -> None:
    make, tool = MARKED[kind]
    signal = said(make())["generator_metadata"]
    assert signal.status is Status.FOUND
    assert tool in signal.sentence
    assert NAME in json.dumps(signal.sensitive)
    assert NAME not in json.dumps([signal.sentence, dict(signal.data), signal.reason])


@pytest.mark.parametrize("kind", MARKED)
def test_a_prompt_never_shows_as_camera_data(kind: str) -> None:
    signal = said(MARKED[kind][0]())["camera_metadata"]
    assert NAME not in json.dumps([signal.sentence, dict(signal.data)])


def test_version_and_model_of_a_web_ui_are_kept() -> None:
    [mark] = said(png(parameters=A1111))["generator_metadata"].data["marks"]
    assert (mark["version"], mark["model"]) == ("v1.10.1", "dream")


@pytest.mark.parametrize("shape", ["attribute", "element", "png text"])
def test_the_label_of_gb_45438_is_read(shape: str) -> None:
    escaped = LABEL.replace('"', "&quot;")
    data = {
        "attribute": lambda: with_xmp(f'<rdf:Description TC260:AIGC="{escaped}"/>'),
        "element": lambda: with_xmp(
            f"<rdf:Description><TC260:AIGC>{LABEL}</TC260:AIGC></rdf:Description>", "PNG"
        ),
        "png text": lambda: png(AIGC=LABEL),
    }[shape]()
    signal = said(data)["generator_metadata"]
    [mark] = signal.data["marks"]
    assert (mark["label"], mark["means"], mark["producer"]) == ("1", "is AI-made", "maker")
    assert signal.strength is Strength.STRONG


@pytest.mark.parametrize("label", ["2", 3])
def test_a_label_that_only_suspects_is_weak(label: object) -> None:
    signal = said(png(AIGC=json.dumps({"Label": label})))["generator_metadata"]
    assert (signal.status, signal.strength) == (Status.FOUND, Strength.WEAK)


@pytest.mark.parametrize(
    "data",
    [
        png(
            parameters="the parameters of my camera",
            prompt="hello",
            workflow="{}",
            Comment="{}",
            Software="GIMP",
            Dream="of a summer - long ago",
        ),
        png(prompt=json.dumps({"a": 1}), AIGC=json.dumps({"Label": "9"}), Description="a walk"),
        png(prompt="[" * 100_000, workflow="{" * 100_000),
        with_exif("JPEG", {tags.SOFTWARE: "Painter", tags.MAKE: "Canon"}, comment("nice day")),
    ],
)
def test_ordinary_texts_are_no_mark(data: bytes) -> None:
    signal = said(data)["generator_metadata"]
    assert (signal.status, signal.strength) == (Status.NOT_FOUND, None)
    assert "no sign" in signal.sentence


@pytest.mark.parametrize("order", [("Software", "GIMP"), ("GIMP", "Software")])
def test_a_second_text_of_the_same_name_hides_no_mark(order: tuple[str, str]) -> None:
    texts = {"Software": b"NovelAI", "GIMP": b"GIMP"}
    data = png_with(*(chunk(b"tEXt", b"Software\0" + texts[one]) for one in order))
    assert "NovelAI" in said(data)["generator_metadata"].sentence


# --- source type ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "shape",
    [
        '<rdf:Description Iptc4xmpExt:DigitalSourceType="{}"/>',
        "<rdf:Description Iptc4xmpExt:DigitalSourceType='{}'/>",
        "<rdf:Description><Iptc4xmpExt:DigitalSourceType>{}</Iptc4xmpExt:DigitalSourceType></rdf:Description>",
        '<rdf:Description><plus:DigitalSourceType rdf:resource="{}"/></rdf:Description>',
    ],
)
def test_an_ai_source_type_is_read_in_every_form(format: str, shape: str) -> None:
    signal = said(with_xmp(shape.format(IPTC + "trainedAlgorithmicMedia"), format))["source_type"]
    assert (signal.status, signal.strength, signal.data["ai"]) == (Status.FOUND, Strength.STRONG, True)
    assert "made by generative AI" in signal.sentence


def test_a_source_type_of_a_camera_is_found_and_not_ai() -> None:
    data = with_xmp(f'<rdf:Description Iptc4xmpExt:DigitalSourceType="{IPTC}digitalCapture"/>')
    signal = said(data)["source_type"]
    assert (signal.status, signal.strength, signal.data["ai"]) == (Status.FOUND, Strength.WEAK, False)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "trainedAlgorithmicMedia",
        IPTC + "unheardOf",
        IPTC + "digitalCapture?x",
        "http://evil.test/" + "x" * 99,
    ],
)
def test_something_else_is_no_source_type(value: str) -> None:
    data = with_xmp(f'<rdf:Description Iptc4xmpExt:DigitalSourceType="{value}"/>')
    assert said(data)["source_type"].status is Status.NOT_FOUND


def test_terms_are_read_from_http_and_https_and_both_schemes() -> None:
    assert source_term(IPTC.replace("http", "https") + "compositeSynthetic") == "compositeSynthetic"
    assert source_term("http://c2pa.org/digitalsourcetype/trainedAlgorithmicData") == "trainedAlgorithmicData"
    assert all(source_term(IPTC + term) == term for term in WORDS)


def test_entities_of_hostile_xmp_are_never_expanded() -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    xmp = f'{laughs}<r:D i:DigitalSourceType="&b;&f;" i:AISystemUsed="&f;"/>'
    assert property_of(xmp, "AISystemUsed") == "&f;"
    assert property_of(xmp, "DigitalSourceType") == "&b;&f;"


# --- camera --------------------------------------------------------------------------------------------


def test_camera_time_and_position_are_said_and_names_are_kept_apart() -> None:
    block = Image.Exif()
    block.update({tags.MAKE: "Canon", tags.MODEL: "EOS 5D", tags.ARTIST: NAME, tags.SOFTWARE: "1.0"})
    block.get_ifd(0x8769).update({tags.DATE_TIME_ORIGINAL: "2026:01:02 03:04:05", tags.BODY_SERIAL: "12345"})
    block.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0)})
    out = io.BytesIO()
    image().save(out, "JPEG", exif=block)
    signal = said(out.getvalue())["camera_metadata"]
    assert signal.data == {
        "make": "Canon", "model": "EOS 5D", "software": "1.0", "taken_at": "2026:01:02 03:04:05",
        "gps": True, "thumbnail": False,
    }  # fmt: skip
    assert signal.sensitive == {"artist": NAME, "camera_serial": "12345"}
    assert "51" not in json.dumps([signal.sentence, dict(signal.data)])


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_exif_is_read_from_every_format_that_carries_it(format: str) -> None:
    signal = said(with_exif(format, {tags.MAKE: "Nikon"}))["camera_metadata"]
    assert (signal.status, signal.data.get("make")) == (Status.FOUND, "Nikon")


def test_a_file_without_camera_data_says_so() -> None:
    assert said(png())["camera_metadata"].status is Status.NOT_FOUND


# --- limits --------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    plain = png()
    return plain[:33] + b"".join(chunks) + plain[33:]


def test_a_text_that_inflates_to_a_gigabyte_is_cut_and_not_called_clean() -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join([packer.compress(b"A" * (1 << 20)) for _ in range(1024)] + [packer.flush()])
    data = png_with(chunk(b"zTXt", b"parameters\0\0" + bomb), chunk(b"iTXt", b"prompt\0\1\0\0\0" + bomb))
    blocks = read_blocks(data)
    assert blocks.cut
    assert [len(text) for _, text in blocks.texts] == [1 << 20, 1 << 20]
    assert said(data)["generator_metadata"].status is Status.NOT_CHECKED


def test_no_more_parts_are_looked_at_than_allowed() -> None:
    data = png_with(*[chunk(b"tEXt", b"a\0b")] * 50)
    blocks = read_blocks(data, Limits(max_metadata_parts=20))
    assert blocks.cut
    assert len(blocks.texts) < 20


def test_no_more_bytes_are_looked_at_than_allowed() -> None:
    data = png_with(*[chunk(b"tEXt", b"a\0" + b"b" * 1000)] * 50)
    blocks = read_blocks(data, Limits(max_metadata_bytes=10_000))
    assert blocks.cut
    assert sum(len(text) for _, text in blocks.texts) <= 10_000


def test_a_marked_file_beyond_the_limit_is_still_found() -> None:
    data = png_with(chunk(b"tEXt", b"parameters\0" + A1111.encode()), *[chunk(b"tEXt", b"a\0b")] * 20_000)
    assert said(data)["generator_metadata"].status is Status.FOUND


def test_a_directory_of_exif_that_points_to_itself_ends() -> None:
    loop = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    assert read_exif(loop).texts == {}


# --- junk ----------------------------------------------------------------------------------------------

SEEDS = [
    png(parameters=A1111, prompt=GRAPH, AIGC=LABEL),
    with_exif("JPEG", {tags.MAKE: "Canon"}, comment(A1111)),
    with_exif("WEBP", {0x0110: f"prompt:{GRAPH}"}),
    with_exif("TIFF", {tags.SOFTWARE: "AI generated"}),
    with_exif("HEIF", {tags.MAKE: "Apple"}),
    with_xmp(f'<rdf:Description Iptc4xmpExt:DigitalSourceType="{IPTC}digitalCapture"/>'),
]


def check_answer(data: bytes) -> None:
    """Whatever the bytes: four signals that can be stored, within the limits."""
    limits = Limits(max_metadata_bytes=50_000, max_metadata_parts=100, max_text_bytes=10_000)
    found = metadata.read(data, limits)
    assert sum(len(text) for _, text in found.blocks.texts) <= 50_000
    assert len(found.blocks.texts) <= 100
    assert len(found.blocks.xmp) <= 10_000
    signals = metadata.signals(found)
    assert [signal.name for signal in signals] == [
        "generator_metadata",
        "source_type",
        "ai_fields",
        "camera_metadata",
    ]
    for signal in signals:
        assert wire.signal_from_wire(json.loads(json.dumps(wire.signal_to_wire(signal)))) == signal


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBP", b"II*\0", b"MM\0*", b"<x:xmpmeta"]
    ),
    st.binary(max_size=3000),
)
def test_property_random_bytes_never_raise(start: bytes, rest: bytes) -> None:
    check_answer(start + rest)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.large_base_example])
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=8)), max_size=12),
    st.integers(0, 1 << 20),
)
def test_property_mutated_files_never_raise(seed: bytes, changes: list[tuple[int, bytes]], cut: int) -> None:
    content = bytearray(seed)
    for at, patch in changes:
        start = at % len(content)
        content[start : start + len(patch)] = patch
    check_answer(bytes(content[: max(16, cut % (2 * len(content)))]))


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["parameters", "prompt", "workflow", "Comment", "AIGC", "Dream", "Software"]),
        st.text(max_size=300),
    )
)
def test_property_any_text_can_be_stored(texts: dict[str, str]) -> None:
    check_answer(png(**{key: text.replace("\0", "") for key, text in texts.items()}))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500), st.sampled_from(["AIGC", "DigitalSourceType"]))
def test_property_any_xmp_is_read_without_raising(text: str, name: str) -> None:
    property_of(f"<a:{name}{text}", name)
    property_of(f'<a:{name}="{text}">{text}</a:{name}>', name)
