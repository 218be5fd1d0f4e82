"""What a partner answers, and what desk and partner write to each other."""

from __future__ import annotations

import pytest
from django.urls import reverse

from casework.accounts.models import User
from casework.cases.actions import restrict_case
from casework.escalations import actions
from casework.escalations.models import Escalation, Line, State
from casework.outbox.models import Message
from tests.cast import client_of
from tests.escalations.making import make_escalation
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")

ANSWER = {"outcome": "investigation", "reference": "H-99", "text": "We have opened a file."}


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.ACKNOWLEDGED])
def test_nia_answers_what_is(state: str, nia: User) -> None:
    escalation = make_escalation(state=state)
    nia.refresh_from_db()
    actions.answer(escalation, actor=nia, **ANSWER)
    assert (escalation.state, escalation.outcome) == (State.ANSWERED, "investigation")
    assert escalation.recipient_reference == "H-99"
    line = escalation.lines.get()
    assert (line.side, line.kind, line.text, line.author) == (
        "partner",
        "answer",
        "We have opened a file.",
        nia,
    )
    assert verbs_of(escalation.case)[-1] == "escalation.answered"


def test_an_answer_without_a_number_keeps_the_one_that_was_given() -> None:
    escalation = make_escalation(state=State.ACKNOWLEDGED)
    actions.answer(escalation, actor=None, name="Nia", outcome="no_action", reference="", text="")
    assert escalation.recipient_reference == "H-17"
    assert not escalation.lines.exists()


@pytest.mark.parametrize(
    "state", [State.APPROVED, State.ANSWERED, State.CLOSED, State.WITHDRAWN, State.EXPIRED]
)
def test_there_is_nothing_to_answer_in_what_is(state: str) -> None:
    escalation = make_escalation(state=state)
    before, lines = verbs_of(escalation.case), escalation.lines.count()
    with pytest.raises(actions.IllegalMove):
        actions.answer(escalation, actor=None, name="Nia", **ANSWER)
    assert escalation.lines.count() == lines
    assert verbs_of(escalation.case) == before


def test_a_line_of_the_desk_is_announced_by_a_word_that_says_nothing(mona: User) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    told = Message.objects.count()
    actions.write_line(
        escalation, actor=mona, side=Line.Side.DESK, kind=Line.Kind.QUESTION, text="Since when?"
    )
    assert Message.objects.count() > told
    assert not any("Since when?" in message.body for message in Message.objects.all())
    assert "escalation.line_written" in verbs_of(escalation.case)


def test_a_line_of_the_partner_is_announced_to_nobody(nia: User) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    nia.refresh_from_db()
    told = Message.objects.count()
    line = actions.write_line(escalation, actor=nia, side="partner", kind="question", text="Which day?")
    assert (line.author, line.text) == (nia, "Which day?")
    assert Message.objects.count() == told
    assert verbs_of(escalation.case)[-1] == "escalation.line_written"


@pytest.mark.parametrize("state", [State.DRAFT, State.APPROVED, State.CLOSED, State.WITHDRAWN, State.EXPIRED])
def test_nothing_is_written_that_nobody_would_read(state: str, mona: User) -> None:
    escalation = make_escalation(state=state)
    before, lines = verbs_of(escalation.case), escalation.lines.count()
    with pytest.raises(actions.IllegalMove, match="would not see"):
        actions.write_line(escalation, actor=mona, side="desk", kind="word", text="Hello?")
    assert escalation.lines.count() == lines
    assert verbs_of(escalation.case) == before


@pytest.mark.parametrize("channel", ["webhook", "xarf_mail", "xarf_api", "cybertip", "stopncii"])
def test_the_desk_writes_nothing_by_a_channel_that_nobody_reads(channel: str, mona: User) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    Escalation.objects.filter(pk=escalation.pk).update(channel=channel)
    before, page = verbs_of(escalation.case), client_of(mona)
    with pytest.raises(actions.IllegalMove, match="nobody would read it"):
        actions.write_line(escalation, actor=mona, side="desk", kind="word", text="Hello?")
    assert not escalation.lines.exists()
    assert verbs_of(escalation.case) == before
    shown = page.get(reverse("escalation", args=[escalation.public_id])).content.decode()
    assert "Write to the partner" not in shown


def test_a_case_restricted_meanwhile_is_gone_for_who_is_not_cleared(mona: User, nia: User) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    restrict_case(escalation.case, actor=None, why="minor_suspected")
    nia.refresh_from_db()
    before = verbs_of(escalation.case)
    with pytest.raises(actions.NotThere):
        actions.write_line(escalation, actor=mona, side="desk", kind="word", text="Hello?")
    with pytest.raises(actions.NotThere):
        actions.answer(escalation, actor=nia, **ANSWER)
    assert verbs_of(escalation.case) == before
