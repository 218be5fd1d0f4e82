"""How an escalation moves from state to state. Every move locks its row, asks ``MOVES``, and writes one entry."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.actions import settle_effect
from casework.cases.actions.decisions import standing_decision
from casework.cases.conflicts import StaleCase
from casework.cases.models import Effect
from casework.escalations.conflicts import IllegalMove, NotThere
from casework.escalations.models import Escalation, Line, Package, State
from casework.escalations.wording import no_such_move
from casework.partners.models import Channel

#: Only by these does anybody see it there and acknowledge: a notice or a hash is taken or not, NCMEC gives a number.
ACKNOWLEDGED_BY = (Channel.PORTAL, Channel.LINK, Channel.WEBHOOK)
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: What an approval consists of; whatever goes back to its author loses all of it.
UNAGREED: dict[str, Any] = {
    "offered_at": None,
    "previewed_by": None,
    "previewed_at": None,
    "previewed_digest": "",
    "approved_by": None,
    "approved_at": None,
    "approved_digest": "",
    "imagery_approved_by": None,
    "imagery_approved_at": None,
}
#: Nothing left, so there is nothing to review either; the entries say that it was tried.
UNBROKEN: dict[str, Any] = {
    "break_glass": "",
    "break_glass_words": "",
    "broken_at": None,
    "review_due_at": None,
    "overdue_noted_at": None,
}


def lock(escalation: Escalation, actor: User | None) -> None:
    """Lock the row and read it anew. Raises ``NotThere`` where it does not exist for *actor* (any more)."""
    escalation.refresh_from_db(from_queryset=Escalation.objects.select_for_update(of=("self",)))
    if actor is not None and not Escalation.objects.for_user(actor).filter(pk=escalation.pk).exists():
        raise NotThere


def lock_packages(escalation: Escalation) -> None:
    """Packages before their escalation: whoever finishes or removes one at this moment takes them in that order."""
    list(Package.objects.select_for_update().filter(escalation=escalation).order_by("pk"))


def change(escalation: Escalation, **changes: Any) -> None:
    """Store *changes* of a locked row and read back what the database made of them."""
    Escalation.objects.filter(pk=escalation.pk).update(**changes)
    escalation.refresh_from_db()


def note(
    verb: Verb,
    escalation: Escalation,
    *,
    actor: User | None,
    personal: dict[str, Any] | None = None,
    **data: Any,
) -> None:
    """One entry about *escalation*: its public id and codes in the body, names and words on the erasable side."""
    record(
        verb, actor=actor, subject=escalation, case=escalation.case, personal=personal,
        escalation=escalation.public_id, **data,
    )  # fmt: skip


@transaction.atomic
def move(
    escalation: Escalation,
    to: str,
    *,
    actor: User | None,
    verb: Verb,
    personal: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
    **data: Any,
) -> Escalation:
    """Move *escalation*, store *changes* with it and write one entry with *data*.

    Raises ``NotThere`` and ``IllegalMove``; nothing is changed then.
    """
    lock(escalation, actor)
    was = escalation.state
    if to not in Escalation.MOVES[was]:
        raise IllegalMove(no_such_move(was, to))
    change(escalation, state=to, **(changes or {}))
    note(verb, escalation, actor=actor, personal=personal, was=was, now=str(to), **data)
    return escalation


@transaction.atomic
def note_sent(escalation: Escalation, *, actor: User | None) -> None:
    """It has been handed to its channel: from now on the partner may see it, and both clocks run.

    Access to what nobody can open here (a notice, hashes, a report to NCMEC) can't run out either.
    """
    access = Now() + timedelta(days=settings.ESCALATION_ACCESS_DAYS)
    move(
        escalation, State.SENT, actor=actor, verb=Verb.ESCALATION_SENT, channel=escalation.channel,
        partner=escalation.partner.public_id, tlp=escalation.tlp,
        changes={
            "sent_at": Now(),
            "expires_at": access if escalation.channel in ACKNOWLEDGED_BY else None,
            "answer_due_at": Now() + timedelta(hours=escalation.partner.response_hours),
        },
    )  # fmt: skip


@transaction.atomic
def note_delivered(escalation: Escalation, *, how: str) -> None:
    """It arrived; *how* is a code. Hearing it again changes nothing."""
    lock(escalation, None)
    if escalation.state != State.SENT:
        return
    move(
        escalation, State.DELIVERED, actor=None, verb=Verb.ESCALATION_DELIVERED, how=how,
        changes={"delivered_at": Now()},
    )  # fmt: skip
    _confirm_referral(escalation)


@transaction.atomic
def give_back(escalation: Escalation, *, code: str, words: str) -> None:
    """What was approved can't leave: it goes back to its author with *words*, and every approval is void."""
    move(
        escalation, State.RETURNED, actor=None, verb=Verb.ESCALATION_RETURNED, code=code,
        changes={**UNAGREED, **UNBROKEN, "returned_why": words},
    )  # fmt: skip


@transaction.atomic
def acknowledge(
    escalation: Escalation, *, actor: User | None, name: str = "", reference: str = "", sha256: str = ""
) -> None:
    """The partner has it; *name* is of somebody without an account, *sha256* is what they computed of the file.

    What is no SHA-256 is not kept: it would stand in the log for good.
    """
    lock(escalation, actor)
    sha256 = sha256.strip().lower()
    sha256 = sha256 if _SHA256.fullmatch(sha256) else ""
    note_delivered(escalation, how="acknowledged")
    move(
        escalation, State.ACKNOWLEDGED, actor=actor, verb=Verb.ESCALATION_ACKNOWLEDGED,
        personal={"name": name, "reference": reference}, sha256=sha256,
        changes={
            "acknowledged_at": Now(), "acknowledged_by": actor, "acknowledged_name": name,
            "acknowledged_sha256": sha256, "recipient_reference": reference,
        },
    )  # fmt: skip


@transaction.atomic
def answer(
    escalation: Escalation, *, actor: User | None, name: str = "", outcome: str, reference: str, text: str
) -> None:
    """The partner's answer: an ``Outcome``, their number for it (empty keeps the one they gave), and words."""
    lock(escalation, actor)
    note_delivered(escalation, how="answered")
    move(
        escalation, State.ANSWERED, actor=actor, verb=Verb.ESCALATION_ANSWERED, outcome=outcome,
        personal={"name": name, "reference": reference, "text": text},
        changes={
            "answered_at": Now(), "outcome": outcome,
            "recipient_reference": reference or escalation.recipient_reference,
        },
    )  # fmt: skip
    if text:
        Line.objects.create(
            escalation=escalation, side=Line.Side.PARTNER, kind=Line.Kind.ANSWER, author=actor,
            author_name=name, text=text,
        )  # fmt: skip


def _confirm_referral(escalation: Escalation) -> None:
    """The decision to pass the case on has had its effect, unless another decision holds by now."""
    decision = standing_decision(escalation.case)
    if decision is None:
        return
    effect = decision.effects.filter(kind=Effect.Kind.REFER, confirmed_at__isnull=True).first()
    if effect is None:
        return
    with suppress(StaleCase):  # somebody decided anew in this very moment
        settle_effect(effect, actor=None, confirmed=True, how=Effect.How.PARTNER)
