"""Text in the lowest bits of pixels is found where the description says it is written, kept apart, and bounded."""

from __future__ import annotations

import gzip
import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from detection import digests, looking, opening, stealth, wire
from detection.findings import Signal, Status, Strength
from detection.generators import LONGEST_TEXT
from detection.limits import DEFAULT, Limits

NAME = "Jane Doe on a beach"
NOVELAI = json.dumps(
    {"Software": "NovelAI", "Source": "V4", "Description": NAME, "Comment": json.dumps({"signed_hash": "x"})}
)
WEB_UI = f"{NAME}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: dream"
MAGICS = ("stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp")


def hiding(payload: bytes, where: str, size: tuple[int, int] = (97, 64)) -> Image.Image:
    """A picture with these bytes in its lowest bits, written one pixel after the other as the description says."""
    image = Image.radial_gradient("L").resize(size).convert("RGBA")
    pixels = image.load()
    assert pixels is not None
    bits = iter(f"{int.from_bytes(payload, 'big'):0{8 * len(payload)}b}")
    for x in range(image.width):
        for y in range(image.height):
            point = list(pixels[x, y])  # type: ignore[arg-type]
            for channel in (3,) if where == "alpha" else (0, 1, 2):
                bit = next(bits, None)
                if bit is not None:
                    point[channel] = point[channel] & 254 | int(bit)
            pixels[x, y] = tuple(point)
    return image


def told(
    magic: str, text: str = NOVELAI, *, length: int | None = None, correction: int = 0xFFFFFFFF
) -> bytes:
    """Magic, length in bits, text and the length of the error correction."""
    body = gzip.compress(text.encode()) if magic.endswith("comp") else text.encode()
    bits = 8 * len(body) if length is None else length
    return magic.encode() + struct.pack(">I", bits) + body + struct.pack(">I", correction)


def hidden(magic: str, text: str = NOVELAI, **more: int) -> Image.Image:
    return hiding(told(magic, text, **more), "alpha" if "png" in magic else "colours")


