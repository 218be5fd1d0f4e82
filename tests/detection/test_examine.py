"""One file, one answer: each part speaks for itself, and whatever ends one part leaves the others standing."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from detection import (
    asking,
    dwtdct,
    examine,
    forensics,
    looking,
    metadata,
    models,
    opening,
    pdq,
    perceptual,
    planes,
    provenance,
    renditions,
    sandbox,
    wire,
)
from detection.cards import Role, read_cards
from detection.digests import of_bytes
from detection.findings import Examination, Signal, Status
from detection.limits import Limits
from detection.video.drawing import pattern_film
from tests.corpus.pictures import FORMATS
from tests.detection import dying
from tests.detection.generator_marks import marked
from tests.detection.reference.drawn import drawn

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MODEL = "open-nsfw"
ASKED = ["explicit", "regions", "synthetic"]
NAMES = ["c2pa", *looking.SIGNALS, *ASKED]


class _Session:
    """Answers 0.9 for every picture."""

    def run(self, *_: Any) -> list[Any]:
        return [np.array([[0.1, 0.9]], dtype=np.float32)]


CARDS = read_cards()
NO_MODELS = models.Shelf({}, {MODEL: "Yahoo OpenNSFW is not installed."})
MODELS = models.Shelf({MODEL: models.Model(CARDS[MODEL], _Session())}, {}, cards={MODEL: CARDS[MODEL]})


@pytest.fixture(scope="module", autouse=True)
def _warm() -> Iterator[None]:
    examine.warm_up()
    yield
    examine.stop_readers()


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


def test_a_question_without_a_model_says_not_checked() -> None:
    signals = named(in_child(picture()))
    for name in ("synthetic", "regions"):
        assert (signals[name].status, signals[name].score) == (Status.NOT_CHECKED, None)
        assert signals[name].reason


def test_a_picture_is_hashed_in_all_eight_turns() -> None:
    found = in_child(picture())
    assert len(found.turns) == len(pdq.DIHEDRAL)
    assert found.turns[0] == found.hashes[0]
    assert len({one.value for one in found.turns}) == len(pdq.DIHEDRAL)


def test_a_generators_watermark_is_read_from_the_pixels_as_they_are() -> None:
    made = marked(Image.open(io.BytesIO(drawn(1))), dwtdct.PAYLOADS[0].bits)
    out = io.BytesIO()
    made.save(out, "PNG")
    found = named(in_child(out.getvalue()))["watermark"]
    assert found == dwtdct.signal(made)
    assert found.status is Status.FOUND


def test_two_models_are_each_given_the_planes_they_want() -> None:
    wide = replace(
        CARDS[MODEL], name="wide", role=Role.SHADOW, input=replace(CARDS[MODEL].input, width=64, height=32)
    )
    seen: list[tuple[int, ...]] = []

    class Session(_Session):
        def run(self, _names: Any, values: dict[str, Any], *_: Any) -> list[Any]:
            seen.extend(one.shape for one in values.values())
            return super().run()

    cards = {MODEL: CARDS[MODEL], "wide": wide}
    shelf = models.Shelf(
        {name: models.Model(card, Session()) for name, card in cards.items()}, {}, cards=cards
    )
    found = named(in_child(picture(), shelf))
    assert seen == [(1, 224, 224, 3), (1, 32, 64, 3)]
    assert (found["explicit"].score, found["shadow.wide"].score) == (pytest.approx(0.9), pytest.approx(0.9))


def test_a_film_is_examined_in_its_frames() -> None:
    found = in_child(pattern_film(frames=12))
    assert found.media is not None
    assert found.media.mime == "video/mp4"
    assert found.film is not None
    assert 1 <= len(found.film.frames) <= 12
    assert named(found)["explicit"].data["frames"] == len(found.film.frames)
    assert named(found)["watermark"].status is Status.NOT_APPLICABLE
    assert [one.name for one in found.signals] == NAMES


def test_a_films_decoders_are_not_in_the_process_of_pictures() -> None:
    in_child(picture())
    in_child(pattern_film(frames=4))
    assert "libavcodec" not in Path(f"/proc/{examine.PICTURES.pid}/maps").read_text()
    assert "libavcodec" in Path(f"/proc/{examine.FILMS.pid}/maps").read_text()


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


def in_process(data: bytes) -> Examination:
    """The same composition in this process, where a test can break a part."""
    return examine.examine(data, models=MODELS)


@pytest.mark.parametrize(
    ("module", "function", "code", "lost"),
    [
        (perceptual, "hashes_and_turns", "hashes", "hashes"),
        (renditions, "preview", "preview", "preview"),
        (renditions, "rendition", "rendition", "rendition"),
    ],
)
def test_a_failed_part_is_an_error_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, module: Any, function: str, code: str, lost: str
) -> None:
    monkeypatch.setattr(module, function, fail)
    found = in_process(picture())
    assert [one.code for one in found.errors] == [code]
    assert not getattr(found, lost)
    assert sum(bool(getattr(found, one)) for one in ("hashes", "preview", "rendition")) == 2
    assert named(found)["explicit"].score == pytest.approx(0.9)


def test_planes_that_cannot_be_made_leave_the_picture_unscored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "prepare", fail)
    monkeypatch.setattr(renditions, "preview", fail)
    found = in_process(picture())
    assert named(found)["explicit"].score is None
    assert "planes" in named(found)["explicit"].reason
    assert found.rendition is not None


@pytest.mark.parametrize(
    ("module", "function", "names"),
    [
        (metadata, "thumbnail_signal", ["embedded_thumbnail"]),
        (dwtdct, "signal", ["watermark"]),
        (forensics, "signals", list(forensics.NAMES)),
    ],
)
def test_a_reader_that_fails_is_a_failed_signal_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, module: Any, function: str, names: list[str]
) -> None:
    whole = named(in_process(picture()))
    monkeypatch.setattr(module, function, fail)
    found = named(in_process(picture()))
    for name in names:
        reason = "The comparison could not be made (ValueError)."
        assert (found[name].status, found[name].reason) == (Status.FAILED, reason)
    assert list(found) == NAMES
    assert all(found[name] == whole[name] for name in NAMES if name not in names)


# --- children that die or give up ----------------------------------------------------------------------


def with_work(monkeypatch: pytest.MonkeyPatch, work: Any, data: bytes | None = None) -> Any:
    """What the caller makes of a child that does something else."""
    with monkeypatch.context() as patch:
        patch.setattr(looking, "work", work)
        return examine.examine_in_child(data or picture(), models=MODELS)


@pytest.mark.parametrize("work", [dying.at_once, dying.after_the_planes])
def test_a_decoder_that_ends_its_child_is_a_death_and_no_answer(
    monkeypatch: pytest.MonkeyPatch, work: Any
) -> None:
    outcome = with_work(monkeypatch, work)
    assert isinstance(outcome, sandbox.ChildDied)
    assert outcome.cause == "SIGSEGV"
    assert in_child(picture()).media is not None


@pytest.mark.parametrize(
    ("work", "code"), [(dying.gives_up, "damaged"), (dying.gives_up_after_the_planes, "memory")]
)
def test_a_child_that_gives_up_leaves_every_question_not_checked(
    monkeypatch: pytest.MonkeyPatch, work: Any, code: str
) -> None:
    found = with_work(monkeypatch, work)
    assert (found.media, found.errors[0].code) == (None, code)
    assert [one.name for one in found.signals] == NAMES
    assert {one.status for one in found.signals} == {Status.NOT_CHECKED}
    assert found.sha256 == of_bytes(picture()).sha256


def test_a_manifest_that_ends_its_reader_leaves_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_work(monkeypatch, dying.in_the_manifest)
    assert (named(found)["c2pa"].status, named(found)["c2pa"].reason) == (
        Status.FAILED,
        "The reader was stopped (SIGSEGV).",
    )
    assert named(found)["explicit"].score == pytest.approx(0.9)


def test_a_manifest_reader_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "PROVENANCE_SECONDS", 0.3)
    found = with_work(monkeypatch, dying.for_ever_in_the_manifest)
    assert named(found)["c2pa"].status is Status.FAILED
    assert found.rendition is not None


def test_a_slow_model_is_not_held_against_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    real = asking.ask

    def slow(*arguments: Any, **named: Any) -> Any:
        time.sleep(1.2)
        return real(*arguments, **named)

    in_child(picture())
    monkeypatch.setattr(asking, "ask", slow)
    assert in_child(picture(), limits=Limits(wall_seconds=1.0)).rendition is not None


# --- children that lie ---------------------------------------------------------------------------------


def forged(monkeypatch: pytest.MonkeyPatch, number: int, **changes: Any) -> Any:
    """What the caller makes of a child whose answer of this number was changed."""
    real: Callable[..., sandbox.Outcome] = sandbox.Talk.hear
    heard: list[int] = []

    def lie(talk: sandbox.Talk, **wishes: Any) -> sandbox.Outcome:
        outcome = real(talk, **wishes)
        heard.append(1)
        if len(heard) != number:
            return outcome
        assert isinstance(outcome, sandbox.Answer)
        return replace(outcome, document={**outcome.document, **changes})

    monkeypatch.setattr(sandbox.Talk, "hear", lie)
    return examine.examine_in_child(picture(), models=MODELS)


def test_the_childs_digests_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = forged(monkeypatch, 2, sha256="f" * 64, md5="f" * 32, size=1)
    assert (found.sha256, found.md5, found.size) == (
        of_bytes(picture()).sha256,
        of_bytes(picture()).md5,
        len(picture()),
    )


def planes_of(shape: Any, dtype: str = "|u1", name: str = MODEL) -> dict[str, Any]:
    return {"planes": {name: {"shape": shape, "dtype": dtype}}}


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (1, planes_of([1, 224, 224, 4])),
        (1, planes_of([10_000, 224, 224, 3])),
        (1, planes_of([True, 224, 224, 3])),
        (1, planes_of(["1"])),
        (1, planes_of([])),
        (1, planes_of([2, 224, 224, 3])),
        (1, planes_of([1, 224, 224, 3], "<f4")),
        (1, planes_of([1, 224, 224, 3], name="another")),
        (1, {"planes": "none"}),
        (1, {"planes": {}}),
        (1, {"width": 1}),
        (1, {"height": -1}),
        (2, {"signals": []}),
        (2, {"media": None}),
        (2, {"turns": []} | {"hashes": "none"}),
        (2, {"film": {}}),
    ],
)
def test_a_malformed_answer_counts_as_a_death(
    monkeypatch: pytest.MonkeyPatch, number: int, changes: dict[str, Any]
) -> None:
    outcome = forged(monkeypatch, number, **changes)
    assert isinstance(outcome, sandbox.ChildDied)
    assert outcome.cause == "answer"


def test_a_child_has_no_say_on_what_the_models_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = wire.signal_to_wire(Signal("explicit", "1", Status.NOT_FOUND, "Nothing.", score=0.0))
    given = [wire.signal_to_wire(one) for one in in_child(picture()).signals if one.name in looking.SIGNALS]
    for signals in ([*given, clean], [clean, *given[1:]], given[:-1], given[::-1]):
        outcome = forged(monkeypatch, 2, signals=signals)
        assert isinstance(outcome, sandbox.ChildDied), [one["name"] for one in signals]
        monkeypatch.undo()


@pytest.mark.parametrize("changes", [{"name": "explicit"}, {"score": 2.0}, {"status": "clean"}])
def test_credentials_that_are_none_are_a_failed_signal(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    found = forged(monkeypatch, 3, **changes)
    assert named(found)["c2pa"].status is Status.FAILED
    assert named(found)["explicit"].score == pytest.approx(0.9)


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
