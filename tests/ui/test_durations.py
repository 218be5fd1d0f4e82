"""Lengths, distances and clocks in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from django.utils.formats import date_format

from casework.ui.durations import ago_words, clock_face, duration_words, exact_time, to_the_second, utc_time

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (59 * 60 + 59, "59 min"),
        (3600, "1 h"),
        (3 * 3600 + 10 * 60, "3 h 10 min"),
        (10 * 3600 + 10 * 60, "10 h"),
        (47 * 3600, "47 h"),
        (52 * 3600, "2 d 4 h"),
        (72 * 3600, "3 d"),
        (-120, "2 min"),
    ],
)
def test_a_length_reads_as_people_say_it(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words
    assert duration_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=3, minutes=50), "3 h ago"),
        (timedelta(days=2), "2 d ago"),
        (timedelta(days=11), "12 Nov"),
        (timedelta(days=400), "19 Oct 2025"),
        (-timedelta(minutes=20), "in 20 min"),
    ],
)
def test_a_moment_reads_as_a_distance_and_beyond_a_week_as_a_day(ago: timedelta, words: str) -> None:
    assert ago_words(NOON - ago, NOON) == words


def _face(left: timedelta, **more: datetime) -> tuple[str, int, str]:
    due = NOON + left
    face = clock_face(due_at=due, started_at=due - timedelta(hours=48), now=NOON, **more)
    return face.state, face.share, face.words


def test_a_clock_is_neutral_then_amber_under_a_quarter_then_late() -> None:
    assert _face(timedelta(hours=24)) == ("running", 50, "24 h left")
    assert _face(timedelta(hours=12)) == ("running", 25, "12 h left")
    assert _face(timedelta(hours=11, minutes=59)) == ("soon", 25, "11 h left")
    assert _face(timedelta(0)) == ("soon", 0, "0 s left")
    assert _face(-timedelta(seconds=1)) == ("breached", 0, "1 s late")


def test_a_stopped_clock_says_how_it_ended_and_runs_no_more() -> None:
    assert _face(-timedelta(hours=3), stopped_at=NOON - timedelta(hours=7)) == (
        "met",
        100,
        "met, 4 h to spare",
    )
    assert _face(-timedelta(hours=3), stopped_at=NOON - timedelta(hours=1)) == ("late", 0, "stopped 2 h late")


def test_without_a_deadline_there_is_no_clock_and_without_a_start_no_alarm() -> None:
    assert clock_face(due_at=None).words == "no clock"
    assert clock_face(due_at=NOON + timedelta(minutes=1), now=NOON).state == "running"


def test_an_exact_time_has_day_before_month_24_hours_and_its_zone() -> None:
    moment = datetime(2027, 2, 21, 20, 44, 5, 123456, tzinfo=UTC)
    assert exact_time(moment) == "Sun 21 Feb 2027, 20:44 UTC"
    assert to_the_second(moment) == "Sun 21 Feb 2027, 20:44:05 UTC"


def test_the_time_on_a_letter_is_utc_whoever_writes_it() -> None:
    in_berlin = datetime(2026, 11, 24, 0, 20, tzinfo=ZoneInfo("Europe/Berlin"))
    assert utc_time(in_berlin) == "23 Nov 2026, 23:20"


@pytest.mark.parametrize("language", ["en", "ar-xb"])
@pytest.mark.parametrize("kind", ["DATETIME_FORMAT", "SHORT_DATETIME_FORMAT"])
def test_a_date_that_a_page_shows_without_saying_how_is_not_in_american_order(
    kind: str, language: str
) -> None:
    with translation.override(language):
        assert date_format(datetime(2027, 2, 3, 20, 44, tzinfo=UTC), kind).endswith(" 2027, 20:44")
