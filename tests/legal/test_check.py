"""Authenticity: two different people, a number found elsewhere, and one doubt is enough."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from casework.legal import actions
from casework.legal.models import LegalCheck, LegalRequest, State, Type
from tests.cast import client_of, person
from tests.journal import all_verbs
from tests.legal.making import EMERGENCY, check, checked, enter, make_police

pytestmark = pytest.mark.django_db


def test_lex_calls_back_a_number_of_the_directory():
    request = enter()
    check(request, "lex")
    request.refresh_from_db()
    assert request.state == State.CHECKING
    assert all_verbs()[-1] == "legal.checked"


@pytest.mark.parametrize("number", ["+1 (202) 555-0100", "2025550100", "001-202-555-0100"])
def test_nobody_calls_back_the_number_of_the_request(number: str):
    request = enter()
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="the request itself gives"):
        check(request, "lex", number=number)
    assert all_verbs() == before
    assert not request.checks.exists()


@pytest.mark.parametrize("missing", ["number", "number_source"])
def test_a_call_back_needs_number_and_source(missing: str):
    request = enter()
    before = all_verbs()
    with pytest.raises(actions.NotAllowed):
        check(request, "lex", **{missing: " "})
    assert all_verbs() == before


def test_the_database_too_wants_a_source():
    request = enter()
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalCheck.objects.create(request=request, person=person("lex"), how="call_back", authentic=True)


def test_lex_cannot_be_both_people():
    request = enter()
    check(request, "lex")
    before = all_verbs()
    with pytest.raises(actions.AnotherNeeded):
        check(request, "lex", how="court")
    assert all_verbs() == before
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalCheck.objects.create(request=request, person=person("lex"), how="court", authentic=True)


def test_one_doubt_leaves_only_a_refusal():
    request = enter()
    check(request, "lex")
    check(request, "lena", authentic=False)
    actions.store_document(request, actor=person("lex"), name="order.pdf", content=b"%PDF-1.7 an order")
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="not authentic"):
        actions.accept(request, actor=person("lena"))
    with pytest.raises(actions.NotAllowed, match="among the reasons"):
        actions.refuse(request, actor=person("lex"), grounds=["formal"])
    assert all_verbs() == before
    actions.refuse(request, actor=person("lex"), grounds=["not_authentic"])
    assert all_verbs()[-2:] == ["legal.refused", "legal.letter_written"]


def test_lena_has_a_doubted_request_checked_anew_and_old_checks_count_no_more():
    request = enter()
    check(request, "lex", authentic=False)
    actions.reopen(request, actor=person("lena"), reason="The state police called back by themselves.")
    assert all_verbs()[-1] == "legal.reopened"
    request.refresh_from_db()
    assert (request.state, request.round) == (State.CHECKING, 2)
    assert not request.checks_now().exists()
    check(request, "lex")
    assert actions.why_not_accepted(LegalRequest.objects.get(pk=request.pk)).startswith(
        "Two different people"
    )


def test_whoever_doubted_it_does_not_take_it_up_again():
    request = enter()
    check(request, "lena", authentic=False)
    before = all_verbs()
    with pytest.raises(actions.AnotherNeeded):
        actions.reopen(request, actor=person("lena"), reason="I was wrong.")
    assert all_verbs() == before


def test_what_nobody_doubts_is_not_taken_up_again():
    request = enter()
    check(request, "lex")
    with pytest.raises(actions.NotAllowed):
        actions.reopen(request, actor=person("lena"), reason="Once more.")


def test_lex_may_not_have_it_checked_anew():
    request = enter()
    check(request, "lena", authentic=False)
    answer = client_of(person("lex")).post(f"/legal/{request.public_id}/reopen/", {"reason": "Please."})
    assert answer.status_code == 403


def test_an_emergency_is_no_exception():
    request = enter(Type.EMERGENCY)
    check(request, "lena")
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="Two different people"):
        actions.accept(request, actor=person("lena"))
    check(request, "lex")
    with pytest.raises(actions.AnotherNeeded):
        actions.accept(request, actor=person("lex"))
    assert all_verbs() == [*before, "legal.checked"]
    actions.accept(request, actor=person("lena"))
    assert request.clocks.filter(kind="process").exists()


@pytest.mark.parametrize("part", list(EMERGENCY))
def test_an_emergency_says_all_of_its_parts(part: str):
    before = all_verbs()
    with pytest.raises(ValueError, match="all of its parts"):
        enter(Type.EMERGENCY, emergency=EMERGENCY | {part: " "})
    assert all_verbs() == before
    assert not LegalRequest.objects.exists()


def test_nothing_is_accepted_whose_document_nobody_can_read_again():
    request = enter()
    check(request, "lex")
    check(request, "lena")
    with pytest.raises(actions.NotAllowed, match="document is missing"):
        actions.accept(request, actor=person("lena"))


def test_the_database_too_wants_another_person():
    request = checked()
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalRequest.objects.filter(pk=request.pk).update(accepted_by=person("lex"))


def test_lex_checks_on_the_page_and_the_directorys_number_is_offered():

    request = enter(partner=make_police())
    client, address = client_of(person("lex")), f"/legal/{request.public_id}/check/"
    assert "+1 202 555 0188" in client.get(address).text
    told = {"how": "call_back", "authentic": "yes", "words": "They know it."}
    wrong = client.post(address, told)
    assert wrong.status_code == 422
    assert "A call back needs it" in wrong.text
    its_own = client.post(address, told | {"number": "+1 202 555 0100", "number_source": "the letterhead"})
    assert its_own.status_code == 409
    right = client.post(address, told | {"number": "+1 202 555 0188", "number_source": "the directory"})
    assert right.status_code == 302
    assert request.checks.get().person == person("lex")


@pytest.mark.parametrize(("type_", "left"), [(Type.WARRANT, 0), (Type.EMERGENCY, 2)])
def test_who_checked_before_there_was_a_document_checks_it_anew(type_: str, left: int):
    request = enter(type_)
    check(request, "lex")
    check(request, "lena")
    actions.store_document(request, actor=person("lex"), name="order.pdf", content=b"%PDF-1.7 another order")
    request.refresh_from_db()
    assert request.checks_now().count() == left
    if left == 0:
        with pytest.raises(actions.NotAllowed, match="Two different people"):
            actions.accept(request, actor=person("lena"))


def test_a_document_does_not_do_away_with_a_doubt():
    request = enter()
    check(request, "lena", authentic=False)
    actions.store_document(request, actor=person("lex"), name="order.pdf", content=b"%PDF-1.7 an order")
    request.refresh_from_db()
    assert "not authentic" in actions.why_not_accepted(request)
