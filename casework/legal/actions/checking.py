"""Is it what it says, and is it ours to answer: two people's checks, then an acceptance or a refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases import actions as cases
from casework.legal.conflicts import AnotherNeeded, NotAllowed
from casework.legal.models import LegalCheck, LegalClock, LegalLetter, LegalRequest, State, Type
from casework.legal.wording import GROUNDS, NOT_AUTHENTIC

from .clocks import keeping_ended, run_again, start_process_clock, stop_all, stop_clock
from .intake import hold_matter, match_cases
from .letters import write_letter
from .moving import changed, locked, moved, only_cleared
from .producing import ENDED

#: Different people who have to find a request authentic before anybody may accept it.
CHECKS_NEEDED = 2
_BEING_CHECKED = (State.RECEIVED, State.CHECKING)


def same_number(one: str, other: str) -> bool:
    """Whether two telephone numbers are one: their last nine digits, whatever the spelling."""
    first, second = (re.sub(r"\D", "", number)[-9:] for number in (one, other))
    return bool(first) and first == second


@transaction.atomic
def check_request(
    request: LegalRequest, *, actor: User, how: str, authentic: bool, words: str, number: str = "",
    number_source: str = "",
) -> LegalCheck:  # fmt: skip
    """One person's finding. A call back goes to a number found elsewhere than in the request. Raises NotAllowed."""
    row = locked(request, *_BEING_CHECKED)
    if how == LegalCheck.How.CALL_BACK:
        _may_call(row, number, number_source)
    if row.checks_now().filter(person=actor).exists():
        raise AnotherNeeded(_("You have checked it already. The second check is another person's."))
    check = LegalCheck.objects.create(
        request=row, round=row.round, person=actor, how=how, authentic=authentic, words=words, number=number,
        number_source=number_source,
    )  # fmt: skip
    if row.state == State.RECEIVED:
        moved(row, State.CHECKING)
    record(
        Verb.LEGAL_CHECKED, actor=actor, subject=row, how=how, authentic=authentic,
        round=row.round, personal={"number": number, "source": number_source, "words": words},
    )  # fmt: skip
    return check


def _may_call(row: LegalRequest, number: str, source: str) -> None:
    if not number.strip() or not source.strip():
        raise NotAllowed(_("A call back needs the number and where it was found. Nothing was kept."))
    if same_number(number, str(row.officer.get("phone", ""))):
        raise NotAllowed(
            _(
                "This is the number that the request itself gives. Whoever forged the request would answer it. Find "
                "the authority's number elsewhere and call that one. Nothing was kept."
            )
        )


@transaction.atomic
def reopen(request: LegalRequest, *, actor: User, reason: str) -> LegalRequest:
    """Have it checked anew by two people; earlier checks stay and count no more.

    Whoever found it not authentic is not the one who says otherwise. What asked to keep for a time that is over stays
    as it is: nothing could be held for it, and a new request has a new time. Raises AnotherNeeded, NotAllowed,
    WrongState.
    """
    row = locked(request, State.CHECKING, State.REFUSED)
    doubts = row.checks_now().filter(authentic=False)
    if row.state == State.CHECKING and not doubts.exists():
        raise NotAllowed(_("Nobody found it not authentic. Nothing was changed."))
    if doubts.filter(person=actor).exists():
        raise AnotherNeeded(_("You found it not authentic yourself. Somebody else has to take it up again."))
    if keeping_ended(row):
        raise NotAllowed(
            _(
                "The time for which it asked to keep is over, so nothing can be held for it any more. If the authority "
                "still wants it kept, enter its new request. Nothing was changed."
            )
        )
    was = row.state
    fresh: dict[str, Any] = {
        "round": row.round + 1,
        "accepted_by": None,
        "accepted_at": None,
        "grounds": [],
        "ended_at": None,
    }
    if was == State.REFUSED:
        moved(row, State.CHECKING, **fresh)
        run_again(row)
        for matter in row.matters.filter(hold__isnull=False):
            hold_matter(matter, actor=actor)  # its release was asked for, and may have happened
    else:
        changed(row, **fresh)
    record(
        Verb.LEGAL_REOPENED, actor=actor, subject=row, was=was, round=row.round,
        personal={"reason": reason},
    )  # fmt: skip
    return row


