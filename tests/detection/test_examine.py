"""One file, one answer: each part speaks for itself, and whatever ends one part leaves the others standing."""

from __future__ import annotations

import hashlib
import io
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from detection import (
    examine,
    explicitness,
    metadata,
    models,
    opening,
    perceptual,
    provenance,
    renditions,
    sandbox,
)
from detection.digests import of_bytes
from detection.findings import Examination, Signal, Status
from detection.limits import Limits
from tests.corpus.pictures import FORMATS
from tests.detection.reference.drawn import drawn

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
NO_MODELS = models.Shelf({}, {"open-nsfw": "Yahoo OpenNSFW is not installed."})
NAMES = [
    "c2pa",
    "generator_metadata",
    "source_type",
    "camera_metadata",
    "embedded_thumbnail",
    "explicit",
    "synthetic",
    "watermark",
]


class _Session:
    """Answers 0.9 for every picture."""

    def run(self, *_: Any) -> list[Any]:
        return [np.array([[0.1, 0.9]], dtype=np.float32)]


MODELS = models.Shelf(
    {explicitness.MODEL: models.Model(models.read_cards()[explicitness.MODEL], _Session())}, {}
)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    examine.warm_up()


def picture(format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(drawn(1))).save(out, format, **options)
    return out.getvalue()


def in_child(data: bytes, shelf: models.Shelf = MODELS, limits: Limits | None = None) -> Examination:
    found = examine.examine_in_child(data, models=shelf, limits=limits or Limits())
    assert isinstance(found, Examination)
    return found


def named(found: Examination) -> dict[str, Signal]:
    return {one.name: one for one in found.signals}


@pytest.mark.parametrize("format", FORMATS.values())
def test_every_format_is_examined_whole(format: str) -> None:
    data = picture(format)
    found = in_child(data)
    assert [one.name for one in found.signals] == NAMES
    assert (found.sha256, found.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert {one.algorithm for one in found.hashes} == {"pdq", "phash"}
    assert found.errors == ()
    assert found.preview is not None
    assert found.rendition is not None
    assert named(found)["explicit"].score == pytest.approx(0.9)
    assert Status.FAILED not in {one.status for one in found.signals}


def test_what_is_not_built_in_says_not_checked() -> None:
    signals = named(in_child(picture()))
    for name in ("synthetic", "watermark"):
        assert (signals[name].status, signals[name].score) == (Status.NOT_CHECKED, None)
        assert signals[name].reason


def test_without_models_the_rest_is_examined() -> None:
    found = in_child(picture(), NO_MODELS)
    assert (named(found)["explicit"].status, named(found)["explicit"].score) == (Status.NOT_CHECKED, None)
    assert found.hashes
    assert found.rendition is not None


def test_an_animation_is_scored_by_its_sampled_frames() -> None:
    pages = [Image.effect_noise((64, 64), 10 + number).convert("RGB") for number in range(40)]
    out = io.BytesIO()
    pages[0].save(out, "GIF", save_all=True, append_images=pages[1:])
    found = in_child(out.getvalue(), limits=Limits(max_frames=5))
    assert named(found)["explicit"].data["frames"] == 6


def test_the_child_and_the_caller_find_the_same() -> None:
    data = picture("JPEG")
    assert in_child(data) == examine.examine(data, models=MODELS)


def test_a_picture_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    real = opening.open_media

    def counted(data: bytes, limits: Limits) -> opening.Opened:
        opened.append(len(data))
        return real(data, limits)

    monkeypatch.setattr(opening, "open_media", counted)
    data = picture("WEBP")
    examine.examine(data, models=MODELS)
    assert opened == [len(data)]


# --- files that cannot be opened -----------------------------------------------------------------------


def test_a_file_that_is_no_picture_says_why_and_is_never_scored() -> None:
    found = in_child(b"a letter, not a picture")
    assert (found.media, found.hashes, found.preview, found.rendition) == (None, (), None, None)
    assert [one.code for one in found.errors] == ["unrecognised"]
    assert [one.name for one in found.signals] == NAMES
    for name in ("c2pa", "explicit", "embedded_thumbnail"):
        assert (named(found)[name].status, named(found)[name].score) == (Status.NOT_CHECKED, None)


def test_a_picture_cut_short_still_has_its_metadata_read() -> None:
    info = PngInfo()
    info.add_text("parameters", "somebody\nSteps: 20, Sampler: Euler, Seed: 1")
    whole = picture(pnginfo=info)
    found = in_child(whole[: len(whole) // 2])
    assert found.errors[0].code == "damaged"
    assert named(found)["generator_metadata"].status is Status.FOUND


def test_a_picture_beyond_a_limit_asks_for_quarantine() -> None:
    found = in_child(picture(), limits=Limits(max_pixels=1000))
    assert (found.media, found.errors[0].code, found.errors[0].quarantine) == (None, "pixels", True)


# --- parts that fail -----------------------------------------------------------------------------------


def fail(*_: Any, **__: Any) -> NoReturn:
    raise ValueError("broken")


def end(*_: Any, **__: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


@pytest.mark.parametrize(
    ("module", "function", "code", "lost"),
    [
        (perceptual, "hashes", "hashes", "hashes"),
        (renditions, "preview", "preview", "preview"),
        (renditions, "rendition", "rendition", "rendition"),
    ],
)
def test_a_failed_part_is_an_error_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, module: Any, function: str, code: str, lost: str
) -> None:
    monkeypatch.setattr(module, function, fail)
    found = in_child(picture())
    assert [one.code for one in found.errors] == [code]
    assert not getattr(found, lost)
    assert sum(bool(getattr(found, one)) for one in ("hashes", "preview", "rendition")) == 2
    assert named(found)["explicit"].score == pytest.approx(0.9)


def test_planes_that_cannot_be_made_leave_the_picture_unscored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explicitness, "prepare", fail)
    found = in_child(picture())
    assert named(found)["explicit"].score is None
    assert "planes" in named(found)["explicit"].reason
    assert found.rendition is not None


def test_a_failed_comparison_of_the_thumbnail_is_a_failed_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "thumbnail_signal", fail)
    found = named(in_child(picture()))["embedded_thumbnail"]
    assert (found.status, found.reason) == (Status.FAILED, "The comparison could not be made (ValueError).")


def test_a_decoder_that_ends_its_child_is_a_death_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_media", end)
    outcome = examine.examine_in_child(picture(), models=MODELS)
    assert isinstance(outcome, sandbox.ChildDied)
    assert outcome.cause == "SIGSEGV"


def test_a_manifest_that_ends_its_reader_leaves_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "check", end)
    found = in_child(picture("JPEG", comment=b"jumb"))
    assert (named(found)["c2pa"].status, named(found)["c2pa"].reason) == (
        Status.FAILED,
        "The reader was stopped (SIGSEGV).",
    )
    assert named(found)["explicit"].score == pytest.approx(0.9)


