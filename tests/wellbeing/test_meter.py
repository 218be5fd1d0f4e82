"""Somebody's own meter: what they looked at today, and when a break is due."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from casework.accounts.models import User
from casework.wellbeing import actions, meter
from casework.wellbeing.models import Break, Look
from tests.cast import client_of, person

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def look(who: User, *, minutes_ago: float, seconds: float = 6, now: datetime = NOON) -> None:
    reference = uuid.uuid4()
    actions.record_look(who, reference=reference, opened_at=now - timedelta(minutes=minutes_ago))
    actions.end_look(reference, seconds=seconds, estimated=False)


def test_seconds_and_looks_of_today_are_added_up() -> None:
    mona = person("mona")
    look(mona, minutes_ago=1, seconds=6)
    look(mona, minutes_ago=2, seconds=9.5)
    look(mona, minutes_ago=60 * 13, seconds=100)
    look(person("milo"), minutes_ago=1, seconds=100)
    today = meter.for_person(mona, now=NOON)
    assert (today.seconds_today, today.looks_today) == (15.5, 2)


def test_today_is_the_persons_own_day() -> None:
    mona = person("mona")
    mona.timezone = "Pacific/Auckland"  # noon UTC is one at night there
    look(mona, minutes_ago=30)
    look(mona, minutes_ago=90)
    assert meter.for_person(mona, now=NOON).looks_today == 1


def test_a_look_is_counted_once_however_often_it_is_told() -> None:
    mona, reference = person("mona"), uuid.uuid4()
    for _ in range(3):
        actions.record_look(mona, reference=reference, opened_at=NOON)
    assert Look.objects.count() == 1


@pytest.mark.parametrize(("looks", "due"), [(24, False), (25, True)])
def test_a_break_is_due_after_25_looks(looks: int, due: bool) -> None:
    mona = person("mona")
    for n in range(looks):
        look(mona, minutes_ago=n / 2)
    today = meter.for_person(mona, now=NOON)
    assert today.break_due is due
    assert bool(today.advice) is due


@pytest.mark.parametrize(("minutes", "due"), [(49, False), (51, True)])
def test_a_break_is_due_after_50_minutes(minutes: int, due: bool) -> None:
    mona = person("mona")
    for ago in range(minutes, 0, -5):
        look(mona, minutes_ago=ago)
    assert meter.for_person(mona, now=NOON).break_due is due


def test_a_break_starts_the_count_again() -> None:
    mona = person("mona")
    for n in range(30):
        look(mona, minutes_ago=5 + n / 10)
    Break.objects.create(person=mona)
    Break.objects.update(at=NOON - timedelta(minutes=2))
    look(mona, minutes_ago=1)
    today = meter.for_person(mona, now=NOON)
    assert (today.looks_since_break, today.looks_today) == (1, 31)


def test_not_looking_for_a_quarter_of_an_hour_is_a_break() -> None:
    mona = person("mona")
    for n in range(30):
        look(mona, minutes_ago=40 + n / 10)
    look(mona, minutes_ago=3)
    assert meter.for_person(mona, now=NOON).looks_since_break == 1


@pytest.mark.parametrize(("hours", "words"), [(4, "four hours"), (5, "five hours")])
def test_we_ask_to_stop_after_hours_of_looking(hours: int, words: str) -> None:
    mona = person("mona")
    look(mona, minutes_ago=1, seconds=hours * 3600)
    assert words in meter.for_person(mona, now=NOON).advice


def test_the_page_is_about_oneself_only() -> None:
    look(person("milo"), minutes_ago=0, seconds=2580, now=timezone.now())
    page = client_of(person("mona")).get(reverse("meter")).content.decode()
    assert "43 min" not in page
    assert "Only you see this page" in page
    assert "43 min" in client_of(person("milo")).get(reverse("meter")).content.decode()


def test_mona_takes_a_break() -> None:
    mona = person("mona")
    answer = client_of(mona).post(reverse("take_break"))
    assert answer.url == reverse("meter")
    assert Break.objects.get().person == mona


def test_a_break_is_a_post_and_needs_a_sign_in() -> None:
    assert client_of(person("mona")).get(reverse("take_break")).status_code == 405
    assert client_of(None).post(reverse("take_break")).status_code == 302
    assert not Break.objects.exists()


def test_people_who_never_look_have_no_meter_in_the_frame() -> None:
    class Asked:
        user = person("ada")

    assert meter.frame_part(Asked) is None  # type: ignore[arg-type]
    Asked.user = person("mona")
    shown = meter.frame_part(Asked)  # type: ignore[arg-type]
    assert shown is not None
    assert shown["url"] == reverse("meter")