@transaction.atomic
def accept(request: LegalRequest, *, actor: User) -> LegalRequest:
    """Take it on: after two people's checks, by somebody who did not enter it; an emergency is no exception.

    Raises AnotherNeeded, NotAllowed, WrongState.
    """
    row = locked(request, State.CHECKING)
    if row.entered_by_id == actor.pk:
        raise AnotherNeeded(_("You entered this request. Somebody else has to accept it."))
    if problem := why_not_accepted(row):
        raise NotAllowed(problem)
    moved(row, State.ACCEPTED, accepted_by=actor, accepted_at=Now(), **_notice(row))
    match_cases(row, actor=actor)
    record(Verb.LEGAL_ACCEPTED, actor=actor, subject=row, type=row.type, round=row.round)
    if row.preserving:
        moved(row, State.PRESERVED)
        record(
            Verb.LEGAL_PRESERVED,
            actor=actor,
            subject=row,
        )
    if row.type == Type.EMERGENCY:
        assert row.accepted_at is not None
        start_process_clock(row, at=row.accepted_at)
    return row


def why_not_accepted(row: LegalRequest) -> str:
    """What is missing before anybody may accept it, in words; empty when nothing is."""
    checks = list(row.checks_now())
    if any(not check.authentic for check in checks):
        return _("Somebody found it not authentic. It can be refused, or a supervisor has it checked anew.")
    if len({check.person_id for check in checks}) < CHECKS_NEEDED:
        return _("Two different people have to find it authentic first. Nothing was changed.")
    if not row.document_sha256 and row.type != Type.EMERGENCY:
        return _("The served document is missing. Store it first: what was asked must be readable later.")
    if keeping_ended(row):
        return _(
            "The time for which it asked to keep is over. Refuse it as expired, or note that it was withdrawn. "
            "Nothing was changed."
        )
    return ""


def _notice(row: LegalRequest) -> dict[str, object]:
    """From when the person concerned may be told, where the request itself says nothing later."""
    if row.preserving:
        return {}
    dates = [timezone.now(), row.nondisclosure_until, row.notice_due_at]
    return {"notice_due_at": max(date for date in dates if date is not None)}


@transaction.atomic
def refuse(
    request: LegalRequest, *, actor: User, grounds: Sequence[str], objection: str = "", text: str = ""
) -> LegalRequest:
    """Refuse it for reasons that have codes; the letter is written here and released by somebody else.

    What was held for it is asked to be let go; the second person for that stands at the hold. Raises AnotherNeeded,
    NotAllowed, WrongState, ValueError for unknown grounds.
    """
    if not grounds or set(grounds) - set(GROUNDS):
        raise ValueError("A refusal names grounds that we know.")
    row = locked(request, *_BEING_CHECKED, State.ACCEPTED)
    only_cleared(row, actor)
    if row.checks_now().filter(authentic=False).exists() and NOT_AUTHENTIC not in grounds:
        raise NotAllowed(_("Somebody found it not authentic: that has to be among the reasons."))
    _nothing_under_way(row)
    was = row.state
    moved(row, State.REFUSED, grounds=list(grounds), objection=objection, ended_at=Now())
    record(
        Verb.LEGAL_REFUSED, actor=actor, subject=row, was=was, grounds=list(grounds),
        personal={"objection": objection},
    )  # fmt: skip
    write_letter(row, actor=actor, kind=LegalLetter.Kind.REFUSAL, grounds=grounds, text=text)
    stop_clock(row, LegalClock.Kind.PRESERVE, why="refused")
    if NOT_AUTHENTIC in grounds:  # whoever forged it is owed nothing
        stop_all(row, why="refused")
    _let_go(row, actor=actor, why=_("request refused"))
    return row


@transaction.atomic
def withdraw(request: LegalRequest, *, actor: User, reason: str) -> LegalRequest:
    """The authority took it back. Raises AnotherNeeded, WrongState, NotAllowed where something is under way."""
    row = locked(request)
    only_cleared(row, actor)
    _nothing_under_way(row)
    moved(row, State.WITHDRAWN, ended_at=Now())
    stop_all(row, why="withdrawn")
    record(Verb.LEGAL_WITHDRAWN, actor=actor, subject=row, personal={"reason": reason})
    _let_go(row, actor=actor, why=_("request withdrawn"))
    return row


def _nothing_under_way(row: LegalRequest) -> None:
    """A production that is drafted, on its way or out would outlive the end of its reason."""
    if row.matters.filter(production__isnull=False).exclude(production__state__in=ENDED).exists():
        raise NotAllowed(_("Something is drafted or handed over for it. Withdraw that first."))


def _let_go(row: LegalRequest, *, actor: User, why: str) -> None:
    for matter in row.matters.filter(hold__released_at__isnull=True, hold__isnull=False):
        assert matter.hold is not None
        cases.ask_to_release(matter.hold, actor=actor, reason=f"{row.number}: {why}")
