"""Refusals and letters: written by one, released by another, from reasons that have codes."""

from __future__ import annotations

import pytest

from casework.cases import actions as cases
from casework.legal import actions, letters
from casework.legal.models import LegalLetter, State, Type
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs
from tests.legal.making import accepted, check, clock_of, enter, let_go, make_police, matter_of

pytestmark = pytest.mark.django_db


def test_lex_refuses_and_lena_releases_the_letter():
    request = enter()
    actions.refuse(request, actor=person("lex"), grounds=["too_broad", "formal"], objection="none")
    letter = request.letters.get()
    assert "exactly enough" in letter.text
    assert "lacks a signature" in letter.text
    assert clock_of(request).stopped_at is None
    actions.release_letter(letter, actor=person("lena"), seen=letters.digest(letter.text))
    assert clock_of(request).stopped_why == "letter_released"
    assert all_verbs()[-3:] == ["legal.refused", "legal.letter_written", "legal.letter_released"]


def test_whoever_wrote_a_letter_does_not_release_it():
    request = enter()
    actions.refuse(request, actor=person("lex"), grounds=["formal"])
    letter, before = request.letters.get(), all_verbs()
    with pytest.raises(actions.AnotherNeeded):
        actions.release_letter(letter, actor=person("lex"), seen=letters.digest(letter.text))
    assert all_verbs() == before


def test_a_letter_that_changed_since_it_was_read_is_not_released():
    request = enter()
    actions.refuse(request, actor=person("lex"), grounds=["formal"])
    letter = request.letters.get()
    read = letters.digest(letter.text)
    actions.write_letter(request, actor=person("lex"), kind="refusal", text="Something else.")
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="Read it again"):
        actions.release_letter(letter, actor=person("lena"), seen=read)
    assert all_verbs() == before


def test_a_letter_is_released_once():
    request = enter()
    letter = actions.write_letter(request, actor=person("lex"), kind="receipt")
    actions.release_letter(letter, actor=person("lena"), seen=letters.digest(letter.text))
    with pytest.raises(actions.NotAllowed):
        actions.release_letter(letter, actor=person("lena"), seen=letters.digest(letter.text))
    assert clock_of(request).stopped_at is None, "a receipt answers nothing"


def test_a_forged_request_stops_its_clock_and_the_letter_may_stay_unsent():
    request = enter()
    check(request, "lena", authentic=False)
    actions.refuse(request, actor=person("lex"), grounds=["not_authentic"])
    assert clock_of(request).stopped_why == "refused"


@pytest.mark.parametrize("grounds", [[], ["because"]])
def test_a_refusal_names_reasons_that_are_known(grounds: list[str]):
    request, before = enter(), None
    before = all_verbs()
    with pytest.raises(ValueError, match="grounds"):
        actions.refuse(request, actor=person("lex"), grounds=grounds)
    assert all_verbs() == before


def test_what_is_handed_over_can_be_neither_refused_nor_withdrawn():
    make_case()
    request = accepted(partner=make_police(), categories=["locators"])
    let_go(request)
    before = all_verbs()
    with pytest.raises(actions.NotAllowed):
        actions.refuse(request, actor=person("lena"), grounds=["formal"])
    with pytest.raises(actions.NotAllowed):
        actions.withdraw(request, actor=person("lena"), reason="They said so.")
    assert all_verbs() == before


def test_once_accepted_only_the_cleared_end_it_or_exchange_its_entry_whatever_it_concerns():
    police, lex = make_police(), person("lex")
    for hidden in (False, True):
        if hidden:
            make_case(minor_indicated=True)
        request = accepted(partner=police, categories=["locators"])
        assert request.matters.exists() == hidden
        before = all_verbs()
        for step in (
            lambda now=request: actions.refuse(now, actor=lex, grounds=["formal"]),
            lambda now=request: actions.withdraw(now, actor=lex, reason="They said so."),
            lambda now=request: actions.choose_partner(now, actor=lex, partner=police),
            lambda now=request: actions.settle(now, actor=lex),
        ):
            with pytest.raises(
                actions.AnotherNeeded, match="somebody who is cleared does this, for every request"
            ):
                step()
        assert all_verbs() == before
        page = client_of(lex).get(f"/legal/{request.public_id}/").text
        assert "are now for somebody who is cleared" in page
        assert "Refuse it" not in page
        assert "Refuse it" in client_of(person("lena")).get(f"/legal/{request.public_id}/").text


def test_a_refused_preservation_is_let_go_by_a_second_person_only():
    case = make_case()
    request = enter(Type.PRESERVATION)
    actions.refuse(request, actor=person("lex"), grounds=["formal"])
    hold = matter_of(request).hold
    assert hold is not None
    assert cases.held(case)
    with pytest.raises(cases.SameHoldPerson):
        cases.release_hold(hold, actor=person("lex"))
    assert cases.release_hold(hold, actor=person("lena"))
    assert not cases.held(case)


def test_a_refused_preservation_that_is_taken_up_again_is_held_again():
    case = make_case()
    request = enter(Type.PRESERVATION)
    actions.refuse(request, actor=person("lex"), grounds=["formal"])
    hold = matter_of(request).hold
    assert hold is not None
    cases.release_hold(hold, actor=person("lena"))
    actions.reopen(request, actor=person("lena"), reason="It was signed after all.")
    assert cases.held(case)
    assert clock_of(request, "preserve").stopped_at is None


def test_a_withdrawn_request_stops_its_clocks():
    request = enter()
    actions.withdraw(request, actor=person("lex"), reason="They wrote that it is settled.")
    request.refresh_from_db()
    assert request.state == State.WITHDRAWN
    assert clock_of(request).stopped_why == "withdrawn"
    assert all_verbs()[-1] == "legal.withdrawn"


@pytest.mark.parametrize("kind", [str(value) for value in LegalLetter.Kind.values])
def test_a_letter_names_no_case_and_nobody_of_the_desk(kind: str):
    case = make_case()
    request = accepted(Type.PRESERVATION)
    said = letters.compose(request, kind, ["formal"])
    for name in (case.number, "Lex", "Lena", str(case.public_id)):
        assert name not in said
    assert request.number in said


def test_lena_reads_releases_and_saves_the_letter_on_its_page():
    request = enter()
    letter = actions.write_letter(request, actor=person("lex"), kind="receipt")
    lena, address = client_of(person("lena")), f"/legal/{request.public_id}/letter/{letter.public_id}/"
    draft = lena.get(f"{address}txt/")
    assert draft.content.decode().startswith("DRAFT, not released")
    assert letters.digest(letter.text) in lena.get(address).text
    assert "release/" not in client_of(person("lex")).get(address).text
    lena.post(f"{address}release/", {"seen": letters.digest(letter.text)})
    letter.refresh_from_db()
    assert letter.released_by == person("lena")
    pdf = lena.get(f"{address}pdf/")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Type"] == "application/octet-stream"
    assert pdf["Content-Disposition"].startswith("attachment")


def test_lex_changes_the_text_of_a_refusal_before_it_goes():
    request = enter()
    lex = client_of(person("lex"))
    refused = lex.post(f"/legal/{request.public_id}/refuse/", {"grounds": ["formal"]})
    assert refused.status_code == 302
    page = lex.get(f"/legal/{request.public_id}/letters/refusal/")
    assert "lacks a signature" in page.text
    lex.post(f"/legal/{request.public_id}/letters/refusal/", {"text": "We miss the signature."})
    assert request.letters.get().text == "We miss the signature."