def test_a_manifest_reader_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "PROVENANCE_SECONDS", 1)
    monkeypatch.setattr(provenance, "check", lambda *_: next(iter(partial(int), 1)))
    found = in_child(picture("JPEG", comment=b"jumb"))
    assert named(found)["c2pa"].status is Status.FAILED
    assert found.rendition is not None


# --- children that lie ---------------------------------------------------------------------------------


def forged(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    """What the caller makes of a child whose answer was changed."""
    real = examine._look_work

    def lie(*arguments: Any) -> tuple[dict[str, Any], Any]:
        document, parts = real(*arguments)
        return {**document, **changes}, parts

    monkeypatch.setattr(examine, "_look_work", lie)
    return examine.examine_in_child(picture(), models=MODELS)


def test_the_childs_digests_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = forged(monkeypatch, sha256="0" * 64, md5="0" * 32, size=1)
    assert (found.sha256, found.md5, found.size) == (
        of_bytes(picture()).sha256,
        of_bytes(picture()).md5,
        len(picture()),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"signals": []},
        {"planes": {"shape": [1, 224, 224, 4], "dtype": "|u1"}},
        {"planes": {"shape": [10_000, 224, 224, 3], "dtype": "|u1"}},
        {"planes": {"shape": [True, 224, 224, 3], "dtype": "|u1"}},
        {"planes": {"shape": ["1"], "dtype": "|u1"}},
        {"planes": {"shape": [2, 224, 224, 3], "dtype": "|u1"}},
        {"planes": {"shape": [1, 224, 224, 3], "dtype": "<f4"}},
        {"planes": "none"},
        {"media": None},
    ],
)
def test_a_malformed_answer_counts_as_a_death(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    outcome = forged(monkeypatch, **changes)
    assert isinstance(outcome, sandbox.ChildDied)
    assert outcome.cause == "answer"


# --- the shared files ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examined_photos() -> list[Examination]:
    if not SHARED.is_dir():
        pytest.skip("NO SHARED PICTURES: ../shared/data is not here")
    return [in_child(path.read_bytes()) for path in sorted((SHARED / "photos").iterdir())[:20]]


def test_shared_photos_are_examined_without_an_error(examined_photos: list[Examination]) -> None:
    for found in examined_photos:
        assert found.errors == ()
        assert Status.FAILED not in {one.status for one in found.signals}


@pytest.mark.skipif(not SHARED.is_dir(), reason="NO SHARED PICTURES: ../shared/data is not here")
def test_credentials_read_in_the_child_say_what_they_say_outside() -> None:
    for path in sorted((SHARED / "c2pa").glob("*.jpg")):
        data = path.read_bytes()
        assert named(in_child(data))["c2pa"] == provenance.check(data, "image/jpeg")
