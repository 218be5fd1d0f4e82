"""A partner's time with what it was sent runs out by the database's clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.escalations import actions
from casework.escalations.actions.reminding import keep_time
from casework.escalations.models import Escalation, Package, State
from casework.partners.models import Channel
from tests.cases.test_at_once import all_at_once
from tests.escalations.handing import make_package
from tests.escalations.making import make_escalation, make_partner
from tests.journal import verbs_of

in_one_transaction = pytest.mark.usefixtures("db", "mona")


def run_out(escalation: Escalation) -> None:
    Escalation.objects.filter(pk=escalation.pk).update(expires_at=Now() - timedelta(seconds=1))


@in_one_transaction
def test_sending_starts_both_clocks(settings: Any) -> None:
    settings.ESCALATION_ACCESS_DAYS = 10
    escalation = make_escalation(state=State.SENT)
    assert escalation.sent_at is not None
    assert escalation.expires_at == escalation.sent_at + timedelta(days=10)
    hours = escalation.partner.response_hours
    assert escalation.answer_due_at == escalation.sent_at + timedelta(hours=hours)


@in_one_transaction
def test_a_notice_to_a_host_gives_no_access_that_could_run_out() -> None:
    host = make_partner("Host", kind="host", channel=Channel.XARF_MAIL, mail="abuse@host.example")
    escalation = make_escalation(state=State.APPROVED, partner=host)
    assert (escalation.state, escalation.expires_at) == (State.SENT, None)
    keep_time()
    escalation.refresh_from_db()
    assert escalation.state == State.SENT


@in_one_transaction
@pytest.mark.parametrize("state", [str(state) for state in Escalation.WITH_PARTNER])
def test_its_time_is_over_and_with_it_the_access(state: str, nia: User) -> None:
    escalation = make_escalation(state=state)
    escalation.packages.all().delete()
    package = make_package(escalation)
    run_out(escalation)
    nia.refresh_from_db()
    assert not Escalation.objects.for_user(nia).exists()  # before any worker has looked
    keep_time()
    keep_time()
    escalation.refresh_from_db()
    package.refresh_from_db()
    assert (escalation.state, package.state) == (State.EXPIRED, Package.State.REMOVED)
    assert verbs_of(escalation.case).count("escalation.expired") == 1


@in_one_transaction
@pytest.mark.parametrize("state", [State.DRAFT, State.APPROVED, State.CLOSED, State.WITHDRAWN, State.REFUSED])
def test_nothing_runs_out_that_is(state: str) -> None:
    escalation = make_escalation(state=state)
    run_out(escalation)
    before = verbs_of(escalation.case)
    keep_time()
    escalation.refresh_from_db()
    assert escalation.state == state
    assert verbs_of(escalation.case) == before


@in_one_transaction
def test_a_time_that_is_not_over_is_not_ended() -> None:
    escalation = make_escalation(state=State.SENT)
    actions.note_expired(escalation)
    assert escalation.state == State.SENT
    assert "escalation.expired" not in verbs_of(escalation.case)


@in_one_transaction
def test_who_comes_too_late_does_not_acknowledge(nia: User) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    run_out(escalation)
    nia.refresh_from_db()
    before = verbs_of(escalation.case)
    with pytest.raises(actions.NotThere):
        actions.acknowledge(escalation, actor=nia)
    assert verbs_of(escalation.case) == before


@pytest.mark.usefixtures("committed_db")
def test_two_workers_at_once_end_it_once() -> None:
    escalation = make_escalation(state=State.SENT)
    run_out(escalation)
    assert all_at_once(keep_time, keep_time) == ["done"] * 2
    assert verbs_of(escalation.case).count("escalation.expired") == 1
