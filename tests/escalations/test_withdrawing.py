"""The desk takes something back, in whatever state it is with the partner: access ends in the same moment."""

from __future__ import annotations

import pytest
from django.db import transaction

from casework.accounts.models import User
from casework.cases.actions import place_hold
from casework.escalations import actions
from casework.escalations.actions.packages import NotMade
from casework.escalations.models import Escalation, Package, SecureLink, State
from casework.evidence.storage import evidence_store
from casework.outbox.models import Message
from casework.partners.models import Channel
from tests.cast import person
from tests.escalations.handing import make_package
from tests.escalations.making import begin_packing, make_escalation, make_partner
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")

WITH_A_WAY_BACK = [state for state, ways in Escalation.MOVES.items() if State.WITHDRAWN in ways]
ENDED = [state for state in State.values if state not in WITH_A_WAY_BACK]


@pytest.mark.parametrize("state", [str(state) for state in WITH_A_WAY_BACK])
def test_milo_withdraws_what_is(state: str, milo: User) -> None:
    escalation = make_escalation(state=state)
    actions.withdraw(escalation, actor=milo, reason="The person depicted asked us to.")
    assert (escalation.state, escalation.ended_why) == (State.WITHDRAWN, "The person depicted asked us to.")
    assert "escalation.withdrawn" in verbs_of(escalation.case)


@pytest.mark.parametrize("state", ENDED)
def test_what_has_ended_is_not_withdrawn(state: str, milo: User) -> None:
    escalation = make_escalation(state=state)
    before = verbs_of(escalation.case)
    with pytest.raises(actions.IllegalMove):
        actions.withdraw(escalation, actor=milo, reason="x")
    assert verbs_of(escalation.case) == before


def test_the_partner_sees_it_and_after_the_withdrawal_does_not(nia: User, mona: User) -> None:
    escalation = make_escalation(state=State.SENT)
    nia.refresh_from_db()
    assert list(Escalation.objects.for_user(nia)) == [escalation]
    actions.withdraw(escalation, actor=mona, reason="x")
    assert not Escalation.objects.for_user(nia).exists()
    with pytest.raises(actions.NotThere):
        actions.acknowledge(escalation, actor=nia)


def test_the_encrypted_file_is_gone(mona: User, django_capture_on_commit_callbacks: object) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    escalation.packages.all().delete()
    package = make_package(escalation)
    assert _stored(package)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        actions.withdraw(escalation, actor=mona, reason="x")
    package.refresh_from_db()
    assert package.state == Package.State.REMOVED
    assert not _stored(package)
    assert "package.removed" in verbs_of(escalation.case)


def _stored(package: Package) -> bool:
    assert package.storage_key is not None
    return evidence_store().size(package.storage_key) is not None


def test_a_legal_hold_keeps_the_file_and_not_the_access(mona: User, nia: User) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    escalation.packages.all().delete()
    package = make_package(escalation)
    place_hold(escalation.case, actor=None, why="preservation", until=None)
    actions.withdraw(escalation, actor=mona, reason="x")
    package.refresh_from_db()
    assert (escalation.state, package.state) == (State.WITHDRAWN, Package.State.READY)
    nia.refresh_from_db()
    assert not Escalation.objects.for_user(nia).exists()


def test_a_package_that_was_being_made_is_not_sent(mona: User) -> None:
    escalation = make_escalation(state=State.APPROVED)
    actions.withdraw(escalation, actor=mona, reason="x")
    package = escalation.packages.get()
    with pytest.raises(NotMade), transaction.atomic():
        begin_packing(package)
    assert "escalation.sent" not in verbs_of(escalation.case)


def test_what_waits_in_the_outbox_is_not_sent(lena: User, mona: User) -> None:
    host = make_partner("Host", kind="host", channel=Channel.XARF_MAIL, mail="abuse@host.example")
    escalation = make_escalation(state=State.APPROVED, partner=host)
    assert escalation.state == State.SENT
    actions.withdraw(escalation, actor=mona, reason="x")
    states = Message.objects.filter(about__contains=[str(escalation.public_id)]).values_list(
        "state", flat=True
    )
    assert list(states) == [Message.State.CANCELLED]
    assert "outbox.cancelled" in verbs_of(escalation.case)


def test_its_links_are_dead(mona: User) -> None:
    partner = make_partner("Police", kind="law_enforcement", channel=Channel.LINK)
    contact = partner.contacts.create(name="Officer", mail="o@police.example")
    escalation = make_escalation(state=State.SENT, partner=partner)
    link, _token, _code = actions.make_link(
        escalation,
        actor=mona,
        contact=contact,
        mail_to="o@police.example",
        code_by=SecureLink.CodeBy.PHONE,
        days=3,
    )
    actions.withdraw(escalation, actor=mona, reason="x")
    link.refresh_from_db()
    assert link.revoked_at is not None
    assert "link.revoked" in verbs_of(escalation.case)


@pytest.mark.parametrize("name", ["nia", "ada", "stan"])
def test_it_does_not_exist_for(name: str) -> None:
    escalation = make_escalation(state=State.DRAFT)
    before = verbs_of(escalation.case)
    with pytest.raises(actions.NotThere):
        actions.withdraw(escalation, actor=person(name), reason="x")
    assert verbs_of(escalation.case) == before
