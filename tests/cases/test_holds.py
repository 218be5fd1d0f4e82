"""Legal holds: placed and prolonged at once, lifted early only by two people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from casework.cases import actions
from casework.cases.models import LegalHold
from tests.cast import client_of, make_case, person
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


def hold(case, **fields):
    """A hold of lex's for a dispute, for good."""
    told = {"actor": person("lex"), "why": LegalHold.Why.LITIGATION, "until": None, "reference": "2026/1"}
    return actions.place_hold(case, **(told | fields))


def test_lex_places_a_hold_and_the_case_is_held():
    case = make_case()
    hold(case)
    assert actions.held(case)
    assert verbs_of(case)[-1] == "hold.placed"


def test_a_hold_ends_at_its_moment_by_the_clock_of_the_database():
    case = make_case()
    placed = hold(case, until=timezone.now() + timedelta(days=1))
    assert actions.held(case)
    LegalHold.objects.filter(pk=placed.pk).update(until=Now() - timedelta(seconds=1))
    assert not actions.held(case)


def test_one_hold_of_two_is_enough():
    case = make_case()
    first = hold(case)
    hold(case, until=timezone.now() + timedelta(days=1))
    actions.ask_to_release(first, actor=person("lex"), reason="The dispute is settled.")
    actions.release_hold(first, actor=person("lena"))
    assert actions.held(case)


def test_a_hold_is_prolonged_at_once():
    case = make_case()
    placed = hold(case, until=timezone.now() + timedelta(days=1))
    later = timezone.now() + timedelta(days=9)
    actions.prolong_hold(placed, actor=person("lex"), until=later)
    placed.refresh_from_db()
    assert placed.until == later
    assert verbs_of(case)[-1] == "hold.prolonged"


def test_what_was_asked_before_it_was_prolonged_lifts_nothing():
    case = make_case()
    placed = hold(case, until=timezone.now() + timedelta(days=1))
    actions.ask_to_release(placed, actor=person("lex"), reason="Settled.")
    actions.prolong_hold(placed, actor=person("lex"), until=timezone.now() + timedelta(days=9))
    assert not actions.release_hold(placed, actor=person("lena"))
    assert actions.held(case)


def test_a_lifted_hold_is_not_prolonged():
    case = make_case()
    placed = hold(case, until=timezone.now() + timedelta(days=1))
    actions.ask_to_release(placed, actor=person("lex"), reason="Settled.")
    actions.release_hold(placed, actor=person("lena"))
    before = verbs_of(case)
    with pytest.raises(ValueError, match="lifted"):
        actions.prolong_hold(placed, actor=person("lex"), until=timezone.now() + timedelta(days=9))
    assert verbs_of(case) == before


@pytest.mark.parametrize("days", [None, 5])
def test_a_shorter_time_is_no_prolongation(days: int | None):
    case = make_case()
    placed = hold(case, until=timezone.now() + timedelta(days=days) if days else None)
    before = verbs_of(case)
    with pytest.raises(ValueError, match="later moment"):
        actions.prolong_hold(placed, actor=person("lex"), until=timezone.now() + timedelta(days=1))
    assert verbs_of(case) == before


def test_lex_and_lena_lift_it_together():
    case = make_case()
    placed = hold(case)
    assert actions.ask_to_release(placed, actor=person("lex"), reason="Settled.")
    assert actions.held(case)
    assert actions.release_hold(placed, actor=person("lena"))
    assert not actions.held(case)
    assert verbs_of(case)[-2:] == ["hold.release_asked", "hold.released"]


def test_lex_alone_lifts_nothing():
    case = make_case()
    placed = hold(case)
    actions.ask_to_release(placed, actor=person("lex"), reason="Settled.")
    before = verbs_of(case)
    with pytest.raises(actions.SameHoldPerson):
        actions.release_hold(placed, actor=person("lex"))
    assert verbs_of(case) == before
    assert actions.held(case)


def test_the_database_too_wants_two_people():
    placed = hold(make_case())
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.filter(pk=placed.pk).update(released_by=person("lena"), released_at=Now())
    lex = person("lex")
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.filter(pk=placed.pk).update(
            release_asked_by=lex, released_by=lex, released_at=Now()
        )


def test_what_nobody_asks_for_is_not_lifted():
    case = make_case()
    placed = hold(case)
    before = verbs_of(case)
    assert not actions.release_hold(placed, actor=person("lena"))
    assert verbs_of(case) == before


def test_a_lifted_hold_is_lifted_once_and_asked_for_no_more():
    case = make_case()
    placed = hold(case)
    actions.ask_to_release(placed, actor=person("lex"), reason="Settled.")
    actions.release_hold(placed, actor=person("lena"))
    before = verbs_of(case)
    assert not actions.release_hold(placed, actor=person("lena"))
    assert not actions.ask_to_release(placed, actor=person("lex"), reason="Again.")
    assert verbs_of(case) == before


# --- the panel of the case page ------------------------------------------------------------------------------------


def test_lex_holds_asks_and_lena_lifts_on_the_page():
    case = make_case()
    lex, lena, page = client_of(person("lex")), client_of(person("lena")), f"/legal/holds/{case.public_id}/"
    assert "No hold keeps this case." in lex.get(page).text
    assert lex.post(f"{page}place/", {"reference": "2026/1"}).status_code == 302
    placed = case.legal_holds.get()
    assert placed.until is None
    assert lex.post(f"{page}{placed.public_id}/ask/", {"reason": "Settled."}).status_code == 302
    assert "Lift it, as second person" not in lex.get(page).text
    lex.post(f"{page}{placed.public_id}/release/")
    assert actions.held(case)
    assert "Lex asks to lift it:" in lena.get(page).text
    assert lena.post(f"{page}{placed.public_id}/release/").status_code == 302
    assert not actions.held(case)
    assert "Lifted by Lex and Lena" in lena.get(page).text


def test_a_hold_is_not_placed_into_the_past():
    case = make_case()
    before = verbs_of(case)
    past = {"reference": "2026/1", "until": "2020-01-01T00:00"}
    answer = client_of(person("lex")).post(f"/legal/holds/{case.public_id}/place/", past)
    assert answer.status_code == 422
    assert verbs_of(case) == before


def test_a_hold_of_another_case_does_not_exist_there():
    placed, other = hold(make_case()), make_case()
    address = f"/legal/holds/{other.public_id}/{placed.public_id}/ask/"
    assert client_of(person("lex")).post(address, {"reason": "Settled."}).status_code == 404


def test_the_case_page_fetches_the_panel_for_lex_and_not_for_mona():
    case = make_case()
    assert f"/legal/holds/{case.public_id}/" in client_of(person("lex")).get(f"/cases/{case.public_id}/").text
    assert "/legal/" not in client_of(person("mona")).get(f"/cases/{case.public_id}/").text
    panel = (
        client_of(person("lex")).get(f"/legal/holds/{case.public_id}/", headers={"HX-Request": "true"}).text
    )
    assert panel.lstrip().startswith('<section class="stack" id="legal-holds"')


def test_audra_reads_holds_and_changes_none():
    case = make_case()
    hold(case)
    audra = client_of(person("audra"))
    assert "Nothing of this case may be removed." in audra.get(f"/legal/holds/{case.public_id}/").text
    assert audra.post(f"/legal/holds/{case.public_id}/place/", {"reference": "x"}).status_code == 403
