"""The queue: what is next, why, and for whom it exists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from casework.audit.log import Verb
from casework.cases import actions, reading
from casework.cases.models import Case
from casework.cases.priority import because, most_urgent_first
from tests.cast import make_case, person
from tests.journal import all_verbs, verbs_of

pytestmark = pytest.mark.django_db


def order(who: str = "sena", show: str = "all") -> list[Case]:
    return list(reading.queue(person(who), show))


def reported_hours_ago(hours: float, **kwargs) -> Case:
    return make_case(received_at=timezone.now() - timedelta(hours=hours), **kwargs)


def test_the_older_of_two_equal_cases_comes_first():
    first, second = make_case(), make_case()
    assert order() == [first, second]


def test_a_clock_that_runs_out_comes_before_a_fresh_one():
    fresh, late = make_case(), reported_hours_ago(44)
    assert order() == [late, fresh]
    assert because(order()[0])[0] == "clock 48 h at 91 %"


def test_a_missed_clock_comes_before_one_that_is_nearly_out():
    nearly, missed = reported_hours_ago(47.9), reported_hours_ago(49)
    assert order() == [missed, nearly]
    assert because(order()[0])[0] == "the 48-hour clock has run out"


def test_somebody_in_danger_comes_before_a_trusted_flagger():
    flagger = make_case(trusted_flagger=True, from_depicted_person=False)
    danger = make_case(danger_indicated=True)
    assert order() == [danger, flagger]


@pytest.mark.parametrize("score", [None, float("nan")])
def test_a_case_without_a_usable_score_ranks_as_needing_a_human(score):
    harmless = make_case()
    Case.objects.filter(pk=harmless.pk).update(item_count=1, explicit_score=0.01)
    unknown = make_case()
    Case.objects.filter(pk=unknown.pk).update(item_count=1, explicit_score=score)
    assert order() == [unknown, harmless]
    assert any("not scored" in words for words in because(order()[0], most=9))


@pytest.mark.parametrize("score", [None, float("nan"), 0.0, 0.5, 1.0])
def test_no_score_keeps_a_case_out_of_the_queue(score):
    case = make_case()
    Case.objects.filter(pk=case.pk).update(item_count=1, explicit_score=score)
    assert case in order()


def test_the_reasons_add_up_to_the_order():
    for hours in (1, 20, 47):
        reported_hours_ago(hours, trusted_flagger=hours == 20)
    for case in most_urgent_first(Case.objects.all()):
        points = [getattr(case, name) for name in vars(case) if name.startswith("p_")]
        assert sum(points) == pytest.approx(case.urgency)


def test_a_restricted_case_does_not_exist_for_mona():
    hidden, open_case = make_case(minor_indicated=True), make_case()
    assert order("mona") == [open_case]
    assert order("sena")[0] == hidden
    assert reading.counts(person("mona"))["all"] == 1
    assert reading.counts(person("sena"))["minor"] == 1


@pytest.mark.parametrize("who", ["ada", "nia", "stan"])
def test_the_queue_is_empty_for_people_without_cases(who):
    make_case()
    assert order(who) == []


def test_a_held_case_comes_back_at_its_date():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)
    actions.hold_case(
        case, actor=mona, token=token, until=timezone.now() + timedelta(hours=1), reason="host asked"
    )
    assert order() == []
    assert list(reading.held(mona)) == [case]
    Case.objects.filter(pk=case.pk).update(wake_at=Now() - timedelta(seconds=1))
    assert order() == [case]
    assert list(reading.held(mona)) == []


def test_a_breach_is_written_down_once():
    case = reported_hours_ago(49)
    assert actions.note_breaches() == 1
    assert actions.note_breaches() == 0
    assert verbs_of(case).count(Verb.CLOCK_BREACHED) == 1


def test_a_case_is_found_by_number_address_host_and_account_and_by_nothing_else():
    case = make_case(links=["https://www.Pictures.example/p/1?x=1#top"])
    actions.add_locators(case, [("account", "@Some.Body")], actor=None)
    mona = person("mona")
    for query in (
        case.number,
        case.number.lower(),
        "https://www.pictures.example/p/1?x=1",
        "pictures.example",
        "some.body",
    ):
        assert list(actions.search_cases(query, actor=mona)) == [case], query
    for query in ("pictures", "https://pictures.example/p/2", "body", ""):
        assert list(actions.search_cases(query, actor=mona)) == [], query


def test_the_highest_score_counts_whatever_comes_after_it():
    case = make_case()
    for score in (0.2, 0.9, None, 0.1):
        actions.note_examined(case, actor=None, explicit_score=score, synthetic_found=False, known_matches=0)
    case.refresh_from_db()
    assert case.explicit_score == 0.9
    assert verbs_of(case).count("case.factors_changed") >= 4


def test_a_clock_that_was_stopped_is_never_missed():
    case = reported_hours_ago(49)
    actions.withdraw_case(case, actor=None)
    assert actions.note_breaches() == 0
    assert Verb.CLOCK_BREACHED not in verbs_of(case)


def test_a_search_is_an_entry_and_finds_nothing_restricted_for_mona():
    case = make_case(minor_indicated=True)
    assert list(actions.search_cases(case.number, actor=person("mona"))) == []
    assert list(actions.search_cases(case.number, actor=person("sena"))) == [case]
    assert all_verbs()[-2:] == ["case.searched", "case.searched"]
