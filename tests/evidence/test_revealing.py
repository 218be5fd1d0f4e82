"""Looking is an act: a reason, some seconds, one row, one entry; and nothing without it."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from casework.evidence import actions
from casework.evidence.models import Item, Reveal
from casework.evidence.storage import FileStore
from casework.wellbeing.models import Look
from tests.cast import client_of, make_case, person, refusal
from tests.evidence.making import SESSION, entries, make_examined, make_item, open_reveal

pytestmark = pytest.mark.django_db


@pytest.fixture
def item() -> Item:
    return make_examined(make_case())


def press(browser: Client, item: Item, reason: str | None = "decide", **headers: Any) -> Any:
    data = {"back": f"/cases/{item.case.public_id}/"} | ({"reason": reason} if reason else {})
    return browser.post(reverse("reveal", args=[item.public_id]), data, headers=headers)


def image_of(browser: Client, reveal: Reveal) -> Any:
    return browser.get(reverse("reveal_image", args=[reveal.public_id]))


def expire(reveal: Reveal, seconds: int = 60) -> None:
    """Let the reveal have begun *seconds* earlier."""
    moved = timedelta(seconds=seconds)
    Reveal.objects.filter(pk=reveal.pk).update(
        opened_at=F("opened_at") - moved, expires_at=F("expires_at") - moved
    )


def test_mona_reveals_with_a_reason_and_one_row_and_one_entry_appear(item: Item) -> None:
    mona = client_of(person("mona"))
    answer = press(mona, item)
    reveal = Reveal.objects.get()
    assert answer.url == reverse("reveal_stage", args=[reveal.public_id])
    assert (reveal.person, reveal.reason) == (person("mona"), "decide")
    assert entries("evidence.revealed") == 1
    shown = image_of(mona, reveal)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    reveal.refresh_from_db()
    assert reveal.times_served == 1
    assert reveal.first_served_at is not None
    assert Look.objects.get().reference == reveal.public_id


@pytest.mark.parametrize("reason", [None, "", "because", "Decide"])
def test_without_a_reason_from_the_list_nothing_is_opened(item: Item, reason: str | None) -> None:
    answer = press(client_of(person("mona")), item, reason)
    assert answer.status_code == 422
    assert "Nothing was opened" in answer.content.decode()
    assert not Reveal.objects.exists()
    assert entries("evidence.revealed") == 0


def test_a_reveal_is_a_post(item: Item) -> None:
    assert client_of(person("mona")).get(reverse("reveal", args=[item.public_id])).status_code == 405
    assert not Reveal.objects.exists()


def test_the_picture_may_not_be_kept_sniffed_or_run(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    shown = image_of(mona, Reveal.objects.get())
    assert shown["Cache-Control"] == "no-store"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = shown["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert re.search(r"(^|; ?)sandbox *($|;)", policy)


def test_the_picture_is_grey_until_colour_is_asked_for(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()

    def colours() -> int:
        pixels = Image.open(io.BytesIO(image_of(mona, reveal).content)).convert("RGB").get_flattened_data()
        return sum(1 for red, green, blue in pixels if max(red, green, blue) - min(red, green, blue) > 24)

    assert colours() == 0
    mona.post(reverse("reveal_colour", args=[reveal.public_id]))
    assert colours() > 1000
    assert entries("evidence.reveal_coloured") == 1
    mona.post(reverse("reveal_colour", args=[reveal.public_id]))
    assert entries("evidence.reveal_coloured") == 1


def test_the_picture_carries_who_looks_in_its_pixels(item: Item) -> None:
    seen = {}
    for name in ("mona", "milo"):
        browser = client_of(person(name))
        press(browser, item)
        seen[name] = image_of(browser, Reveal.objects.get(person=person(name))).content
    one, two = (Image.open(io.BytesIO(data)) for data in seen.values())
    assert list(one.get_flattened_data()) != list(two.get_flattened_data())
    assert one.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_an_expired_reveal_serves_nothing(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()
    expire(reveal, 16)
    assert image_of(mona, reveal).status_code == 403
    assert entries("evidence.reveal_refused") == 1
    reveal.refresh_from_db()
    assert reveal.times_served == 0


def test_a_closed_reveal_serves_nothing(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()
    closed = mona.post(reverse("reveal_close", args=[reveal.public_id]), headers={"X-Background": "1"})
    assert closed.status_code == 204
    assert image_of(mona, reveal).status_code == 403
    assert entries("evidence.reveal_refused") == 0, (
        "a picture still on its way when she pressed Escape is no attempt"
    )
    Reveal.objects.update(closed_at=timezone.now() - timedelta(seconds=30))
    assert image_of(mona, reveal).status_code == 403
    assert entries("evidence.reveal_refused") == 1


def test_another_session_of_the_same_person_is_refused(item: Item) -> None:
    mona, elsewhere = client_of(person("mona")), client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()
    assert image_of(elsewhere, reveal).status_code == 403
    assert image_of(mona, reveal).status_code == 200
    assert entries("evidence.reveal_refused") == 1


def test_a_reveal_is_monas_alone_whatever_session_is_shown(item: Item) -> None:
    reveal = open_reveal(item, person("mona"))
    with pytest.raises(actions.RevealDenied):
        actions.serve_reveal(reveal, actor=person("milo"), session=SESSION)
    with pytest.raises(actions.RevealOver):
        actions.extend_reveal(reveal, actor=person("milo"), session=SESSION)
    actions.close_reveal(reveal, actor=person("milo"))
    reveal.refresh_from_db()
    assert (reveal.times_served, reveal.extended_at, reveal.closed_at) == (0, None, None)
    assert entries("evidence.reveal_closed") == 0


@pytest.mark.parametrize("name", ["milo", "sena", "lex"])
def test_somebody_elses_reveal_does_not_exist(item: Item, name: str) -> None:
    mona, other = client_of(person("mona")), client_of(person(name))
    press(mona, item)
    reveal = Reveal.objects.get()
    assert image_of(other, reveal).status_code == 404
    for step in ("reveal_stage", "reveal_extend", "reveal_colour", "reveal_close"):
        ask = other.get if step == "reveal_stage" else other.post
        assert ask(reverse(step, args=[reveal.public_id])).status_code == 404
    reveal.refresh_from_db()
    assert (reveal.times_served, reveal.closed_at) == (0, None)


@pytest.mark.parametrize("name", ["audra", "ada", "nia", "stan"])
def test_who_may_not_look_sees_nothing_at_all(item: Item, name: str) -> None:
    browser = client_of(person(name))
    assert press(browser, item).status_code == refusal(name)
    for address in (
        reverse("case_evidence", args=[item.case.public_id]),
        reverse("evidence_item", args=[item.public_id]),
        reverse("evidence_preview", args=[item.public_id]),
        reverse("reveal_image", args=[uuid4()]),
    ):
        assert browser.get(address).status_code == refusal(name)
    assert not Reveal.objects.exists()
    assert entries("evidence.revealed") == 0


def test_two_tabs_share_one_look(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    press(mona, item, "compare")
    reveal = Reveal.objects.get()
    assert reveal.reason == "decide"
    assert entries("evidence.revealed") == 1
    actions.close_reveal(reveal, actor=person("mona"))
    press(mona, item, "compare")
    assert Reveal.objects.count() == 2


def test_a_look_is_extended_once(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()
    before = reveal.expires_at
    assert mona.post(reverse("reveal_extend", args=[reveal.public_id])).status_code == 302
    reveal.refresh_from_db()
    assert reveal.expires_at - before == timedelta(seconds=15)
    assert mona.post(reverse("reveal_extend", args=[reveal.public_id])).status_code == 409
    assert entries("evidence.reveal_extended") == 1


def test_closing_writes_the_duration_once(item: Item) -> None:
    mona = person("mona")
    reveal = open_reveal(item, mona)
    expire(reveal, 6)
    actions.close_reveal(reveal, actor=mona)
    actions.close_reveal(reveal, actor=mona)
    reveal.refresh_from_db()
    assert reveal.seconds == pytest.approx(6, abs=0.5)
    assert not reveal.estimated
    assert entries("evidence.reveal_closed") == 1
    assert Look.objects.get().seconds == pytest.approx(6, abs=0.5)


def test_a_look_that_nobody_closed_ends_at_its_expiry_and_is_marked_estimated(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()
    assert actions.close_expired() == 0
    expire(reveal, 60)
    assert actions.close_expired() == 1
    reveal.refresh_from_db()
    assert (reveal.seconds, reveal.estimated) == (pytest.approx(15), True)
    assert Look.objects.get().estimated
    assert entries("evidence.reveal_closed") == 1


def test_word_of_closing_that_comes_a_little_late_counts_to_the_expiry(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()
    expire(reveal, 17)
    mona.post(reverse("reveal_close", args=[reveal.public_id]), headers={"X-Background": "1"})
    reveal.refresh_from_db()
    assert (reveal.seconds, reveal.estimated) == (pytest.approx(15), False)


def test_an_item_without_a_rendition_cannot_be_revealed() -> None:
    item = make_item(make_case())
    assert press(client_of(person("mona")), item).status_code == 409
    assert not Reveal.objects.exists()


def test_mona_cannot_reveal_an_item_of_a_restricted_case_and_sena_can() -> None:
    item = make_examined(make_case(minor_indicated=True))
    assert press(client_of(person("mona")), item).status_code == 404
    assert press(client_of(person("sena")), item).status_code == 302
    assert entries("evidence.revealed") == 1


def test_a_case_that_is_restricted_during_a_look_goes_dark_at_once(item: Item) -> None:
    mona = client_of(person("mona"))
    press(mona, item)
    reveal = Reveal.objects.get()
    item.case.restricted = item.case.minor_indicated = True
    item.case.save(update_fields=["restricted", "minor_indicated"])
    assert image_of(mona, reveal).status_code == 404


def test_an_old_sign_in_is_asked_again_and_the_page_is_kept(item: Item) -> None:
    mona = client_of(person("mona"))
    session = mona.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [record | {"at": record["at"] - 3601} for record in records]
    session.save()
    answer = press(mona, item)
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert str(item.case.public_id) in answer.url
    by_script = press(mona, item, **{"HX-Request": "true"})
    assert by_script["HX-Redirect"] == answer.url
    assert not Reveal.objects.exists()


def test_step_up_never_leads_away_from_us(item: Item) -> None:
    mona = client_of(person("mona"))
    session = mona.session
    session["account_authentication_methods"] = []
    session.save()
    for back in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = mona.post(reverse("reveal", args=[item.public_id]), {"reason": "decide", "back": back})
        assert "evil" not in answer.url
        assert "alert" not in answer.url


def test_without_scripts_the_page_leaves_by_itself(item: Item) -> None:
    mona = client_of(person("mona"))
    page = mona.get(press(mona, item).url).content.decode()
    reveal = Reveal.objects.get()
    assert reverse("reveal_image", args=[reveal.public_id]) in page
    seconds, url = re.search(r'http-equiv="refresh" content="(\d+);url=([^"]+)"', page).groups()  # type: ignore[union-attr]
    assert int(seconds) <= 15
    assert url == f"{reverse('case_evidence', args=[item.case.public_id])}?item={item.public_id}"


def test_with_scripts_the_stage_opens_in_place(item: Item) -> None:
    answer = press(client_of(person("mona")), item, **{"HX-Request": "true"}).content.decode()
    assert answer.lstrip().startswith('<div id="evidence-panel"')
    assert "data-seconds-left=" in answer
    assert "<html" not in answer


def test_a_damaged_rendition_is_not_shown_and_is_doubted(item: Item, vault: FileStore) -> None:
    assert item.rendition is not None
    path = vault._path(item.rendition.storage_key)
    path.write_bytes(path.read_bytes()[:-1])
    mona = client_of(person("mona"))
    press(mona, item)
    answer = image_of(mona, Reveal.objects.get())
    assert (answer.status_code, answer.content) == (503, b"")
    assert entries("evidence.doubted") == 1
