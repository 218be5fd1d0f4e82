"""Minimum production: only what was asked for, only what the process reaches, and by the ordinary way out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from casework.escalations.models import Escalation
from casework.legal import actions, scope, tasks
from casework.legal.models import Category, LegalRequest, State, Type
from tests.cast import client_of, make_case, person
from tests.escalations import making
from tests.journal import all_verbs
from tests.legal.making import accepted, case_with_account, clock_of, let_go, make_police, matter_of
from tests.worlds import make_item

pytestmark = pytest.mark.django_db

CONTENT_FIELDS = {"imagery", "reporter_statement"}
TYPES = [str(value) for value in Type.values]
WITHOUT_CONTENT = [
    "preservation_request", "subpoena", "court_order_2703d", "pen_trap", "nsl", "epoc_pr", "dsa_art9_order_remove",
    "dsa_art10_order_info", "esafety_notice", "court_order_civil", "dsar_gdpr",
]  # fmt: skip


@pytest.mark.parametrize("type_", WITHOUT_CONTENT)
def test_no_content_leaves_however_much_is_asked(type_: str):
    request = LegalRequest(type=type_, categories=list(Category.values))
    assert not CONTENT_FIELDS & set(scope.fields(request))


@pytest.mark.parametrize("type_", [value for value in TYPES if value not in WITHOUT_CONTENT])
def test_a_court_or_an_emergency_reaches_content(type_: str):
    request = LegalRequest(type=type_, categories=list(Category.values))
    assert set(scope.fields(request)) >= CONTENT_FIELDS


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("category", [str(value) for value in Category.values])
def test_a_category_brings_its_own_fields_and_the_case_number(type_: str, category: str):
    fields = set(scope.fields(LegalRequest(type=type_, categories=[category])))
    reached = category in scope.allowed(type_)
    own = set(scope.FIELDS[category])
    assert fields == (own | {"case_number"} if reached and own else set())


@pytest.mark.parametrize("type_", ["preservation_request", "epoc_pr"])
def test_what_asks_to_keep_is_given_nothing(type_: str):
    assert scope.fields(LegalRequest(type=type_, categories=list(Category.values))) == []


def test_every_field_is_one_that_an_escalation_knows():
    from casework.escalations.choosing import FIELDS

    assert {code for codes in scope.FIELDS.values() for code in codes} <= set(FIELDS)


def test_lex_drafts_what_a_subpoena_is_given():
    case_with_account()
    request = accepted(
        Type.SUBPOENA, partner=make_police(), nondisclosure_until=timezone.now() + timedelta(days=90)
    )
    made = actions.produce(matter_of(request), actor=person("lex"))
    assert set(made.fields) == {"case_number", "uploader_accounts"}
    assert (made.state, made.basis, made.drafted_by) == ("draft", "legal_request", person("lex"))
    assert made.nondisclosure_until == request.nondisclosure_until
    assert request.number in made.authority
    assert not made.with_pictures
    assert all_verbs()[-1] == "legal.production_drafted"


def test_a_warrant_for_content_still_waits_for_a_third_person():
    case = make_case()
    make_item(case)
    request = accepted(Type.WARRANT, partner=make_police(imagery_allowed=True))
    made = actions.produce(matter_of(request), actor=person("lex"))
    assert made.with_pictures
    making.offered(made)
    with pytest.raises(making.actions.NotReady):
        making.actions.approve(made, actor=person("lena"), digest=making.seen(made, person("lena")))


def test_lex_cannot_approve_what_he_drafted():
    make_case()
    request = accepted(partner=make_police(), categories=["locators"])
    made = actions.produce(matter_of(request), actor=person("lex"))
    making.offered(made)
    with pytest.raises(making.actions.SamePerson):
        making.actions.approve(made, actor=person("lex"), digest=making.seen(made, person("lex")))


def test_nothing_is_drafted_without_an_entry_in_the_directory():
    make_case()
    request = accepted()
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="directory"):
        actions.produce(matter_of(request), actor=person("lex"))
    assert all_verbs() == before


def test_nothing_is_drafted_twice():
    make_case()
    request = accepted(partner=make_police(), categories=["locators"])
    actions.produce(matter_of(request), actor=person("lex"))
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="drafted already"):
        actions.produce(matter_of(request), actor=person("lex"))
    assert all_verbs() == before


def test_another_draft_takes_the_place_of_a_withdrawn_one():
    make_case()
    request = accepted(partner=make_police(), categories=["locators"])
    first = actions.produce(matter_of(request), actor=person("lex"))
    making.actions.withdraw(first, actor=person("lex"), reason="A mistake.")
    assert actions.produce(matter_of(request), actor=person("lex")) != first


def test_a_case_that_holds_nothing_of_what_is_asked_is_answered_in_words():
    make_case()
    request = accepted(Type.SUBPOENA, partner=make_police())
    with pytest.raises(actions.NotAllowed, match="Leave it out"):
        actions.produce(matter_of(request), actor=person("lex"))


def test_it_is_answered_only_once_everything_has_left():
    make_case()
    second = make_case(links=["https://pictures.example/p/2"])
    named = [{"kind": "url", "value": f"https://pictures.example/p/{n}"} for n in (1, 2)]
    request = accepted(partner=make_police(), categories=["locators"], targets=named)
    first = request.matters.exclude(case=second).get().case
    let_go(request, case=first)
    tasks.keep_time(start=None)
    request.refresh_from_db()
    assert request.state == State.ACCEPTED
    let_go(request, case=second)
    tasks.keep_time(start=None)
    request.refresh_from_db()
    assert request.state == State.PRODUCED
    latest = max(one.sent_at for one in Escalation.objects.all() if one.sent_at)
    assert clock_of(request).stopped_at == latest
    assert all_verbs()[-1] == "legal.produced"


def test_lena_looks_herself_whether_it_has_left():
    make_case()
    request = accepted(partner=make_police(), categories=["locators"])
    lena, address = client_of(person("lena")), f"/legal/{request.public_id}/settle/"
    before = all_verbs()
    lena.post(address)
    assert all_verbs() == before
    let_go(request)
    lena.post(address)
    request.refresh_from_db()
    assert request.state == State.PRODUCED


def test_a_left_out_case_holds_nothing_up():
    make_case()
    second = make_case(links=["https://pictures.example/p/2"])
    named = [{"kind": "url", "value": f"https://pictures.example/p/{n}"} for n in (1, 2)]
    request = accepted(partner=make_police(), categories=["locators"], targets=named)
    actions.leave_out(matter_of(request, second), actor=person("lex"), reason="Not in the period.")
    let_go(request, case=request.matters.exclude(case=second).get().case)
    assert actions.settle(request, actor=person("lena"))


def test_that_nothing_is_held_is_said_by_the_cleared_alone():
    request = accepted(partner=make_police())
    before = all_verbs()
    with pytest.raises(actions.AnotherNeeded, match="cleared"):
        actions.answer_in_words(request, actor=person("lex"), words="Nothing here.")
    assert all_verbs() == before
    actions.answer_in_words(request, actor=person("lena"), words="Nothing here.")
    assert all_verbs()[-1] == "legal.produced"


def test_what_could_be_given_is_not_answered_in_words():
    make_case()
    request = accepted(partner=make_police(), categories=["locators"])
    with pytest.raises(actions.NotAllowed, match="Produce it"):
        actions.answer_in_words(request, actor=person("lena"), words="Nothing here.")


def test_a_restricted_case_is_produced_by_the_cleared_alone():
    hidden = make_case(minor_indicated=True)
    request = accepted(partner=make_police(accepts=["adult", "minor"]), categories=["locators"])
    address = f"/legal/{request.public_id}/cases/{hidden.public_id}/produce/"
    assert client_of(person("lex")).post(address).status_code == 404
    assert client_of(person("lena")).post(address).status_code == 302
    assert matter_of(request).production is not None
