"""Watching a part of a film: asked for with a reason, made by a worker, watched once, and gone afterwards."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import av
import numpy as np
import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from casework.evidence import actions, filming
from casework.evidence.models import Blob, Item, Playback, Reveal
from casework.evidence.sealing import open_blob
from casework.evidence.storage import evidence_store
from casework.jobs.actions import claim
from casework.jobs.models import Job
from casework.wellbeing.models import Look
from detection.examine import FILMS
from detection.fields import Malformed
from detection.video import playing
from tests.cast import client_of, make_case, person
from tests.detection import dying
from tests.evidence.films import film, make_film
from tests.evidence.making import entries, make_examined, make_item

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    FILMS.stop()


@pytest.fixture
def item() -> Item:
    return make_film(make_case())


def ask(browser: Client, item: Item, **form: str) -> Any:
    data = {"reason": "decide", "back": "/", "at": "0", **form}
    return browser.post(reverse("evidence_play", args=[item.public_id]), data)


def make(playback: Playback) -> Playback:
    """What a worker does with the job; the playback afterwards."""
    start = claim(str(Job.objects.get(key=f"play:{playback.public_id}").public_id))
    assert start is not None
    filming.make_playback(str(playback.public_id), start=start)
    playback.refresh_from_db()
    return playback


def asked_and_made(browser: Client, item: Item, **form: str) -> Playback:
    assert ask(browser, item, **form).status_code == 302
    return make(Playback.objects.get())


def watch(browser: Client, playback: Playback) -> Reveal:
    """Press play; the reveal."""
    answer = browser.post(reverse("playback_open", args=[playback.public_id]), {"back": "/"})
    reveal = Reveal.objects.get(film=playback)
    assert answer.url == reverse("reveal_stage", args=[reveal.public_id])
    return reveal


def film_of(browser: Client, reveal: Reveal, **headers: str) -> Any:
    return browser.get(reverse("reveal_film", args=[reveal.public_id]), headers=headers)


def test_mona_asks_with_a_reason_and_one_job_and_one_entry_appear_but_no_reveal(item: Item) -> None:
    mona = client_of(person("mona"))
    answer = ask(mona, item, at="1.5")
    playback = Playback.objects.get()
    assert answer.url.endswith(f"?item={item.public_id}")
    assert (playback.person, playback.reason, playback.start_seconds) == (person("mona"), "decide", 1.5)
    assert Job.objects.filter(key=f"play:{playback.public_id}").count() == 1
    assert entries("evidence.playback_asked") == 1
    assert entries("evidence.revealed") == Reveal.objects.count() == 0
    assert ask(mona, item, at="1.5").status_code == 302
    assert Playback.objects.count() == 1, "asked twice it is the same one"


def test_while_it_is_made_the_panel_says_how_far_it_is(item: Item) -> None:
    mona = client_of(person("mona"))
    ask(mona, item)
    playback = Playback.objects.get()
    actions.note_progress(playback, 0.42)
    panel = mona.get(reverse("case_evidence", args=[item.case.public_id])).content.decode()
    assert "is being made: 42 %" in panel
    fragment = mona.get(reverse("playback", args=[playback.public_id]), headers={"HX-Request": "true"})
    assert fragment.content.decode().lstrip().startswith('<div id="evidence-playback"')
    assert 'value="0.42"' in fragment.content.decode()
    assert mona.get(reverse("playback", args=[playback.public_id])).status_code == 302


def test_a_worker_makes_it_small_grey_silent_and_sealed_to_be_viewed(item: Item) -> None:
    playback = asked_and_made(client_of(person("mona")), item)
    assert playback.blob is not None
    assert playback.failure == ""
    assert (playback.width, playback.height, playback.seconds) == (320, 240, pytest.approx(3.0, abs=0.1))
    assert playback.blob.wrap.recipient == "view"
    assert playback.blob.staged_until is not None
    assert entries("evidence.playback_made") == 1
    panel = client_of(person("mona")).get(reverse("case_evidence", args=[item.case.public_id]))
    assert "Play 0:02.9 from 0:00" not in panel.content.decode(), "another session has none ready"


def test_mona_watches_under_a_reveal_as_long_as_the_film(item: Item) -> None:
    mona = client_of(person("mona"))
    playback = asked_and_made(mona, item)
    panel = mona.get(reverse("case_evidence", args=[item.case.public_id])).content.decode()
    assert f'action="{reverse("playback_open", args=[playback.public_id])}"' in panel
    reveal = watch(mona, playback)
    assert reveal.playback == playback.blob
    assert (reveal.expires_at - reveal.opened_at).total_seconds() == pytest.approx(
        (playback.seconds or 0) + 5, abs=0.01
    )
    assert entries("evidence.revealed") == Look.objects.count() == 1
    stage = mona.get(reverse("reveal_stage", args=[reveal.public_id]))
    assert f'src="{reverse("reveal_film", args=[reveal.public_id])}"' in stage.content.decode()
    assert re.search(r"<video [^>]*muted", stage.content.decode())
    assert "media-src 'self'" in stage["Content-Security-Policy"]
    assert "trusted-types 'none'" in stage["Content-Security-Policy"]
    served = film_of(mona, reveal)
    assert (served.status_code, served["Content-Type"], served["Cache-Control"]) == (
        200,
        "video/mp4",
        "no-store",
    )
    with av.open(io.BytesIO(served.content), format="mov") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 60
    assert max(int(np.ptp(frame.astype(int), axis=2).max()) for frame in frames) <= 12, "grey first"


def test_only_the_open_stage_may_load_films(item: Item) -> None:
    mona = client_of(person("mona"))
    panel = mona.get(reverse("case_evidence", args=[item.case.public_id]))
    assert "media-src 'self'" not in panel["Content-Security-Policy"]


def test_in_colour_is_a_wish_of_its_own_and_stands_in_the_reveal(item: Item) -> None:
    mona = client_of(person("mona"))
    reveal = watch(mona, asked_and_made(mona, item, coloured="yes"))
    assert reveal.coloured_at is not None
    with av.open(io.BytesIO(film_of(mona, reveal).content), format="mov") as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert int(np.ptp(frame.astype(int), axis=2).max()) > 60


def test_the_name_is_drawn_into_every_picture(item: Item) -> None:
    """The same film with and without words: each picture differs, and not only in one place."""
    mona = client_of(person("mona"))
    served = film_of(mona, watch(mona, asked_and_made(mona, item))).content
    *_, (_about, [bare]) = playing.work(
        _original(item), {"words": "", "start": 0.0, "coloured": False}, playing.LIMITS
    )
    with av.open(io.BytesIO(served), format="mov") as ours, av.open(io.BytesIO(bare), format="mov") as plain:
        for marked, clean in zip(ours.decode(video=0), plain.decode(video=0), strict=True):
            difference = (
                np.abs(marked.to_ndarray()[:240].astype(int) - clean.to_ndarray()[:240].astype(int)) > 40
            )
            assert difference.sum() > 300
            assert difference[:120].any()
            assert difference[120:].any()


def _original(item: Item) -> bytes:
    return open_blob(item.original)


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-99", 206, slice(0, 100)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=5-1", 200, slice(None)),
        ("bytes=0-0", 206, slice(0, 1)),
        ("bytes=999999999-", 416, slice(0, 0)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_a_browser_gets_the_part_that_it_asks_for(wanted: str, status: int, part: slice, item: Item) -> None:
    mona = client_of(person("mona"))
    reveal = watch(mona, asked_and_made(mona, item))
    whole = film_of(mona, reveal).content
    answer = film_of(mona, reveal, Range=wanted)
    assert answer.status_code == status
    assert answer.content == whole[part]
    if status == 206:
        first, last = part.start, (part.stop or len(whole)) - 1
        assert answer["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"


def test_it_is_watched_once_and_its_bytes_go_with_the_look(item: Item) -> None:
    mona = client_of(person("mona"))
    playback = asked_and_made(mona, item)
    assert playback.blob is not None
    key = playback.blob.storage_key
    reveal = watch(mona, playback)
    assert watch(mona, playback) == reveal, "pressed twice it is the same look"
    mona.post(reverse("reveal_close", args=[reveal.public_id]))
    assert not Blob.objects.filter(storage_key=key).exists()
    assert entries("evidence.reveal_closed") == entries("evidence.blob_reaped") == 1
    answer = film_of(mona, reveal)
    assert answer.status_code == 403
    again = mona.post(reverse("playback_open", args=[playback.public_id]), {"back": "/"})
    assert again.status_code == 409
    assert entries("evidence.revealed") == 1


def test_the_bytes_leave_the_store_when_the_look_is_over(
    item: Item, django_capture_on_commit_callbacks: Any
) -> None:
    mona = client_of(person("mona"))
    playback = asked_and_made(mona, item)
    assert playback.blob is not None
    key = playback.blob.storage_key
    reveal = watch(mona, playback)
    assert evidence_store().size(key) is not None
    with django_capture_on_commit_callbacks(execute=True):
        actions.close_reveal(reveal, actor=person("mona"))
    assert evidence_store().size(key) is None


def test_a_look_that_ran_out_serves_nothing_and_leaves_nothing(item: Item) -> None:
    mona = client_of(person("mona"))
    reveal = watch(mona, asked_and_made(mona, item))
    moved = timedelta(minutes=2)
    Reveal.objects.update(opened_at=F("opened_at") - moved, expires_at=F("expires_at") - moved)
    assert film_of(mona, reveal).status_code == 403
    assert entries("evidence.reveal_refused") == 1
    assert actions.close_expired() == 1
    assert not Blob.objects.filter(kind="playback").exists()


def test_what_nobody_comes_to_watch_is_reaped(item: Item) -> None:
    playback = asked_and_made(client_of(person("mona")), item)
    Blob.objects.filter(kind="playback").update(staged_until=F("staged_until") - timedelta(minutes=11))
    actions.reap_blobs()
    playback.refresh_from_db()
    assert playback.blob is None
    assert not Blob.objects.filter(kind="playback").exists()


def test_a_film_is_watched_once_more_by_an_extension_as_long_as_itself(item: Item) -> None:
    mona = client_of(person("mona"))
    playback = asked_and_made(mona, item)
    reveal = watch(mona, playback)
    before = reveal.expires_at
    mona.post(reverse("reveal_extend", args=[reveal.public_id]))
    reveal.refresh_from_db()
    assert (reveal.expires_at - before).total_seconds() == pytest.approx(
        (playback.seconds or 0) + 5, abs=0.01
    )
    assert entries("evidence.reveal_extended") == 1
    assert mona.post(reverse("reveal_extend", args=[reveal.public_id])).status_code == 409


def test_a_still_is_not_shown_in_place_of_a_film_and_the_other_way_round(item: Item) -> None:
    mona = client_of(person("mona"))
    reveal = watch(mona, asked_and_made(mona, item))
    assert mona.get(reverse("reveal_image", args=[reveal.public_id])).status_code == 403
    frame = item.film_frames.all()[0]
    mona.post(reverse("frame_reveal", args=[frame.public_id]), {"reason": "decide", "back": "/"})
    still = Reveal.objects.get(frame=frame)
    assert film_of(mona, still).status_code == 403


def test_another_person_and_another_session_have_no_part_in_it(item: Item) -> None:
    mona, milo = client_of(person("mona")), client_of(person("milo"))
    playback = asked_and_made(mona, item)
    reveal = watch(mona, playback)
    for browser in (milo, client_of(person("mona"))):
        assert browser.get(reverse("playback", args=[playback.public_id])).status_code == 404
        assert (
            browser.post(reverse("playback_open", args=[playback.public_id]), {"back": "/"}).status_code
            == 404
        )
    assert film_of(milo, reveal).status_code == 404
    assert film_of(client_of(person("mona")), reveal).status_code == 403
    assert entries("evidence.revealed") == 1


def test_without_a_reason_nothing_is_made(item: Item) -> None:
    assert ask(client_of(person("mona")), item, reason="").status_code == 422
    assert ask(client_of(person("mona")), item, at="-1").status_code == 422
    assert Playback.objects.count() == entries("evidence.playback_asked") == 0


@pytest.mark.parametrize("name", ["audra", "stan"])
def test_who_may_not_reveal_may_not_watch(name: str, item: Item) -> None:
    assert ask(client_of(person(name)), item).status_code in (403, 404)
    assert Playback.objects.count() == entries("evidence.playback_asked") == 0


def test_of_a_picture_nothing_is_made() -> None:
    still = make_examined(make_case())
    assert ask(client_of(person("mona")), still).status_code == 409
    assert Playback.objects.count() == entries("evidence.playback_asked") == 0


def test_beyond_its_end_a_film_says_that_there_is_nothing(item: Item) -> None:
    mona = client_of(person("mona"))
    playback = asked_and_made(mona, item, at="99")
    assert playback.failure == "The film has no picture from there on."
    assert entries("evidence.playback_failed") == 1
    panel = mona.get(reverse("case_evidence", args=[item.case.public_id])).content.decode()
    assert "no picture from there on" in panel
    assert mona.post(reverse("playback_open", args=[playback.public_id]), {"back": "/"}).status_code == 409


def test_a_film_that_ends_its_maker_is_tried_again_and_then_given_up(
    item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client_of(person("mona")), item)
    playback = Playback.objects.get()
    monkeypatch.setattr(playing, "work", dying.at_once)
    with pytest.raises(filming.ReaderDied):
        make(playback)
    playback.refresh_from_db()
    assert playback.finished_at is None
    actions.leave_unplayed(str(playback.public_id), reason="three starts")
    playback.refresh_from_db()
    assert "three times" in playback.failure
    assert entries("evidence.playback_failed") == 1


def test_a_delivery_of_a_finished_job_makes_nothing_anew(item: Item) -> None:
    playback = asked_and_made(client_of(person("mona")), item)
    job = Job.objects.get(key=f"play:{playback.public_id}")
    start = claim(str(job.public_id))
    assert start is None or filming.make_playback(str(playback.public_id), start=start) is None
    assert entries("evidence.playback_made") == 1
    assert Blob.objects.filter(kind="playback").count() == 1


def test_asking_again_throws_away_what_was_not_watched(item: Item) -> None:
    mona = client_of(person("mona"))
    first = asked_and_made(mona, item)
    ask(mona, item, at="1")
    first.refresh_from_db()
    assert first.blob is None
    assert entries("evidence.blob_reaped") == 1


def test_frames_of_a_restricted_case_are_not_watched_by_mona() -> None:
    item = make_film(make_case(minor_indicated=True))
    assert ask(client_of(person("mona")), item).status_code == 404
    assert Playback.objects.count() == 0


def test_a_forged_answer_of_the_maker_is_refused() -> None:
    *_, (about, [good]) = playing.work(
        _original(make_item(make_case(), film())),
        {"words": "", "start": 0.0, "coloured": False},
        playing.LIMITS,
    )
    assert playing.from_wire(about, [good]).width == 320
    for forged in (
        good + b"\0\0\0\x08free"[:4],
        good + b"\0\0\0\x10moof" + bytes(8),
        good.replace(b"avc1", b"hvc1"),
        good[:100],
        b"",
        good + bytes(13 * 1024 * 1024),
    ):
        with pytest.raises(Malformed):
            playing.from_wire(about, [forged])
    for key, value in (("width", 4000), ("seconds", 1e9), ("start", -1), ("height", True)):
        with pytest.raises(Malformed):
            playing.from_wire({**about, key: value}, [good])
