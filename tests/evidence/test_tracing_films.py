"""A still or a copy of a film that somebody watched here names the look it came from."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest
from PIL import Image

from casework.audit.models import Entry
from casework.evidence import actions, film_tracing
from casework.evidence.models import Item, Mark
from casework.evidence.sealing import open_blob
from casework.evidence.storage import FileStore
from casework.privacy.keyring import KeyMissing
from detection.examine import FILMS
from tests.cast import make_case, person
from tests.evidence.leaks import saved
from tests.evidence.making import entries
from tests.evidence.playbacks import frames_of, made_for, make_travelling, recoded, travelling, watched_by
from tests.evidence.test_tracing import page_of, trace_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    FILMS.stop()


@pytest.fixture
def item() -> Item:
    return make_travelling(make_case(), 3)


def grabbed(film: bytes) -> Image.Image:
    return frames_of(film)[17]


def in_a_page(picture: Image.Image) -> Image.Image:
    """A screenshot: the player on a light page, at another scale."""
    page = Image.new("RGB", (picture.width + 160, picture.height + 110), (244, 244, 247))
    page.paste(picture, (70, 40))
    return page.resize((round(page.width * 0.9), round(page.height * 0.9)))


def test_a_film_that_mona_asks_for_has_a_mark_of_its_own_which_the_log_names_by_its_public_id(
    item: Item,
) -> None:
    playback = made_for(item, person("mona"))
    mark = playback.mark
    assert (mark.purpose, mark.item, mark.reveal) == ("playback", item, None)
    said = json.loads(bytes(Entry.objects.get(verb="evidence.playback_asked").body))["data"]
    assert said["mark"] == str(mark.public_id)
    reveal = actions.open_playback(playback, actor=person("mona"), session=playback.session_hash)
    mark.refresh_from_db()
    assert mark.reveal == reveal
    body = bytes(Entry.objects.get(verb="evidence.revealed").body).decode()
    assert json.loads(body)["data"]["mark"] == str(mark.public_id)
    assert str(mark.value) not in body


def test_two_films_for_two_people_carry_two_marks(item: Item) -> None:
    one, other = made_for(item, person("mona")), made_for(item, person("milo"))
    assert one.mark.value != other.mark.value
    assert Mark.objects.filter(purpose="playback").count() == 2


@pytest.mark.parametrize("coloured", [False, True], ids=["grey", "in colour"])
def test_a_still_of_what_mona_watched_names_her_look(item: Item, coloured: bool) -> None:
    watched_by(item, person("milo"))
    reveal, film = watched_by(item, person("mona"), coloured=coloured)
    trace = trace_of(saved(grabbed(film), quality=80))
    assert (trace.verdict, trace.mark, trace.item) == ("named", reveal.mark, item)
    assert trace.chance is not None
    assert trace.chance <= 1e-6
    page = page_of(trace)
    for words in (
        "This was shown to Mona",
        item.case.number,
        "Film from",
        str(reveal.film.public_id)[:8],
        "to decide",
    ):
        assert words in page
    assert str(reveal.public_id)[:8] not in page, "the digits in the picture are the playback's"


def test_a_screenshot_of_the_player_names_the_look(item: Item) -> None:
    watched_by(item, person("milo"))
    reveal, film = watched_by(item, person("mona"))
    trace = trace_of(saved(in_a_page(grabbed(film)), quality=80))
    assert (trace.verdict, trace.mark) == ("named", reveal.mark)


def test_a_part_of_a_still_is_laid_over_the_film_itself(item: Item) -> None:
    reveal, film = watched_by(item, person("mona"))
    still = grabbed(film)
    trace = trace_of(saved(still.crop((24, 18, still.width - 20, still.height - 22)), quality=80))
    assert (trace.verdict, trace.mark, trace.compared) == ("named", reveal.mark, 1)


@pytest.mark.parametrize(("container", "codec"), [("webm", "libvpx-vp9"), ("mp4", "libx264")])
def test_a_film_saved_again_by_another_codec_names_the_look(item: Item, container: str, codec: str) -> None:
    watched_by(item, person("milo"))
    reveal, film = watched_by(item, person("mona"))
    trace = trace_of(recoded(film, container=container, codec=codec))
    assert (trace.verdict, trace.mark) == ("named", reveal.mark)
    assert entries("evidence.traced") == 1


def test_the_original_film_is_recognised_and_names_nobody(item: Item) -> None:
    watched_by(item, person("mona"))
    trace = trace_of(travelling(3))
    assert (trace.verdict, trace.mark, trace.item) == ("recognised", None, item)


def test_another_film_is_none_of_ours(item: Item) -> None:
    watched_by(item, person("mona"))
    trace = trace_of(travelling(77))
    assert (trace.verdict, trace.mark, trace.item) == ("nothing", None, None)


def test_a_film_whose_mark_no_record_names_is_said_to_carry_one(item: Item) -> None:
    reveal, film = watched_by(item, person("mona"))
    Mark.objects.filter(pk=reveal.mark.pk).update(value=secrets.randbits(48))
    trace = trace_of(film)
    assert (trace.verdict, trace.mark, trace.item) == ("unknown_mark", None, item)


def test_a_film_of_a_restricted_case_is_none_of_ours_for_who_is_not_cleared() -> None:
    case = make_case(minor_indicated=True)
    _reveal, film = watched_by(make_travelling(case, 5), person("sena"))
    lena = person("lena")
    lena.cleared = False
    lena.save(update_fields=["cleared"])
    trace = trace_of(film)
    assert (trace.verdict, trace.candidates) == ("nothing", 0)
    assert case.number not in page_of(trace)


def test_a_film_that_was_made_and_not_watched_says_for_whom(item: Item) -> None:
    playback = made_for(item, person("mona"))
    assert playback.blob is not None
    trace = trace_of(open_blob(playback.blob))
    assert (trace.verdict, trace.mark) == ("named", playback.mark)
    assert "This film was made for Mona" in page_of(trace)
    assert "no look at it is written down" in page_of(trace)


def test_a_film_that_does_not_open_here_is_counted_as_unread(item: Item, vault: FileStore) -> None:
    _reveal, film = watched_by(item, person("mona"))
    path = vault._path(item.original.storage_key)
    path.write_bytes(path.read_bytes()[:-1])
    trace = trace_of(saved(grabbed(film).crop((60, 40, 400, 260))))
    assert (trace.verdict, trace.unread) == ("nothing", 1)


def test_films_left_out_for_their_time_are_counted(item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    watched_by(item, person("mona"))
    monkeypatch.setattr(film_tracing, "MOST_FILMS", 0)
    trace = trace_of(travelling(77))
    assert (trace.verdict, trace.candidates, trace.compared) == ("nothing", 1, 0)
    assert "1 were not" in page_of(trace)


def test_without_the_key_of_marks_no_film_is_made(item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> bytes:
        raise KeyMissing("mark")

    monkeypatch.setattr("casework.evidence.filming.mark_key", missing)
    with pytest.raises(AssertionError, match="no key of marks"):
        made_for(item, person("mona"))
    assert entries("evidence.playback_failed") == 1


def test_a_film_without_a_mark_is_not_watched(item: Item) -> None:
    playback = made_for(item, person("mona"))
    playback.mark.delete()
    with pytest.raises(actions.NothingToReveal):
        actions.open_playback(playback, actor=person("mona"), session=playback.session_hash)
    assert entries("evidence.revealed") == 0
