"""How an escalation ends: refused by the partner, closed, withdrawn, run out. Access ends in the same transaction."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb
from casework.cases.actions import held
from casework.escalations.models import Escalation, Line, Package, State

from . import links, packages, sending, tips
from .moving import lock, lock_packages, move


@transaction.atomic
def decline(escalation: Escalation, *, actor: User | None, name: str = "", text: str) -> None:
    """The partner does not take it on, and says why; *name* is of somebody without an account."""
    lock_packages(escalation)
    move(
        escalation, State.REFUSED, actor=actor, verb=Verb.ESCALATION_DECLINED,
        personal={"name": name, "text": text}, changes={"ended_at": Now(), "ended_why": text},
    )  # fmt: skip
    Line.objects.create(
        escalation=escalation, side=Line.Side.PARTNER, kind=Line.Kind.ANSWER, author=actor, author_name=name,
        text=text,
    )  # fmt: skip
    end_access(escalation, actor=actor, why="declined")


@transaction.atomic
def close_escalation(escalation: Escalation, *, actor: User, reason: str) -> None:
    """Nothing more is expected of it: answered, run out, or a notice that needs no answer."""
    lock_packages(escalation)
    move(
        escalation, State.CLOSED, actor=actor, verb=Verb.ESCALATION_CLOSED, personal={"reason": reason},
        changes={"ended_at": Now(), "ended_why": reason},
    )  # fmt: skip
    end_access(escalation, actor=actor, why="closed")


@transaction.atomic
def withdraw(escalation: Escalation, *, actor: User, reason: str) -> None:
    """Take it back, in whatever state: what has not left stays, what the partner has not fetched it can't any more.

    Raises ``IllegalMove`` where it has ended, ``tips.HandedIn`` for a report that NCMEC has.
    """
    lock_packages(escalation)
    lock(escalation, actor)
    if escalation.is_tip:
        tips.call_off(escalation, actor=actor)
    move(
        escalation, State.WITHDRAWN, actor=actor, verb=Verb.ESCALATION_WITHDRAWN, personal={"reason": reason},
        changes={"ended_at": Now(), "ended_why": reason},
    )  # fmt: skip
    end_access(escalation, actor=actor, why="withdrawn")


@transaction.atomic
def note_expired(escalation: Escalation) -> None:
    """The partner's time with it is over by the database's clock; before that nothing is changed."""
    lock_packages(escalation)
    lock(escalation, None)
    due = Escalation.objects.filter(
        pk=escalation.pk, state__in=Escalation.WITH_PARTNER, expires_at__lte=Now()
    )
    if not due.exists():
        return
    move(
        escalation, State.EXPIRED, actor=None, verb=Verb.ESCALATION_EXPIRED, until=escalation.expires_at,
        changes={"ended_at": Now()},
    )  # fmt: skip
    end_access(escalation, actor=None, why="expired")


def end_access(escalation: Escalation, *, actor: User | None, why: str) -> None:
    """Links are dead, waiting messages are not sent, the encrypted file is gone; *why* is a code.

    The portal needs no word: it asks the state with every request. A package that is being made finds the state
    when it is finished, and sends nothing.
    """
    links.revoke_links(escalation, actor=actor, why=why)
    sending.cancel(escalation, actor=actor)
    if held(escalation.case):
        return  # the file stays where nobody reaches it: a legal hold keeps everything of the case
    for package in escalation.packages.filter(state=Package.State.READY):
        packages.remove_package(package, actor=actor, why=why)
