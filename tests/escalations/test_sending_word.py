"""Mail to a partner says that something waits and nothing else."""

from __future__ import annotations

import email
import re
from email.policy import default
from typing import Any

import pytest

from casework.accounts.models import User
from casework.escalations import actions
from casework.escalations.actions import sending
from casework.escalations.actions.links import make_link
from casework.escalations.channels import problems
from casework.escalations.conflicts import IllegalMove, NotReady
from casework.escalations.models import Escalation
from casework.outbox.models import Message
from casework.partners.models import Contact, Partner
from tests.cast import make_case, person
from tests.journal import verbs_of
from tests.outbox.sending import work
from tests.outbox.smtp import SmtpServer

from .handing import make_package, make_partner, make_sent


@pytest.fixture
def partner(db: None) -> Partner:
    """An organisation with a mailbox and nia."""
    return make_partner(people=(person("nia"),))


@pytest.fixture
def approved(partner: Partner) -> Escalation:
    return make_sent(partner, state="approved")


def texts() -> list[str]:
    """The e-mails in the outbox, headers and all."""
    return [message.body for message in Message.objects.order_by("pk")]


def test_nia_and_her_organisation_get_word_that_something_waits(approved: Escalation, settings: Any):
    with SmtpServer() as server:
        server.settings(settings)
        sending.send(approved, make_package(approved), actor=None)
        work()
    assert sorted(mail.recipients[0] for mail in server.received) == ["desk@harbour.example", "nia@demo.test"]
    body = server.received[0].message.get_body()
    assert body is not None
    assert f"{settings.PUBLIC_URL}/portal/" in body.get_content()
    approved.refresh_from_db()
    assert approved.state == "sent"
    assert verbs_of(approved.case)[-5:].count("outbox.posted") == 2
    assert "escalation.sent" in verbs_of(approved.case)


def test_a_mailbox_on_the_way_learns_nothing_of_the_matter(approved: Escalation):
    package = make_package(approved)
    sending.send(approved, package, actor=None)
    hidden = [
        approved.number, approved.case.number, str(approved.public_id), str(approved.case.public_id), approved.facts,
        str(approved.tlp), "pictures.example", "Safe Harbour", package.sha256, "intimate", "urgent", "case",
    ]  # fmt: skip
    assert len(texts()) == 2
    for text in texts():
        read = email.message_from_string(text, policy=default)
        body = read.get_body()
        assert body is not None
        # Headers beside it are random or the same for every mail (the next test).
        seen = f"{read['Subject']} {body.get_content()}"
        assert [word for word in hidden if re.search(re.escape(word), seen, re.IGNORECASE)] == []


def test_mail_is_the_same_for_every_matter(partner: Partner):
    seen = set()
    for urgency in ("routine", "life_threat"):
        one = make_sent(partner, state="approved", urgency=urgency)
        sending.send(one, make_package(one), actor=None)
    for text in texts():
        seen.add(re.sub(r"(?m)^(To|Date|Message-ID): .*$", "", text))
    assert len(seen) == 1


def test_one_mailbox_gets_one_mail(partner: Partner, approved: Escalation):
    Partner.objects.filter(pk=partner.pk).update(mail="NIA@demo.test")
    approved.refresh_from_db()
    sending.send(approved, make_package(approved), actor=None)
    assert Message.objects.count() == 1
    assert verbs_of(approved.case).count("outbox.posted") == 1


def test_a_person_who_left_the_partner_gets_no_word(partner: Partner, approved: Escalation):
    Contact.objects.update(ended_at="2026-01-01T00:00Z")
    sending.send(approved, make_package(approved), actor=None)
    assert [message.mail_to for message in Message.objects.all()] == ["desk@harbour.example"]
    assert verbs_of(approved.case).count("outbox.posted") == 1


