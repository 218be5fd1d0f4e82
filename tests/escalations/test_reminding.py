"""Who has not acknowledged is reminded after a day and after three, once each, by the database's clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from casework.escalations import actions
from casework.escalations.actions.reminding import keep_time
from casework.escalations.models import Escalation, State
from casework.outbox.models import Message
from casework.partners.actions import suspend_partner
from casework.partners.models import Channel, Partner
from tests.cases.test_at_once import all_at_once
from tests.cast import person
from tests.escalations.making import make_escalation, make_partner
from tests.journal import verbs_of

in_one_transaction = pytest.mark.usefixtures("db", "mona")


def sent(hours: float, *, state: str = State.SENT) -> Escalation:
    """One that was sent so long ago."""
    escalation = make_escalation(state=state)
    later(escalation, hours)
    return escalation


def later(escalation: Escalation, hours: float) -> None:
    Escalation.objects.filter(pk=escalation.pk).update(sent_at=Now() - timedelta(hours=hours))


def reminders(escalation: Escalation) -> int:
    return verbs_of(escalation.case).count("escalation.reminded")


def mails() -> int:
    return Message.objects.filter(kind="escalation.reminder").count()


@in_one_transaction
@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED])
def test_a_day_without_a_word_is_a_reminder_and_no_two(state: str) -> None:
    escalation = sent(23.9, state=state)
    keep_time()
    assert (reminders(escalation), mails()) == (0, 0)
    later(escalation, 24.1)
    keep_time()
    keep_time()
    escalation.refresh_from_db()
    assert (escalation.reminded_hours, reminders(escalation)) == (24, 1)
    assert mails() == 2  # the partner's mailbox and nia's


@in_one_transaction
def test_a_partner_that_is_suspended_hears_nothing() -> None:
    escalation = sent(25)
    suspend_partner(escalation.partner, actor=person("lena"), reason="They asked for a pause.")
    keep_time()
    assert (reminders(escalation), mails()) == (1, 0)


@in_one_transaction
def test_a_partner_whose_agreement_has_ended_is_sent_to_nothing_that_it_can_t_open() -> None:
    escalation = sent(25)
    Partner.objects.update(agreement_until=timezone.now().date() - timedelta(days=1))
    keep_time()
    assert (reminders(escalation), mails()) == (1, 0)


@in_one_transaction
def test_three_days_are_another_one() -> None:
    escalation = sent(25)
    keep_time()
    later(escalation, 71.9)
    keep_time()
    assert reminders(escalation) == 1
    later(escalation, 72.1)
    keep_time()
    keep_time()
    escalation.refresh_from_db()
    assert (escalation.reminded_hours, reminders(escalation)) == (72, 2)


@in_one_transaction
def test_after_a_long_pause_of_the_workers_one_is_enough() -> None:
    escalation = sent(100)
    keep_time()
    assert reminders(escalation) == 1


@in_one_transaction
@pytest.mark.parametrize(
    "state", [State.ACKNOWLEDGED, State.ANSWERED, State.CLOSED, State.WITHDRAWN, State.APPROVED]
)
def test_nobody_is_reminded_of_what_is(state: str) -> None:
    escalation = sent(100, state=state)
    keep_time()
    assert (reminders(escalation), mails()) == (0, 0)


@in_one_transaction
def test_a_host_is_not_reminded_of_a_notice() -> None:
    host = make_partner("Host", kind="host", channel=Channel.XARF_MAIL, mail="abuse@host.example")
    escalation = make_escalation(state=State.APPROVED, partner=host)
    later(escalation, 100)
    keep_time()
    assert reminders(escalation) == 0


@in_one_transaction
def test_a_reminder_says_nothing() -> None:
    escalation = sent(25)
    keep_time()
    for message in Message.objects.filter(kind="escalation.reminder"):
        assert escalation.case.number not in message.body
        assert escalation.number not in message.body


@in_one_transaction
def test_what_can_t_be_said_by_the_channel_is_noted_all_the_same() -> None:
    partner = make_partner()
    escalation = sent(25)
    partner.mail = "not an address"
    partner.save(update_fields=["mail"])
    keep_time()
    assert (reminders(escalation), mails()) == (1, 0)


@in_one_transaction
def test_the_job_is_a_regular_one(settings: Any) -> None:
    kind = settings.JOB_KINDS["escalations.keep_time"]
    assert (kind["every"], kind["queue"]) == (300, "maintain")


@pytest.mark.usefixtures("committed_db")
def test_two_workers_at_once_remind_once() -> None:
    escalation = sent(25)
    assert all_at_once(keep_time, keep_time, keep_time) == ["done"] * 3
    assert reminders(escalation) == 1


@in_one_transaction
def test_a_reminder_asked_for_too_early_is_none() -> None:
    escalation = sent(1)
    assert actions.remind(escalation, 24) is False
    assert reminders(escalation) == 0
