"""A request of each type goes its whole way: received, checked by two, accepted by another, answered, closed; and its
clock is law where law says so, the document's where that says so, and else a target of our own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from casework.audit.models import Entry
from casework.cases import actions as cases
from casework.legal import actions, clocks, scope, tasks
from casework.legal.letters import digest
from casework.legal.models import LegalClock, LegalLetter, LegalRequest, State, Type
from tests.cast import make_case, person
from tests.journal import all_verbs
from tests.legal.making import (
    accepted,
    case_with_account,
    check,
    checked,
    clock_of,
    enter,
    let_go,
    make_police,
    matter_of,
    pass_time,
)

pytestmark = pytest.mark.django_db

TYPES = [str(value) for value in Type.values]
#: Type -> whose word the deadline of the answer is, and its length; None where the document says it.
EXPECTED = {
    Type.PRESERVATION: ("target", timedelta(hours=24)),
    Type.SUBPOENA: ("document", None),
    Type.ORDER_2703D: ("document", None),
    Type.WARRANT: ("document", None),
    Type.PEN_TRAP: ("document", None),
    Type.NSL: ("document", None),
    Type.EMERGENCY: ("target", timedelta(hours=1)),
    Type.MLAT: ("document", None),
    Type.CLOUD_ACT: ("document", None),
    Type.EPOC: ("law", timedelta(days=10)),
    Type.EPOC_PR: ("target", timedelta(hours=24)),
    Type.UK_IPA: ("document", None),
    Type.UK_OPO: ("document", None),
    Type.DSA_9: ("target", timedelta(hours=24)),
    Type.DSA_10: ("target", timedelta(hours=24)),
    Type.ESAFETY: ("law", timedelta(hours=24)),
    Type.CIVIL: ("document", None),
    Type.DSAR: ("target", None),
}


def answer(request: LegalRequest) -> None:
    """The way this type is answered, whatever it is."""
    if request.preserving:
        letter = actions.write_letter(request, actor=person("lex"), kind=LegalLetter.Kind.PRESERVED)
        actions.release_letter(letter, actor=person("lena"), seen=digest(letter.text))
    elif request.type in scope.ANSWERED_BY_HAND or not scope.fields(request):
        actions.answer_in_words(request, actor=person("lena"), words="By letter: done as ordered.")
    else:
        let_go(request)
        tasks.keep_time(start=None)
    request.refresh_from_db()


@pytest.mark.parametrize("type_", TYPES)
def test_lex_and_lena_take_a_request_its_whole_way(type_: str):
    case_with_account()
    request = accepted(type_, partner=make_police())
    assert (request.entered_by, request.accepted_by) == (person("lex"), person("lena"))
    answer(request)
    assert request.state == (State.PRESERVED if request.preserving else State.PRODUCED)
    clock = clock_of(request)
    assert clock.stopped_at is not None
    assert clock.stopped_at <= clock.due_at
    LegalClock.objects.filter(request=request, stopped_at__isnull=True).update(stopped_at=clock.stopped_at)
    actions.close_request(request, actor=person("lex"))
    request.refresh_from_db()
    assert request.state == State.CLOSED
    verbs = [verb for verb in all_verbs() if verb.startswith("legal.")]
    assert verbs[:2] == ["legal.received", "legal.matched"]
    for verb in ("legal.document_stored", "legal.checked", "legal.accepted", "legal.closed"):
        assert verb in verbs
    assert "legal.clock_breached" not in verbs


@pytest.mark.parametrize("type_", TYPES)
def test_the_clock_of_each_type_is_called_what_it_is(type_: str):
    request = enter(type_)
    clock = clock_of(request)
    source, length = EXPECTED[Type(type_)]
    assert clock.source == source
    if length is not None:
        assert clock.due_at - clock.started_at == length
    elif source == "document":
        assert clock.due_at == request.deadline_at
    else:
        assert clock.due_at == clocks.months_after(request.received_at, 1)


@pytest.mark.parametrize("type_", TYPES)
def test_a_deadline_that_passes_is_written_down_once(type_: str):
    request = enter(type_)
    before = all_verbs()
    tasks.keep_time(start=None)
    assert all_verbs() == before
    pass_time(request, days=32)
    tasks.keep_time(start=None)
    tasks.keep_time(start=None)
    assert all_verbs()[len(before) :] == ["legal.clock_breached"]
    clock = clock_of(request)
    assert clock.breached_at is not None
    assert Entry.objects.latest("pk").subject == f"legal.legalrequest:{request.pk}"


@pytest.mark.parametrize("type_", TYPES)
def test_a_clock_that_was_stopped_in_time_is_never_late(type_: str):
    case_with_account()
    request = accepted(type_, partner=make_police())
    answer(request)
    LegalClock.objects.filter(request=request, kind="process").delete()
    stopped = clock_of(request)
    pass_time(request, days=32)
    LegalClock.objects.filter(pk=stopped.pk).update(stopped_at=stopped.stopped_at - timedelta(days=32))
    tasks.keep_time(start=None)
    assert "legal.clock_breached" not in all_verbs()


@pytest.mark.parametrize("type_", TYPES)
def test_nobody_accepts_what_one_person_checked(type_: str):
    request = enter(type_)
    actions.store_document(request, actor=person("lex"), name="order.pdf", content=b"%PDF-1.7 an order")
    check(request, "lena")
    before = all_verbs()
    with pytest.raises(actions.Conflict):
        actions.accept(request, actor=person("lena"))
    assert all_verbs() == before


@pytest.mark.parametrize("type_", TYPES)
def test_whoever_entered_it_does_not_accept_it(type_: str):
    request = checked(type_)
    before = all_verbs()
    with pytest.raises(actions.Conflict, match="You entered this request"):
        actions.accept(request, actor=person("lex"))
    assert all_verbs() == before


@pytest.mark.parametrize("type_", ["preservation_request", "epoc_pr"])
def test_what_is_to_be_kept_is_held_from_receipt(type_: str):
    case = make_case()
    assert not cases.held(case)
    request = enter(type_)
    hold = matter_of(request).hold
    assert hold is not None
    assert hold.until == clock_of(request, LegalClock.Kind.PRESERVE).due_at
    assert cases.held(case)


@pytest.mark.parametrize(
    "type_", [value for value in TYPES if value not in ("preservation_request", "epoc_pr")]
)
def test_what_asks_for_data_holds_nothing(type_: str):
    case = make_case()
    enter(type_)
    assert not cases.held(case)
