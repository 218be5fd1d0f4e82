"""What a child sends becomes an examination only when every part of it is as it must be."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detection import digests, perceptual, renditions, wire
from detection.findings import (
    Derivative,
    Examination,
    Failure,
    Film,
    FilmFrame,
    Media,
    Signal,
    Status,
    Strength,
)
from detection.limits import Limits
from detection.planes import PlaneSpec
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
        Signal(
            "ela", "1", Status.FOUND, "Here.", sensitive={"map": {"width": 2, "height": 1, "cells": "00ff"}}
        ),
    )
    hashes, turns = perceptual.hashes_and_turns(picture())
    return Examination(
        exact.sha256,
        exact.md5,
        exact.size,
        Media("JPEG", "image/jpeg", 640, 480, 3, "I;16"),
        hashes,
        signals,
        (Failure("frames", "Of 3 frames only 2 were looked at."),),
        renditions.preview(picture()),
        renditions.rendition(picture()),
        turns,
    )


def film() -> Examination:
    """Two frames of a film."""
    exact = digests.of_bytes(b"the film")
    image = picture()
    frames = tuple(
        FilmFrame(
            at, at == 0, perceptual.hashes(image), renditions.preview(image), renditions.rendition(image)
        )
        for at in (0.0, 1.5)
    )
    return Examination(
        exact.sha256,
        exact.md5,
        exact.size,
        Media("MP4", "video/mp4", 640, 480, 60, "yuv420p"),
        (),
        (Signal("c2pa", "1", Status.NOT_APPLICABLE, "Not asked."),),
        (),
        renditions.preview(image),
        renditions.rendition(image),
        film=Film("MP4", "H.264", 3.0, 20.0, True, frames),
    )


def sent_film(change: Change = lambda document: None) -> tuple[dict[str, Any], list[bytes]]:
    """The film as it arrives over the pipe, with one change."""
    document, parts = wire.to_wire(film())
    document = copy.deepcopy(json.loads(json.dumps(document)))
    change(document)
    return document, parts


def sent(change: Change = lambda document: None) -> tuple[dict[str, Any], list[bytes]]:
    """The examination as it arrives over the pipe, with one change."""
    document, parts = wire.to_wire(examination())
    document = copy.deepcopy(json.loads(json.dumps(document)))
    change(document)
    return document, parts


def test_an_examination_comes_back_equal() -> None:
    assert wire.from_wire(*sent()) == examination()


def test_a_film_comes_back_equal() -> None:
    assert wire.from_wire(*sent_film()) == film()


def test_a_film_of_which_little_is_known_comes_back_equal() -> None:
    little = replace(film(), film=Film("MKV", "VP9", None, None, False, ()))
    assert wire.from_wire(*wire.to_wire(little)) == little


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
        ("hashes.0.algorithm", "md5"),
        ("hashes.0.value", "ab"),
        ("hashes.1.value", "0" * 64),
        ("turns", "none"),
        ("turns.0.value", "0" * 64),
        ("turns.7.algorithm", "phash"),
        ("film", {}),
        ("signals.3.sensitive.map", None),
        ("signals.3.sensitive.map", []),
        ("signals.3.sensitive.map.width", 25),
        ("signals.3.sensitive.map.width", 0),
        ("signals.3.sensitive.map.height", 2),
        ("signals.3.sensitive.map.height", True),
        ("signals.3.sensitive.map.cells", "00FF"),
        ("signals.3.sensitive.map.cells", "00"),
        ("signals.3.sensitive.map.cells", [0, 255]),
        ("signals.3.sensitive.map.picture", "iVBORw0K"),
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


@pytest.mark.parametrize(
    "key", ["sha256", "media", "hashes", "signals", "errors", "preview", "rendition", "turns", "film"]
)
def test_a_missing_key_makes_the_answer_malformed(key: str) -> None:
    with pytest.raises(wire.Malformed, match=key):
        wire.from_wire(*sent(lambda document: document.pop(key)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("film", None),
        ("film", []),
        ("film.container", "../mp4"),
        ("film.codec", ""),
        ("film.duration", -1),
        ("film.duration", float("inf")),
        ("film.duration", float("nan")),
        ("film.duration", True),
        ("film.duration", 1e300),
        ("film.frames_per_second", "25"),
        ("film.has_sound", 1),
        ("film.frames", {}),
        ("film.frames", [{}]),
        ("film.frames.0.at_seconds", -0.1),
        ("film.frames.0.at_seconds", None),
        ("film.frames.0.scene_start", 1),
        ("film.frames.0.hashes", None),
        ("film.frames.0.hashes.0.value", "zz"),
        ("film.frames.0.preview", None),
        ("film.frames.0.preview.width", 25),
        ("film.frames.0.preview.part", 99),
        ("film.frames.0.preview.part", 1),
        ("film.frames.0.rendition", None),
        ("film.frames.0.rendition.part", 0),
        ("film.frames.1.rendition.width", 639),
        ("media", None),
        ("media.mime", "image/jpeg"),
        ("rendition.part", True),
    ],
)
def test_one_wrong_value_of_a_film_makes_the_whole_answer_malformed(path: str, value: object) -> None:
    with pytest.raises(wire.Malformed):
        wire.from_wire(*sent_film(setting(path, value)))


def test_a_film_has_no_more_frames_than_were_asked_for() -> None:
    document, parts = sent_film()
    assert wire.from_wire(document, parts, Limits(max_film_frames=2)) == film()
    with pytest.raises(wire.Malformed, match="too many frames"):
        wire.from_wire(document, parts, Limits(max_film_frames=1))


@pytest.mark.parametrize("change", ["coloured", "large"])
def test_a_frames_preview_is_held_to_what_a_preview_is(change: str) -> None:
    found = film()
    assert found.film is not None
    image = picture(24, 18) if change == "coloured" else picture(25, 20).convert("L")
    forged = Derivative("image/png", image.width, image.height, saved(image, "png"))
    frames = (found.film.frames[0], replace(found.film.frames[1], preview=forged))
    with pytest.raises(wire.Malformed):
        wire.from_wire(*wire.to_wire(replace(found, film=replace(found.film, frames=frames))))


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
    "turns",
    "turns.3",
    "film",
    "signals.3.sensitive",
    "signals.3.sensitive.map",
    "signals.3.sensitive.map.cells",
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


FILM_PLACES = [
    "film",
    "film.frames",
    "film.frames.0",
    "film.frames.1.hashes",
    "film.frames.0.preview",
    "film.duration",
]


@given(st.sampled_from(FILM_PLACES), JSON)
def test_any_other_value_of_a_film_is_either_valid_or_malformed(place: str, value: Any) -> None:
    try:
        found = wire.from_wire(*sent_film(setting(place, value)))
    except wire.Malformed:
        return
    json.dumps(wire.to_wire(found)[0], allow_nan=False)


SPECS = [PlaneSpec("one", 4, 3), PlaneSpec("two", 2, 2)]


def planes(frames: int = 2) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {
        spec.name: random.integers(0, 256, (frames, spec.height, spec.width, 3), dtype=np.uint8)
        for spec in SPECS
    }


def test_planes_come_back_equal_with_the_size_of_their_picture() -> None:
    document, parts = wire.planes_to_wire(planes(), (640, 480))
    document = json.loads(json.dumps(document))
    again = wire.planes_from_wire(document, parts, SPECS)
    assert list(again) == ["one", "two"]
    assert all(np.array_equal(again[name], array) for name, array in planes().items())
    assert wire.size_from_wire(document) == (640, 480)


def test_no_planes_come_back_as_none() -> None:
    document, parts = wire.planes_to_wire({}, (0, 0))
    assert wire.planes_from_wire(document, parts, SPECS) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("planes", None),
        ("planes", {}),
        ("planes.one", None),
        ("planes.one.shape", [2, 4, 3, 3]),
        ("planes.one.shape", [2, 3, 4]),
        ("planes.one.shape", [2, 3, 4, 3, 1]),
        ("planes.one.shape", [0, 3, 4, 3]),
        ("planes.one.shape", [2.0, 3, 4, 3]),
        ("planes.two.shape", [1, 2, 2, 3]),
        ("planes.two.dtype", "|i1"),
        ("planes.three", {"shape": [2, 1, 1, 3], "dtype": "|u1"}),
    ],
)
def test_planes_that_nobody_asked_for_are_malformed(path: str, value: object) -> None:
    document, parts = wire.planes_to_wire(planes(), (640, 480))
    document = copy.deepcopy(document)
    setting(path, value)(document)
    with pytest.raises(wire.Malformed):
        wire.planes_from_wire(document, parts, SPECS)


def test_more_frames_than_a_file_may_give_are_malformed() -> None:
    limits = Limits(max_frames=2, max_film_frames=3)
    assert wire.planes_from_wire(*wire.planes_to_wire(planes(3), (1, 1)), SPECS, limits)
    with pytest.raises(wire.Malformed, match="as many"):
        wire.planes_from_wire(*wire.planes_to_wire(planes(4), (1, 1)), SPECS, limits)


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