def test_where_nobody_would_get_word_nothing_is_sent(partner: Partner, approved: Escalation):
    Partner.objects.filter(pk=partner.pk).update(mail="")
    Contact.objects.all().delete()
    approved.refresh_from_db()
    before = verbs_of(approved.case)
    (problem,) = problems(approved)
    assert "nobody would get word" in problem
    with pytest.raises(NotReady):
        sending.send(approved, make_package(approved), actor=None)
    approved.refresh_from_db()
    assert approved.state == "approved"
    assert verbs_of(approved.case) == before
    assert not Message.objects.exists()


def test_a_desk_without_a_mail_server_says_so_before_anybody_approves(approved: Escalation, settings: Any):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert any("EMAIL_HOST" in problem for problem in problems(approved))


def test_what_nobody_approved_is_not_sent(partner: Partner):
    draft = make_sent(partner, state="draft")
    before = verbs_of(draft.case)
    with pytest.raises(IllegalMove):
        sending.send(draft, None, actor=person("mona"))
    assert not Message.objects.exists()
    assert verbs_of(draft.case) == before


def test_nothing_leaves_by_itself_where_a_link_is_made_by_hand(partner: Partner):
    one = make_sent(partner, state="approved", channel="link")
    sending.send(one, make_package(one), actor=None)
    one.refresh_from_db()
    assert one.state == "sent"
    assert not Message.objects.exists()
    assert "outbox.posted" not in verbs_of(one.case)


def test_a_reminder_says_no_more_than_the_first_word(partner: Partner):
    one = make_sent(partner)
    sending.remind(one)
    assert {message.kind for message in Message.objects.all()} == {"escalation.reminder"}
    assert not any(one.number in text for text in texts())
    assert verbs_of(one.case).count("outbox.posted") == 2


def test_what_was_withdrawn_before_it_left_does_not_leave(approved: Escalation, settings: Any):
    sending.send(approved, make_package(approved), actor=None)
    assert sending.cancel(approved, actor=person("mona")) == 2
    with SmtpServer() as server:
        server.settings(settings)
        work()
    assert server.received == []
    assert verbs_of(approved.case).count("outbox.cancelled") == 2


def test_of_a_restricted_case_only_the_cleared_get_word(partner: Partner):
    milo = person("milo")
    Contact.objects.create(partner=partner, name="Cleared", mail="cleared@harbour.example", user=milo)
    one = make_sent(partner, state="approved", case=make_case(minor_indicated=True))
    assert problems(one)
    with pytest.raises(NotReady, match="nobody who signs in for this partner is cleared"):
        sending.send(one, make_package(one), actor=None)
    User.objects.filter(pk=milo.pk).update(cleared=True)
    sending.send(one, None, actor=None)
    told = {message.mail_to for message in Message.objects.all()}
    assert told == {"cleared@harbour.example", "desk@harbour.example"}
    assert "escalation.sent" in verbs_of(one.case)


def test_nobody_is_reminded_of_a_link_that_they_never_got(partner: Partner):
    oda = Contact.objects.create(partner=partner, name="Oda", mail="oda@harbour.example")
    one = make_sent(partner, channel="link")
    assert not sending.remind(one)
    assert not Message.objects.exists()
    assert "outbox.posted" not in verbs_of(one.case)
    make_link(one, actor=person("mona"), contact=oda, mail_to=oda.mail, code_by="phone", days=7)
    assert sending.remind(one)
    reminded = Message.objects.filter(kind="escalation.reminder")
    assert [message.mail_to for message in reminded] == ["oda@harbour.example"]


def test_a_link_that_has_not_left_when_its_matter_ends_does_not_leave(partner: Partner):
    oda = Contact.objects.create(partner=partner, name="Oda", mail="oda@harbour.example")
    one = make_sent(partner, channel="link")
    make_link(one, actor=person("mona"), contact=oda, mail_to=oda.mail, code_by="phone", days=7)
    actions.withdraw(one, actor=person("mona"), reason="Sent by mistake.")
    assert Message.objects.get().state == Message.State.CANCELLED
    assert "outbox.cancelled" in verbs_of(one.case)
