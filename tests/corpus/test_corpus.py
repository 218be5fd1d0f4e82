"""Every hostile file ends as it should, within its limits, and leaves nothing of itself in what is served."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from PIL import Image

from detection import digests
from detection.findings import Derivative, Examination
from detection.limits import DEFAULT
from tests.corpus import films, fuzz, hostile, looking, parsers
from tests.corpus.pictures import DERIVED, PAYLOAD, QUARANTINE, STORE_ONLY, Hostile, benign

pytestmark = pytest.mark.corpus

GIB = 1 << 30


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported_before_the_fork() -> None:
    looking.warm_up()


@pytest.mark.parametrize("row", hostile.ROWS, ids=lambda row: row.id)
def test_a_hostile_file_ends_as_expected_and_within_its_limits(row: Hostile) -> None:
    data = row.make()
    word, code, outcome, examination = looking.examined(data)
    assert word in row.expected, (word, code)
    assert not row.code or code == row.code
    assert code != "unexpected", "a decoder raised what opening does not know"
    assert outcome.usage.wall_seconds <= DEFAULT.wall_seconds
    assert outcome.usage.cpu_seconds <= DEFAULT.cpu_seconds
    assert outcome.usage.max_rss_bytes <= GIB
    if word == DERIVED:
        assert examination is not None
        assert_nothing_of_the_file_is_served(examination, data)


def assert_nothing_of_the_file_is_served(examination: Examination, data: bytes) -> None:
    assert examination.sha256 == digests.of_bytes(data).sha256
    assert examination.media is not None
    assert examination.preview is not None
    assert examination.rendition is not None
    assert max(reopened(examination.preview).size) <= 24
    assert reopened(examination.preview).mode == "L"
    assert len(examination.preview.content) <= 2048
    assert max(reopened(examination.rendition).size) <= 2048
    for derivative in (examination.preview, examination.rendition):
        image = reopened(derivative)
        assert image.info.keys() <= {"jfif", "jfif_version", "jfif_density", "jfif_unit"}
        assert not image.getexif()
        for trace in (
            PAYLOAD,
            b"script",
            b"Exif",
            b"ICC_PROFILE",
            b"payload",
            b"http",
            b"XML",
            b"tEXt",
            b"JP\0\1",
        ):
            assert trace not in derivative.content


def reopened(derivative: Derivative) -> Image.Image:
    image = Image.open(io.BytesIO(derivative.content), formats=["PNG", "JPEG"])
    image.load()
    assert image.size == (derivative.width, derivative.height)
    assert image.get_format_mimetype() == derivative.mime
    return image


def test_the_same_file_twice_gives_the_same_answer_twice() -> None:
    first, second = (looking.examined(benign("jpg"))[3] for _ in range(2))
    assert first == second
    assert first is not None


def test_content_decides_and_not_the_name() -> None:
    examination = looking.examined(benign("png"))[3]
    assert examination is not None
    assert examination.media is not None
    assert examination.media.mime == "image/png"


def test_a_good_picture_is_derived_right_after_every_hostile_one() -> None:
    for row in hostile.ROWS[::10]:
        looking.examined(row.make())
        assert looking.examined(benign("jpg"))[0] == DERIVED


def test_mutants_never_kill_the_child() -> None:
    files = fuzz.seeds()
    wrong = {number: fuzz.complaint(fuzz.mutant(files, 2, number))[1] for number in range(300)}
    assert not {number: text for number, text in wrong.items() if text}


@pytest.mark.parametrize("name", parsers.TARGETS)
def test_property_mutants_break_no_parser(name: str) -> None:
    most = 25 if name == "credentials" else 400
    assert fuzz.campaign(name, 3, most=most)[1] == []


def test_150_mutants_of_films_never_kill_the_child() -> None:
    """H74."""
    ended = Counter(looking.examined(films.mutant_film(number))[0] for number in range(150))
    assert set(ended) <= {DERIVED, STORE_ONLY, QUARANTINE}
    assert ended[DERIVED] > 20
    assert ended[STORE_ONLY] > 20


def test_the_corpus_covers_its_catalogue() -> None:
    rows = {row.row for row in hostile.ROWS}
    assert rows >= {f"H{n:02}" for n in range(1, 80) if n != 74} | {"H89", "H90", "H91"}
    assert len(hostile.ROWS) == len({row.id for row in hostile.ROWS}) >= 130
