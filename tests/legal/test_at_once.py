"""Two people, two tabs or two workers at the very same moment: each step happens once."""

from __future__ import annotations

import pytest

from casework.cases import actions as cases
from casework.cases.models import LegalHold
from casework.legal import actions, letters
from casework.legal.models import LegalLetter, LegalRequest, Type
from tests.cases.test_at_once import all_at_once
from tests.cast import make_case, person
from tests.journal import all_verbs
from tests.legal.making import accepted, check, checked, enter, make_police, matter_of, pass_time

pytestmark = pytest.mark.usefixtures("committed_db")


def fresh(request: LegalRequest) -> LegalRequest:
    return LegalRequest.objects.get(pk=request.pk)


def test_lex_cannot_be_both_people_by_two_tabs() -> None:
    request = enter()
    ends = all_at_once(*[lambda: check(fresh(request), "lex")] * 4)
    assert sorted(ends) == ["AnotherNeeded"] * 3 + ["done"]
    assert request.checks.count() == 1


def test_a_request_is_accepted_once_or_refused_once() -> None:
    request, lena = checked(), person("lena")
    ends = all_at_once(
        lambda: actions.accept(fresh(request), actor=lena),
        lambda: actions.accept(fresh(request), actor=lena),
        lambda: actions.withdraw(fresh(request), actor=lena, reason="They wrote so."),
    )
    assert ends.count("done") in (1, 2)  # what is accepted may still be withdrawn
    verbs = all_verbs()
    assert verbs.count("legal.accepted") + verbs.count("legal.withdrawn") == ends.count("done")
    assert verbs.count("legal.accepted") <= 1


def test_a_case_is_drafted_once() -> None:
    make_case()
    request, lex = accepted(partner=make_police(), categories=["locators"]), person("lex")
    ends = all_at_once(*[lambda: actions.produce(matter_of(fresh(request)), actor=lex)] * 3)
    assert sorted(ends) == ["NotAllowed"] * 2 + ["done"]
    assert all_verbs().count("legal.production_drafted") == 1


def test_a_preservation_is_renewed_once() -> None:
    make_case()
    request, lex = accepted(Type.PRESERVATION), person("lex")
    ends = all_at_once(*[lambda: actions.renew(fresh(request), actor=lex, reference="letter")] * 3)
    assert sorted(ends) == ["NotAllowed"] * 2 + ["done"]


def test_a_letter_is_released_once() -> None:
    letter = actions.write_letter(enter(), actor=person("lex"), kind="receipt")
    lena, seen = person("lena"), letters.digest(letter.text)
    ends = all_at_once(
        *[lambda: actions.release_letter(LegalLetter.objects.get(pk=letter.pk), actor=lena, seen=seen)] * 3
    )
    assert sorted(ends) == ["NotAllowed"] * 2 + ["done"]


def test_a_breach_is_written_once_by_two_workers() -> None:
    request = enter(Type.ESAFETY)
    pass_time(request, days=2)
    all_at_once(*[actions.note_breaches] * 3)
    assert all_verbs().count("legal.clock_breached") == 1


def test_a_hold_is_lifted_once() -> None:
    case = make_case()
    hold = cases.place_hold(case, actor=None, why=LegalHold.Why.LITIGATION, until=None)
    cases.ask_to_release(hold, actor=person("lex"), reason="Settled.")
    lena = person("lena")
    all_at_once(*[lambda: cases.release_hold(hold, actor=lena)] * 3)
    assert all_verbs().count("hold.released") == 1
