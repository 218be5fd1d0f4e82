"""What a child sends becomes an examination only when every part of it is as it must be."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detection import digests, perceptual, renditions, wire
from detection.findings import Examination, Failure, Media, Signal, Status, Strength
from tests.corpus.pictures import picture, saved

Change = Callable[[dict[str, Any]], object]


def examination() -> Examination:
    exact = digests.of_bytes(b"the file")
    signals = (
        Signal(
            "c2pa", "c2pa 0.38", Status.FOUND, "It says so.", Strength.STRONG, None, "", {"a": [1, 2.5, None]}
        ),
        Signal("explicit", "opennsfw 1", Status.FAILED, "Not scored.", reason="no model"),
        Signal("generator_metadata", "1", Status.FOUND, "Made by.", score=0.5, sensitive={"prompt": "a cat"}),
    )
    return Examination(
        exact.sha256,
        exact.md5,
        exact.size,
        Media("JPEG", "image/jpeg", 640, 480, 3, "I;16"),
        perceptual.hashes(picture()),
        signals,
        (Failure("frames", "Of 3 frames only 2 were looked at."),),
        renditions.preview(picture()),
        renditions.rendition(picture()),
    )


def sent(change: Change = lambda document: None) -> tuple[dict[str, Any], list[bytes]]:
    """The examination as it arrives over the pipe, with one change."""
    document, parts = wire.to_wire(examination())
    document = copy.deepcopy(json.loads(json.dumps(document)))
    change(document)
    return document, parts


def test_an_examination_comes_back_equal() -> None:
    assert wire.from_wire(*sent()) == examination()


def test_a_file_that_did_not_open_comes_back_equal() -> None:
    plain = Examination("a" * 64, "b" * 32, 0, None, (), (), (Failure("damaged", "It is.", False),))
    document, parts = wire.to_wire(plain)
    assert parts == []
    assert wire.from_wire(document, parts) == plain


def setting(path: str, value: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
        target: Any = document
        for step in way:
            target = target[step]
        target[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sha256", "A" * 64),
        ("sha256", "a" * 63),
        ("md5", None),
        ("size", -1),
        ("size", True),
        ("size", 1.5),
        ("media", []),
        ("media.width", 0),
        ("media.mime", "image/png\r\nSet-Cookie: x"),
        ("media.format", "<script>"),
        ("hashes", {}),
        ("hashes", [{}] * 33),
        ("hashes.0.value", "xyz"),
        ("hashes.0.quality", 101),
        ("signals.0.status", "clean"),
        ("signals.0.strength", "sure"),
        ("signals.0.score", 1.01),
        ("signals.0.score", float("nan")),
        ("signals.0.score", True),
        ("signals.0.sentence", "x" * 2001),
        ("signals.0.sentence", "half a \ud800 pair"),
        ("signals.0.sentence", "nul \0 byte"),
        ("signals.0.data", {"a": float("inf")}),
        ("signals.0.data", {"a": "x" * 100_001}),
        ("signals.0.data", {"a": [0] * 20_001}),
        ("signals.0.data", {"a": [[[[[[[[[[1]]]]]]]]]]}),
        ("signals.0.name", "../c2pa"),
        ("errors.0.quarantine", 1),
        ("preview.width", 25),
        ("preview.part", 2),
        ("preview.part", -1),
        ("preview.mime", "text/html"),
        ("rendition.part", 0),
        ("rendition.width", 639),
        ("rendition.mime", "image/svg+xml"),
    ],
)
def test_one_wrong_value_makes_the_whole_answer_malformed(path: str, value: object) -> None:
    with pytest.raises(wire.Malformed):
        wire.from_wire(*sent(setting(path, value)))


@pytest.mark.parametrize("key", ["sha256", "media", "hashes", "signals", "errors", "preview", "rendition"])
def test_a_missing_key_makes_the_answer_malformed(key: str) -> None:
    with pytest.raises(wire.Malformed, match=key):
        wire.from_wire(*sent(lambda document: document.pop(key)))


def with_picture(number: int, content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    document, parts = sent()
    parts[number] = content
    return document, parts


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        saved(picture(24, 18), "png"),
        saved(picture(24, 24).convert("L"), "png"),
        renditions.preview(picture()).content + b"trailer",
        renditions.rendition(picture()).content,
    ],
    ids=["empty", "words", "coloured", "another-size", "trailer", "a-rendition"],
)
def test_a_preview_must_be_what_renditions_makes(content: bytes) -> None:
    with pytest.raises(wire.Malformed, match="preview"):
        wire.from_wire(*with_picture(0, content))


def test_a_preview_with_text_in_it_is_refused() -> None:
    out = io.BytesIO()
    Image.open(io.BytesIO(renditions.preview(picture()).content)).save(out, "PNG", dpi=(72, 72))
    with pytest.raises(wire.Malformed, match="plain PNG"):
        wire.from_wire(*with_picture(0, out.getvalue()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        saved(picture(), "png"),
        saved(picture(), "jpg", comment=b"text"),
        saved(picture(), "jpg", icc_profile=b"profile" * 30),
        saved(picture(), "jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
        saved(picture(), "jpg", progressive=True),
        saved(picture(320, 240), "jpg"),
        renditions.rendition(picture()).content + b"<script>",
        renditions.rendition(picture()).content[:-2],
    ],
    ids=["empty", "png", "comment", "profile", "exif", "progressive", "another-size", "trailer", "cut"],
)
def test_a_rendition_must_be_what_renditions_makes(content: bytes) -> None:
    with pytest.raises(wire.Malformed, match="rendition"):
        wire.from_wire(*with_picture(1, content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PLACES = [
    "media",
    "hashes",
    "signals",
    "errors",
    "preview",
    "rendition",
    "hashes.0",
    "signals.1.data",
    "media.mode",
]


@given(st.sampled_from(PLACES), JSON)
def test_any_other_value_is_either_valid_or_malformed(place: str, value: Any) -> None:
    try:
        found = wire.from_wire(*sent(setting(place, value)))
    except wire.Malformed:
        return
    json.dumps(wire.to_wire(found)[0], allow_nan=False)


def test_an_array_comes_back_equal_in_the_expected_shape() -> None:
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    header, part = wire.array_to_wire(array)
    again = wire.array_from_wire(json.loads(json.dumps(header)), part, shape=(2, 3, 4), dtype="<f4")
    assert np.array_equal(again, array)


@pytest.mark.parametrize(
    ("shape", "dtype", "part"),
    [
        ((3, 2, 4), "<f4", bytes(96)),
        ((2, 3, 4), "<f8", bytes(192)),
        ((2, 3, 4), "<f4", bytes(95)),
        ((2, 3, 4), "<f4", b"\xff" * 96),
    ],
    ids=["shape", "type", "length", "not-a-number"],
)
def test_an_array_of_another_kind_is_malformed(shape: tuple[int, ...], dtype: str, part: bytes) -> None:
    header, _ = wire.array_to_wire(np.zeros((2, 3, 4), dtype=np.float32))
    with pytest.raises(wire.Malformed):
        wire.array_from_wire(header, part, shape=shape, dtype=dtype)