def saved(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def looked(data: bytes, limits: Limits = DEFAULT) -> Signal:
    [found] = [
        one
        for one in looking.look(data, digests.of_bytes(data), limits).examination.signals
        if one.name == stealth.NAME
    ]
    return found


@pytest.mark.parametrize("magic", MAGICS)
def test_each_form_is_read_from_a_file_and_its_prompt_is_kept_apart(magic: str) -> None:
    signal = looked(saved(hidden(magic)))
    assert (signal.status, signal.strength) == (Status.FOUND, Strength.STRONG)
    assert (signal.data["magic"], signal.data["tool"], signal.data["ai"]) == (magic, "NovelAI", True)
    assert signal.sensitive["texts"][0]["text"] == NOVELAI
    assert NAME not in json.dumps([signal.sentence, dict(signal.data), signal.reason])


def test_a_lossless_webp_keeps_it_too() -> None:
    assert looked(saved(hidden("stealth_pngcomp"), "WEBP", lossless=True, exact=True)).status is Status.FOUND


def test_it_is_read_before_the_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert looked(saved(hidden("stealth_rgbinfo"), exif=exif)).status is Status.FOUND


def test_the_settings_of_the_web_ui_are_known_by_their_form() -> None:
    assert looked(saved(hidden("stealth_pnginfo", WEB_UI))).data["tool"].startswith("Stable Diffusion web UI")


def test_a_text_of_nobody_known_is_still_a_generators_text() -> None:
    assert looked(saved(hidden("stealth_pnginfo", "hello"))).data["tool"] == "an image generator"


@pytest.mark.parametrize(
    ("length", "corrected"), [(0xFFFFFFFF, False), (0, False), (160, True), (0xFFFFFFFE, False)]
)
def test_an_error_correction_behind_the_text_is_noted(length: int, corrected: bool) -> None:
    assert looked(saved(hidden("stealth_pngcomp", correction=length))).data["corrected"] is corrected


def test_a_picture_that_hides_nothing_is_not_found_and_no_sign() -> None:
    signal = looked(saved(Image.radial_gradient("L").convert("RGBA")))
    assert (signal.status, signal.strength) == (Status.NOT_FOUND, None)
    assert "no sign" in signal.sentence


def test_a_jpeg_cannot_keep_it() -> None:
    assert looked(saved(Image.radial_gradient("L"), "JPEG")).status is Status.NOT_APPLICABLE


def test_the_magic_of_the_alpha_channel_does_not_count_in_the_colours() -> None:
    assert stealth.find(hiding(told("stealth_pnginfo"), "colours")) is None
    assert stealth.find(hiding(told("stealth_rgbinfo"), "alpha")) is None


@pytest.mark.parametrize("length", [0, 7, 8 * 97 * 64, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("magic", MAGICS)
def test_a_length_that_cannot_be_is_damage_and_not_silence(magic: str, length: int) -> None:
    signal = looked(saved(hidden(magic, length=length)))
    assert (signal.status, signal.strength) == (Status.FOUND, Strength.WEAK)
    assert (signal.data["readable"], signal.sensitive) == (False, {})


def test_a_hidden_text_holds_no_nul_and_what_is_kept_of_it_is_bounded() -> None:
    found = stealth.find(hidden("stealth_pnginfo", "a\0b"))
    assert found is not None
    assert found.text == "ab"
    long = stealth.Hidden("stealth_pnginfo", "alpha", f"\x1b{NAME}\n{'x' * 50_000}")
    [kept] = stealth.signal(long, "PNG").sensitive["texts"]
    assert kept["text"].startswith(f"{NAME}\n")
    assert len(kept["text"]) <= LONGEST_TEXT


def test_what_is_left_of_a_picture_behind_the_text_is_no_error_correction() -> None:
    payload = told("stealth_pnginfo", "abc")[:-4] + b"\1"
    found = stealth.find(hiding(payload, "alpha", (len(payload), 8)))
    assert found == stealth.Hidden("stealth_pnginfo", "alpha", "abc")


@pytest.mark.parametrize("size", [(1, 119), (119, 1), (7, 17)])
def test_a_word_of_which_a_bit_is_missing_is_no_magic(size: tuple[int, int]) -> None:
    assert stealth.find(hiding(told("stealth_pngcomp"), "alpha", size)) is None


def test_a_packed_text_that_is_no_gzip_is_damage() -> None:
    broken = told("stealth_pngcomp").replace(b"\x1f\x8b", b"\0\0", 1)
    assert stealth.find(hiding(broken, "alpha")) == stealth.Hidden(
        "stealth_pngcomp", "alpha", "", damaged=True
    )


def test_a_text_that_inflates_beyond_the_limit_is_cut() -> None:
    found = stealth.find(hidden("stealth_pngcomp", "A" * 500_000), Limits(max_text_bytes=10_000))
    assert found is not None
    assert (len(found.text), found.cut) == (10_000, True)


def test_a_plain_text_beyond_the_limit_is_cut() -> None:
    found = stealth.find(hidden("stealth_pnginfo", "A" * 500), Limits(max_text_bytes=100))
    assert found is not None
    assert (len(found.text), found.cut) == (100, True)


def test_a_text_of_exactly_the_limit_is_whole() -> None:
    for magic in ("stealth_pnginfo", "stealth_pngcomp"):
        found = stealth.find(hidden(magic, "AB" * 50), Limits(max_text_bytes=100))
        assert found is not None
        assert (found.text, found.cut) == ("AB" * 50, False)


@pytest.mark.parametrize("size", [(1, 1), (1, 119), (119, 1), (40, 1), (1, 40), (1, 152), (152, 1)])
@pytest.mark.parametrize("magic", MAGICS)
def test_a_picture_that_ends_too_early_is_answered(size: tuple[int, int], magic: str) -> None:
    found = stealth.find(hiding(told(magic), "alpha" if "png" in magic else "colours", size))
    assert found is None or found.damaged


@pytest.mark.parametrize("mode", ["1", "L", "P", "I", "F", "CMYK", "I;16", "YCbCr"])
def test_other_kinds_of_pixels_hide_nothing(mode: str) -> None:
    assert stealth.find(Image.new(mode, (64, 64))) is None


def test_grey_with_alpha_is_read() -> None:
    alpha = hidden("stealth_pnginfo").getchannel("A")
    image = Image.merge("LA", (Image.new("L", alpha.size), alpha))
    assert looked(saved(image)).status is Status.FOUND


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(MAGICS),
    st.integers(0, 0xFFFFFFFF) | st.integers(0, 400),
    st.binary(max_size=60),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_property_whatever_is_hidden_is_answered_within_the_limits(
    magic: str, length: int, rest: bytes, size: tuple[int, int]
) -> None:
    payload = magic.encode() + struct.pack(">I", length) + rest
    image = hiding(payload, "alpha" if "png" in magic else "colours", size)
    limits = Limits(max_text_bytes=20)
    found = stealth.find(image, limits)
    assert stealth.find(image, limits) == found
    assert found is None or len(found.text) <= 20
    signal = stealth.signal(found, "PNG")
    assert wire.signal_from_wire(json.loads(json.dumps(wire.signal_to_wire(signal)))) == signal


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_property_noise_hides_nothing(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (24, 24, 4)).astype(np.uint8)
    assert stealth.find(Image.fromarray(noise)) is None


def test_a_file_with_hidden_text_opens_as_any_other() -> None:
    opened = opening.open_media(saved(hidden("stealth_pngcomp")))
    assert opened.hidden is not None
    assert opened.frames[0].mode == "RGB"
