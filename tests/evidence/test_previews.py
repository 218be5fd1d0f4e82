"""Before a reveal a browser only ever gets previews: at most 24 pixels a side, 2 KB, grey, without metadata."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from casework.evidence.models import Item, Reveal
from casework.evidence.sealing import open_blob
from tests.cast import client_of, make_case, person
from tests.evidence.making import explicit, make_examined, make_item, open_reveal

pytestmark = pytest.mark.django_db

SIDE, BYTES = 24, 2048


def faults_of_preview(data: bytes) -> list[str]:
    """What forbids showing this picture before a reveal."""
    faults = []
    image = Image.open(io.BytesIO(data))
    if max(image.size) > SIDE:
        faults.append(f"size {image.size}")
    if len(data) > BYTES:
        faults.append(f"{len(data)} bytes")
    if image.mode not in ("L", "1"):
        faults.append(f"mode {image.mode}")
    if image.info or image.getexif() or re.search(rb"tEXt|zTXt|iTXt|eXIf|iCCP|Exif|<x:xmpmeta", data):
        faults.append("metadata")
    return faults


@pytest.fixture
def item() -> Item:
    return make_examined(make_case(), signals=[explicit(0.9)])


def pages_before_a_reveal(item: Item) -> list[str]:
    case = item.case.public_id
    return [
        reverse("case_evidence", args=[case]),
        f"{reverse('case_evidence', args=[case])}?item={item.public_id}",
        reverse("evidence_item", args=[item.public_id]),
    ]


def addresses_in(html: str) -> set[str]:
    """Every address that a browser would fetch for a picture."""
    tags, attributes = "img|image|source|video|object|embed|input", "src|href|data|srcset|poster"
    found = re.findall(rf'<(?:{tags})\b[^>]*?\b(?:{attributes})="([^"]+)"', html)
    return set(found) | set(re.findall(r"url\(([^)]+)\)", html))


def test_the_preview_holds_to_its_limits(item: Item) -> None:
    answer = client_of(person("mona")).get(reverse("evidence_preview", args=[item.public_id]))
    assert answer["Content-Type"] == "image/png"
    assert faults_of_preview(answer.content) == []


def test_the_same_check_fails_on_a_rendition(item: Item) -> None:
    assert item.rendition is not None
    assert len(faults_of_preview(open_blob(item.rendition))) >= 3


def test_the_preview_may_not_be_kept_sniffed_or_run(item: Item) -> None:
    answer = client_of(person("mona")).get(reverse("evidence_preview", args=[item.public_id]))
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "sandbox" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_every_picture_on_the_pages_before_a_reveal_is_a_preview(item: Item, headers: dict[str, str]) -> None:
    mona = client_of(person("mona"))
    assert item.rendition is not None
    secret = open_blob(item.rendition)[100:160]
    for address in pages_before_a_reveal(item):
        answer = mona.get(address, headers=headers)
        assert answer.status_code == 200
        assert secret not in answer.content
        assert "data:image" not in answer.content.decode()
        for picture in addresses_in(answer.content.decode()):
            if picture.startswith("/static/"):
                continue
            shown = mona.get(picture)
            assert shown.status_code == 200, picture
            assert faults_of_preview(shown.content) == [], picture
    assert not Reveal.objects.exists()


def test_the_stage_of_an_open_look_holds_one_address_more(item: Item) -> None:
    mona = client_of(person("mona"))
    mona.post(reverse("reveal", args=[item.public_id]), {"reason": "decide"})
    page = mona.get(pages_before_a_reveal(item)[0]).content.decode()
    assert reverse("reveal_image", args=[Reveal.objects.get().public_id]) in addresses_in(page)


def test_no_page_shows_somebody_elses_open_look(item: Item) -> None:
    open_reveal(item, person("milo"))
    page = client_of(person("mona")).get(pages_before_a_reveal(item)[0]).content.decode()
    assert "/image/" not in page


def test_lex_sees_signals_in_words_and_numbers(item: Item) -> None:
    page = client_of(person("lex")).get(pages_before_a_reveal(item)[0]).content.decode()
    assert "Explicit content" in page
    assert "0.90" in page
    assert "likely" in page


@pytest.mark.parametrize("name", ["mona", "milo", "lex", "audra", "ada", "nia", "stan"])
def test_nothing_of_a_restricted_case_reaches_the_uncleared(name: str) -> None:
    item = make_examined(make_case(minor_indicated=True))
    browser = client_of(person(name))
    for address in [*pages_before_a_reveal(item), reverse("evidence_preview", args=[item.public_id])]:
        assert browser.get(address).status_code in (403, 404), address


def test_sena_sees_the_preview_of_a_restricted_case() -> None:
    item = make_examined(make_case(minor_indicated=True))
    assert (
        client_of(person("sena")).get(reverse("evidence_preview", args=[item.public_id])).status_code == 200
    )


def test_an_item_that_waits_has_no_preview_and_says_so() -> None:
    item = make_item(make_case())
    mona = client_of(person("mona"))
    assert mona.get(reverse("evidence_preview", args=[item.public_id])).status_code == 404
    assert "waits for its examination" in mona.get(pages_before_a_reveal(item)[0]).content.decode()


def test_the_fragment_and_the_page_are_the_same_panel(item: Item) -> None:
    mona = client_of(person("mona"))
    address = pages_before_a_reveal(item)[0]
    fragment: Any = mona.get(address, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<div id="evidence-panel"')
    assert 'id="evidence-signals" hx-swap-oob="true"' in fragment
    page = mona.get(address).content.decode()
    assert 'id="evidence-panel"' in page
    assert "<html" in page


def test_custody_shows_every_step_since_receipt(item: Item) -> None:
    mona = client_of(person("mona"))
    open_reveal(item, person("milo"))
    page = mona.get(reverse("evidence_item", args=[item.public_id])).content.decode()
    steps = ("handed in", "examined an item", "revealed an item")
    received, examined, revealed = (page.index(words) for words in steps)
    assert received < examined < revealed
    assert item.sha256 in page


def test_mona_asks_for_the_original_to_be_checked_once_a_minute(item: Item) -> None:
    from casework.jobs.models import Job

    mona = client_of(person("mona"))
    for _ in range(3):
        mona.post(reverse("evidence_verify", args=[item.public_id]))
    assert 1 <= Job.objects.filter(kind="evidence.verify").count() <= 2
    assert Client().post(reverse("evidence_verify", args=[item.public_id])).status_code == 302
