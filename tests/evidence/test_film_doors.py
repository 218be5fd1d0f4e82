"""The doors to a film: a strip of grey previews for all who may see them, one frame under a reveal, and no more."""

from __future__ import annotations

import io
import re

import pytest
from django.urls import reverse
from PIL import Image

from casework.evidence.models import Frame, Item, Reveal
from tests.cast import client_of, make_case, person
from tests.evidence.films import make_film, scored, seen
from tests.evidence.making import entries, make_examined

pytestmark = pytest.mark.django_db


@pytest.fixture
def item() -> Item:
    count = len(seen().film.frames)
    return make_film(make_case(), signals=[scored(*([0.2] * (count - 1)), 0.9)])


def frame_of(item: Item, position: int = 3) -> Frame:
    frame: Frame = item.film_frames.get(position=position)
    return frame


def test_the_panel_shows_every_frame_as_a_link_with_time_and_score(item: Item) -> None:
    page = (
        client_of(person("mona")).get(reverse("case_evidence", args=[item.case.public_id])).content.decode()
    )
    for frame in item.film_frames.all():
        assert f'href="{reverse("film_frame", args=[frame.public_id])}"' in page
        assert f'src="{reverse("frame_preview", args=[frame.public_id])}"' in page
    assert page.count("a scene starts") == 3
    assert "explicit 0.90" in page
    assert "3 scenes" in page
    assert page.count(" aria-current") == page.count('aria-current="page"')
    assert "style=" not in page


def test_a_picture_has_no_strip_of_frames() -> None:
    still = make_examined(make_case())
    page = (
        client_of(person("mona")).get(reverse("case_evidence", args=[still.case.public_id])).content.decode()
    )
    assert "film-strip" not in page


def test_the_preview_of_a_frame_is_at_most_24_pixels_grey_and_not_kept(item: Item) -> None:
    answer = client_of(person("mona")).get(reverse("frame_preview", args=[frame_of(item).public_id]))
    image = Image.open(io.BytesIO(answer.content))
    assert (max(image.size), image.mode, image.format) == (24, "L", "PNG")
    assert len(answer.content) <= 2048
    assert "no-store" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert entries("evidence.revealed") == 0


def test_choosing_a_frame_puts_it_on_the_stage(item: Item) -> None:
    mona, frame = client_of(person("mona")), frame_of(item)
    page = mona.get(reverse("film_frame", args=[frame.public_id])).content.decode()
    assert f'href="{reverse("frame_preview", args=[frame.public_id])}"' in page
    assert "Frame at 0:00.5" in page
    assert f'action="{reverse("frame_reveal", args=[frame.public_id])}"' in page
    assert page.count('class="strip-item film-frame" href') + page.count("film-frame is-scene") == len(
        seen().film.frames
    )
    assert re.search(rf'href="{reverse("film_frame", args=[frame.public_id])}" aria-current="true"', page)
    assert entries("case.read") == 1


def test_a_frame_chosen_by_htmx_is_a_fragment_and_no_second_reading(item: Item) -> None:
    mona, frame = client_of(person("mona")), frame_of(item)
    page = mona.get(
        reverse("film_frame", args=[frame.public_id]), headers={"HX-Request": "true"}
    ).content.decode()
    assert page.lstrip().startswith('<div id="evidence-panel"')
    assert entries("case.read") == 0


def test_mona_reveals_one_frame_with_a_reason_and_sees_that_frame(item: Item) -> None:
    mona, frame = client_of(person("mona")), frame_of(item, 5)
    answer = mona.post(reverse("frame_reveal", args=[frame.public_id]), {"reason": "decide", "back": "/"})
    reveal = Reveal.objects.get()
    assert answer.url == reverse("reveal_stage", args=[reveal.public_id])
    assert (reveal.item, reveal.frame) == (item, frame)
    assert entries("evidence.revealed") == 1
    shown = mona.get(reverse("reveal_image", args=[reveal.public_id]))
    image = Image.open(io.BytesIO(shown.content))
    assert image.size == (320, 240)
    reds, _greens, blues = image.convert("RGB").split()
    assert max(abs(a - b) for a, b in zip(reds.tobytes(), blues.tobytes(), strict=True)) <= 8  # grey first


def test_another_frame_is_another_reveal_and_the_same_one_is_not(item: Item) -> None:
    mona = client_of(person("mona"))
    for position in (1, 2, 2):
        mona.post(
            reverse("frame_reveal", args=[frame_of(item, position).public_id]),
            {"reason": "decide", "back": "/"},
        )
    assert Reveal.objects.count() == 2
    assert entries("evidence.revealed") == 2


def test_without_a_reason_no_frame_is_opened(item: Item) -> None:
    mona, frame = client_of(person("mona")), frame_of(item)
    answer = mona.post(reverse("frame_reveal", args=[frame.public_id]), {"back": "/"})
    assert answer.status_code == 422
    assert "Pick a reason" in answer.content.decode()
    assert "Frame at 0:00.5" in answer.content.decode()
    assert entries("evidence.revealed") == Reveal.objects.count() == 0


@pytest.mark.parametrize("name", ["audra", "stan"])
def test_who_may_not_reveal_opens_no_frame(name: str, item: Item) -> None:
    answer = client_of(person(name)).post(
        reverse("frame_reveal", args=[frame_of(item).public_id]), {"reason": "decide", "back": "/"}
    )
    assert answer.status_code in (403, 404)
    assert entries("evidence.revealed") == 0


def test_frames_of_a_restricted_case_do_not_exist_for_mona() -> None:
    item = make_film(make_case(minor_indicated=True))
    frame = frame_of(item)
    mona, lena = client_of(person("mona")), client_of(person("lena"))
    for name in ("film_frame", "frame_preview"):
        assert mona.get(reverse(name, args=[frame.public_id])).status_code == 404
        assert lena.get(reverse(name, args=[frame.public_id])).status_code == 200
    refused = mona.post(reverse("frame_reveal", args=[frame.public_id]), {"reason": "decide", "back": "/"})
    assert refused.status_code == 404
    assert entries("evidence.revealed") == 0
