"""Keeping is renewed once, on the authority's word, and its end is no breach; an emergency is followed by process."""

from __future__ import annotations

from datetime import timedelta

import pytest

from casework.cases import actions as cases
from casework.cases.models import LegalHold
from casework.legal import actions, tasks
from casework.legal.models import State, Type
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs
from tests.legal.making import accepted, clock_of, enter, matter_of, pass_time

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("type_", "first", "more"), [("preservation_request", 90, 90), ("epoc_pr", 60, 30)])
def test_lex_renews_and_the_hold_lasts_as_long(type_: str, first: int, more: int):
    make_case()
    request = accepted(type_)
    clock = clock_of(request, "preserve")
    assert (clock.due_at - clock.started_at, clock.source) == (timedelta(days=first), "law")
    actions.renew(request, actor=person("lex"), reference="letter of today")
    clock.refresh_from_db()
    assert clock.due_at - clock.started_at == timedelta(days=first + more)
    assert matter_of(request).hold.until == clock.due_at
    assert all_verbs()[-2:] == ["hold.prolonged", "legal.renewed"]


def test_the_law_allows_no_second_renewal():
    make_case()
    request = accepted(Type.PRESERVATION)
    actions.renew(request, actor=person("lex"), reference="one")
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="no second time"):
        actions.renew(request, actor=person("lex"), reference="two")
    assert all_verbs() == before


def test_what_asks_for_data_is_not_renewed():
    request = enter(Type.WARRANT)
    with pytest.raises(actions.NotAllowed):
        actions.renew(request, actor=person("lex"), reference="one")


def test_keeping_that_has_run_its_time_is_written_down_once_and_is_no_breach():
    case = make_case()
    request = accepted(Type.PRESERVATION)
    actions.write_letter(request, actor=person("lex"), kind="preserved")
    request.clocks.filter(kind="answer").update(stopped_at=request.received_at)
    pass_time(request, days=91)
    LegalHold.objects.update(until=clock_of(request, "preserve").due_at)
    before = all_verbs()
    tasks.keep_time(start=None)
    tasks.keep_time(start=None)
    assert all_verbs() == [*before, "legal.keeping_ended"]
    assert not cases.held(case)
    assert "has run its time" in client_of(person("lex")).get(f"/legal/{request.public_id}/").text
    with pytest.raises(actions.NotAllowed, match="run out"):
        actions.renew(request, actor=person("lex"), reference="late")
    actions.close_request(request, actor=person("lex"))


def test_a_request_is_not_closed_while_it_has_to_keep():
    make_case()
    request = accepted(Type.PRESERVATION)
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="still runs"):
        actions.close_request(request, actor=person("lex"))
    assert all_verbs() == before


def test_an_emergency_is_followed_by_its_process():
    request = accepted(Type.EMERGENCY)
    clock = clock_of(request, "process")
    assert (clock.due_at - clock.started_at, clock.source) == (timedelta(days=14), "target")
    actions.note_process(request, actor=person("lex"), reference="warrant 24-18")
    clock.refresh_from_db()
    assert clock.stopped_why == "process_received"
    assert all_verbs()[-1] == "legal.process_received"
    with pytest.raises(actions.NotAllowed):
        actions.note_process(request, actor=person("lex"), reference="again")


def test_a_process_that_never_comes_is_late():
    request = accepted(Type.EMERGENCY)
    actions.answer_in_words(request, actor=person("lena"), words="Nothing is held.")
    pass_time(request, days=15)
    request.clocks.filter(kind="answer").update(stopped_at=request.received_at)
    tasks.keep_time(start=None)
    assert all_verbs()[-1] == "legal.clock_breached"


def test_what_is_produced_is_not_renewed():
    request = accepted(Type.WARRANT)
    request.__class__.objects.filter(pk=request.pk).update(state=State.CLOSED)
    with pytest.raises(actions.WrongState):
        actions.renew(request, actor=person("lex"), reference="one")
