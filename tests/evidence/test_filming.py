"""What is kept of a film: frames, previews, renditions, hashes and scores, once, with an entry."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from casework.audit.log import Verb
from casework.audit.models import Entry
from casework.audit.telling import BRIEF
from casework.evidence import actions
from casework.evidence.film import clock_words, film_context
from casework.evidence.models import Frame, Item, PerceptualHash, SignalRecord
from casework.evidence.sealing import open_blob
from tests.cast import make_case, person
from tests.evidence import films, making

pytestmark = pytest.mark.django_db


def test_the_frames_of_a_film_are_kept_with_previews_renditions_hashes_and_scores() -> None:
    count = len(films.seen().film.frames)
    item = films.make_film(make_case(), signals=[films.scored(*(n / 100 for n in range(count)))])
    frames = list(item.film_frames.all())
    assert [frame.position for frame in frames] == list(range(1, count + 1))
    assert [frame.at_seconds for frame in frames] == sorted(frame.at_seconds for frame in frames)
    assert [frame.at_seconds for frame in frames if frame.scene_start] == [0.0, 1.0, 2.0]
    assert [frame.explicit_score for frame in frames] == [n / 100 for n in range(count)]
    assert (item.duration, item.frames, item.format) == (3.0, 60, "MP4")
    for frame in frames:
        preview = Image.open(io.BytesIO(open_blob(frame.preview)))
        assert max(preview.size) <= 24
        assert preview.mode == "L"
        assert frame.preview.wrap.recipient == frame.rendition.wrap.recipient == "view"
        assert max(Image.open(io.BytesIO(open_blob(frame.rendition))).size) == 320
    hashes = PerceptualHash.objects.filter(item=item)
    assert hashes.filter(frame=None).count() == 0
    assert {one.algorithm for one in hashes} == {"pdq", "phash"}
    assert hashes.count() == 2 * count


def test_one_entry_tells_which_blobs_were_made_of_which_frame() -> None:
    item = films.make_film(make_case())
    entry = Entry.objects.get(verb="evidence.film_sampled")
    body = json.loads(bytes(entry.body))["data"]
    assert body["duration"] == "3.0"
    assert body["derived_from"] == item.sha256
    assert [one["frame"] for one in body["frames"]] == [
        str(frame.public_id) for frame in item.film_frames.all()
    ]
    assert body["frames"][0]["rendition"] == item.film_frames.all()[0].rendition.sha256
    assert making.entries("evidence.examined") == 1


def test_frames_that_no_model_scored_have_no_score() -> None:
    item = films.make_film(make_case(), signals=[making.explicit(0.4)])
    assert set(item.film_frames.values_list("explicit_score", flat=True)) == {None}


def test_a_picture_has_no_frames_and_no_entry_of_a_film() -> None:
    item = making.make_examined(make_case())
    assert not item.film_frames.exists()
    assert item.duration is None
    assert making.entries("evidence.film_sampled") == 0
    assert film_context(item, user=person("mona"), session=making.SESSION) is None


def test_a_film_is_kept_once_however_often_its_job_is_delivered() -> None:
    item = films.make_film(make_case())
    before = Frame.objects.count()
    assert not actions.record_examination(item, films.examination())
    assert Frame.objects.count() == before
    assert making.entries("evidence.film_sampled") == 1


def test_a_still_out_of_a_film_in_another_case_is_a_near_copy() -> None:
    film = films.make_film(make_case())
    frame = film.film_frames.all()[4]
    pdq = bytes(frame.perceptual_hashes.get(algorithm="pdq").value).hex()
    still = making.make_item(make_case(), open_blob(frame.rendition))
    assert actions.record_examination(still, making.examination(open_blob(frame.rendition), pdq=pdq))
    known = still.signals.get(name="known")
    assert known.status == "found"
    assert known.data["matches"] == [{"item": str(film.public_id), "distance": 0}]


def test_a_film_that_holds_a_known_still_is_a_near_copy_counted_once() -> None:
    frames = films.seen().film.frames
    pdq = next(one.value for one in frames[0].hashes if one.algorithm == "pdq")
    still = making.make_item(make_case())
    assert actions.record_examination(still, making.examination(making.picture(), pdq=pdq))
    known = films.make_film(make_case()).signals.get(name="known")
    assert known.data["matches"] == [{"item": str(still.public_id), "distance": 0}]


def test_two_films_with_nothing_in_common_are_not_near() -> None:
    rows = films.make_film(make_case()).perceptual_hashes.filter(algorithm="pdq")
    for row in rows:
        row.value = bytes(byte ^ 0x55 for byte in bytes(row.value))
        row.save()
    assert films.make_film(make_case(), 2).signals.get(name="known").status == "not_found"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00"), (7.25, "0:07.2"), (59.96, "0:59.9"), (61.5, "1:01.5"), (3725, "1:02:05")],
)
def test_places_in_a_film_read_like_a_clock(seconds: float, words: str) -> None:
    assert clock_words(seconds) == words


def test_the_summary_says_where_the_film_is_most_explicit() -> None:
    count = len(films.seen().film.frames)
    item = films.make_film(make_case(), signals=[films.scored(*([0.1] * (count - 1)), 0.92)])
    context = film_context(item, user=person("mona"), session=making.SESSION)
    assert context is not None
    assert context["words"].startswith("Film, 0:03 · ")
    assert "most explicit 0.92 at 0:02.9" in context["words"]


def test_a_film_that_is_examined_again_keeps_its_frames_and_gets_new_scores() -> None:
    count = len(films.seen().film.frames)
    item = films.make_film(make_case())
    frames = list(item.film_frames.values_list("public_id", flat=True))
    SignalRecord.objects.filter(item=item).delete()
    Item.objects.filter(pk=item.pk).update(state=Item.State.STORED)
    assert actions.record_examination(item, films.examination(signals=[films.scored(*([0.5] * count))]))
    assert list(item.film_frames.values_list("public_id", flat=True)) == frames
    assert set(item.film_frames.values_list("explicit_score", flat=True)) == {0.5}
    assert making.entries("evidence.film_sampled") == 1


def test_a_score_never_stands_beside_a_frame_that_it_was_not_given_to() -> None:
    count = len(films.seen().film.frames)
    item = films.make_film(make_case(), signals=[films.scored(*([0.1] * count))])
    SignalRecord.objects.filter(item=item).delete()
    Item.objects.filter(pk=item.pk).update(state=Item.State.STORED)
    film = films.seen().film
    later = replace(
        film, frames=tuple(replace(one, at_seconds=one.at_seconds + 0.01) for one in film.frames[1:])
    )
    found = replace(films.examination(signals=[films.scored(*([0.9] * (count - 1)))]), film=later)
    assert actions.record_examination(item, found)
    assert set(item.film_frames.values_list("explicit_score", flat=True)) == {None}


def test_the_timeline_says_in_few_words_that_frames_were_sampled() -> None:
    films.make_film(make_case())
    body = json.loads(bytes(Entry.objects.get(verb="evidence.film_sampled").body))
    assert BRIEF[Verb.EVIDENCE_FILM_SAMPLED](body["data"]) == "12 frames"
