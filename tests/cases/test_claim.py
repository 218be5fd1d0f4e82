"""Claiming: a lease, a heartbeat, and only one person at a time."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from casework.cases import actions, reading
from casework.cases.models import LEASE_SECONDS, Case
from tests.cast import make_case, person
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


def let_lease_run_out(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(lease_until=Now() - timedelta(seconds=1))


def test_mona_claims_a_free_case():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona, session="s1")
    assert (case.claimed_by, case.claim_token) == (mona, token)
    assert verbs_of(case)[-1] == "case.claimed"


def test_milo_cannot_claim_what_mona_holds():
    case = make_case()
    actions.claim_case(case, actor=person("mona"))
    before = verbs_of(case)
    with pytest.raises(actions.ClaimedByOther, match="Mona"):
        actions.claim_case(case, actor=person("milo"))
    assert verbs_of(case) == before


def test_milo_claims_a_case_whose_lease_ran_out():
    case = make_case()
    actions.claim_case(case, actor=person("mona"))
    let_lease_run_out(case)
    actions.claim_case(case, actor=person("milo"))
    assert case.claimed_by == person("milo")


def test_a_heartbeat_lengthens_the_lease():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)
    Case.objects.filter(pk=case.pk).update(lease_until=Now() + timedelta(seconds=5))
    until = actions.renew_claim(case, actor=mona, token=token)
    left = until - Case.objects.annotate(now=Now()).get(pk=case.pk).now
    assert left > timedelta(seconds=LEASE_SECONDS - 60)


def test_a_heartbeat_cannot_bring_back_a_lease_that_ran_out():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)
    let_lease_run_out(case)
    with pytest.raises(actions.LeaseLost):
        actions.renew_claim(case, actor=mona, token=token)


def test_a_token_of_an_earlier_claim_is_dead_also_for_the_same_person():
    case, mona = make_case(), person("mona")
    old = actions.claim_case(case, actor=mona)
    new = actions.claim_case(case, actor=mona)
    with pytest.raises(actions.LeaseLost):
        actions.renew_claim(case, actor=mona, token=old)
    actions.renew_claim(case, actor=mona, token=new)


def test_monas_token_is_worth_nothing_in_milos_hands():
    case = make_case()
    token = actions.claim_case(case, actor=person("mona"))
    with pytest.raises(actions.LeaseLost):
        actions.renew_claim(case, actor=person("milo"), token=token)


def test_mona_gives_a_case_back():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)
    actions.release_case(case, actor=mona, token=token)
    assert case.claimed_by is None
    assert verbs_of(case)[-1] == "case.released"


def test_giving_back_with_an_old_token_changes_nothing():
    case, mona = make_case(), person("mona")
    actions.claim_case(case, actor=mona)
    before = verbs_of(case)
    actions.release_case(case, actor=mona, token=uuid.uuid4())
    case.refresh_from_db()
    assert case.claimed_by == mona
    assert verbs_of(case) == before


def test_sena_takes_a_case_over_and_monas_token_is_dead():
    case, mona, sena = make_case(), person("mona"), person("sena")
    token = actions.claim_case(case, actor=mona)
    actions.take_over_case(case, actor=sena, reason="mona has gone home")
    assert case.claimed_by == sena
    assert verbs_of(case)[-1] == "case.taken_over"
    with pytest.raises(actions.LeaseLost):
        actions.renew_claim(case, actor=mona, token=token)


def test_a_skipped_case_stays_away_from_whoever_skipped_it():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)
    actions.skip_case(case, actor=mona, token=token)
    assert case not in reading.queue(mona, "all")
    assert case in reading.queue(person("milo"), "all")
    assert verbs_of(case)[-1] == "case.skipped"


def test_putting_a_case_aside_is_an_entry_with_its_date():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)
    until = timezone.now() + timedelta(hours=2)
    actions.hold_case(case, actor=mona, token=token, until=until, reason="the host was asked")
    assert (case.status, case.wake_at, case.claimed_by) == (Case.Status.HELD, until, None)
    assert verbs_of(case)[-2:] == ["case.moved", "case.held"]


def hold(case: Case, token: uuid.UUID) -> None:
    until = timezone.now() + timedelta(hours=2)
    actions.hold_case(case, actor=person("mona"), token=token, until=until, reason="x")


def skip(case: Case, token: uuid.UUID) -> None:
    actions.skip_case(case, actor=person("mona"), token=token)


@pytest.mark.parametrize("act", [hold, skip])
def test_without_a_living_claim_a_case_is_neither_put_aside_nor_passed_on(act):
    case = make_case()
    token = actions.claim_case(case, actor=person("mona"))
    let_lease_run_out(case)
    before = verbs_of(case)
    with pytest.raises(actions.LeaseLost):
        act(case, token)
    case.refresh_from_db()
    assert case.status == Case.Status.WAITING
    assert not case.skips.exists()
    assert verbs_of(case) == before


def test_every_claim_ends_with_its_session():
    case, mona = make_case(), person("mona")
    actions.claim_case(case, actor=mona, session="one")
    other = make_case()
    actions.claim_case(other, actor=mona, session="two")
    actions.release_all(mona, session="one")
    case.refresh_from_db()
    other.refresh_from_db()
    assert (case.claimed_by, other.claimed_by) == (None, mona)
