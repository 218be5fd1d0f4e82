"""Decisions: a new row each time, a second person where it cannot be undone, effects, and the clock's end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.conflicts import AlreadyDecided, AnotherPersonNeeded, Conflict, StaleCase
from casework.cases.models import Basis, Case, Decision, DecisionReview, Effect, Locator, Outcome

from .asking import AT_PLATFORM, ask_platform, stop_asking
from .claims import drop_claim, still_held
from .clocks import DECIDED_KEEP, WITHDRAWN, restart_clocks, stop_clocks
from .notes import drop_draft
from .opening import move_case, restrict_case, unrestrict_case
from .turns import take_turn

#: What a decision opens for each place where the imagery is.
EFFECT_PER_LOCATOR = {
    Outcome.REMOVE: Effect.Kind.TAKE_DOWN,
    Outcome.RESTRICT: Effect.Kind.LIMIT,
}
#: Outcomes that protect somebody; replacing one by ``EXPOSING`` cannot be undone for the person depicted.
PROTECTING = {Outcome.REMOVE, Outcome.RESTRICT, Outcome.SUSPECTED_MINOR}
EXPOSING = {Outcome.KEEP, Outcome.NOT_MINOR}
#: Outcomes that restrict or free the case, and so change others with it.
RESTRICTING = {Outcome.SUSPECTED_MINOR, Outcome.NOT_MINOR}
#: Outcomes after which nobody has to look at the case for now.
ENDING = {Outcome.REMOVE, Outcome.RESTRICT, Outcome.KEEP, Outcome.ESCALATE}
#: How long "not enough information" waits for an answer before the case comes back by itself.
ANSWER_WITHIN = timedelta(hours=24)


class ScoreAlone(Conflict):
    """A decision was to rest on a model's score and nothing else."""

    def __init__(self) -> None:
        super().__init__(
            _("A score alone never decides. Say what else the decision rests on. What you typed is kept.")
        )


def needs_second(case: Case, outcome: str) -> bool:
    """Whether this outcome, on this case, waits for a different person.

    Whatever exposes somebody who was protected cannot be taken back: lifting a restriction, keeping what a
    restricted case is about, and undoing a decision that protects, however many others came in between.
    """
    if outcome == Outcome.NOT_MINOR:
        return True
    if outcome not in EXPOSING:
        return False
    return case.restricted or _protected(case)


def _protected(case: Case) -> bool:
    """Whether a decision that held protects somebody and no later one, approved by a second person, undid it."""
    lifted = False
    for outcome in _held(case).values_list("outcome", flat=True):  # newest first
        if outcome == Outcome.KEEP:
            return False
        if outcome == Outcome.NOT_MINOR:
            lifted = True
        elif outcome in PROTECTING and not (lifted and outcome == Outcome.SUSPECTED_MINOR):
            return True
    return False


def _held(case: Case) -> QuerySet[Decision]:
    return case.decisions.filter(Q(needs_second=False) | Q(review__approved=True))


def standing_decision(case: Case) -> Decision | None:
    """The decision that holds: the newest that needed no second person or was approved by one."""
    return _held(case).first()


def waiting_decision(case: Case) -> Decision | None:
    """The decision that waits for a second person, if there is one."""
    return case.decisions.filter(needs_second=True, review__isnull=True).first()


@transaction.atomic
def decide_case(
    case: Case,
    *,
    actor: User,
    token: uuid.UUID | None,
    outcome: str,
    policy: str,
    bases: Sequence[str],
    grounds: str,
    statement: str = "",
    overrides: Decision | None = None,
) -> Decision:
    """Decide a claimed case. *overrides* is the standing decision that the page showed, if it showed one.

    Raises ``LeaseLost``, ``AlreadyDecided``, ``ScoreAlone``, ``IllegalMove``; nothing is stored then.
    """
    if outcome in RESTRICTING:
        take_turn()
    case = still_held(case, actor, token)
    standing = standing_decision(case)
    if standing != overrides or waiting_decision(case) is not None:
        raise AlreadyDecided(
            _(
                "This case has been decided in the meantime. Your text is kept: read the decision, then decide anew."
            )
        )
    if not set(bases) - {Basis.SCORE}:
        raise ScoreAlone
    second = needs_second(case, outcome)
    decision = Decision.objects.create(
        case=case, outcome=outcome, policy=policy, bases=sorted(bases), grounds=grounds, statement=statement,
        decided_by=actor, override_of=overrides, needs_second=second,
    )  # fmt: skip
    record(
        Verb.DECISION_MADE, actor=actor, subject=decision, case=case,
        personal={"grounds": grounds, "statement": statement},
        outcome=outcome, policy=policy, bases=list(bases), needs_second=second,
        override_of=overrides.public_id if overrides else None,
    )  # fmt: skip
    drop_draft(case, "decision", actor=actor)
    drop_claim(case)
    if second:
        move_case(case, Case.Status.APPROVAL, actor=actor, why=outcome, wake_at=None)
    else:
        _carry_out(decision, case, actor=actor)
    return decision


@transaction.atomic
def review_decision(decision: Decision, *, actor: User, approved: bool, reason: str) -> DecisionReview:
    """The second person's word. Raises ``AnotherPersonNeeded`` for the author, ``StaleCase`` where it was given."""
    if decision.decided_by_id == actor.pk:
        raise AnotherPersonNeeded(_("Somebody other than its author has to approve this decision."))
    if decision.outcome in RESTRICTING:
        take_turn()
    case = Case.objects.select_for_update(of=("self",)).get(pk=decision.case_id)
    if not decision.needs_second or DecisionReview.objects.filter(decision=decision).exists():
        raise StaleCase(_("This decision has been reviewed already."))
    review = DecisionReview.objects.create(
        decision=decision, author=decision.decided_by, reviewer=actor, approved=approved, reason=reason
    )
    verb = Verb.DECISION_APPROVED if approved else Verb.DECISION_REFUSED
    record(
        verb, actor=actor, subject=decision, case=case, personal={"reason": reason}, outcome=decision.outcome
    )
    if approved:
        _carry_out(decision, case, actor=actor)
    else:
        _back_to_standing(case, actor=actor)
    return review


def _back_to_standing(case: Case, *, actor: User) -> None:
    """After a refusal what held before holds on; without a decision that ends the work, the case waits again."""
    standing = standing_decision(case)
    if standing is None or standing.outcome not in ENDING:
        move_case(case, Case.Status.WAITING, actor=actor, why="refused_by_second_person")
        return
    move_case(case, Case.Status.DECIDED, actor=actor, why="refused_by_second_person")
    _close_if_done(standing, case, actor=actor)


def _carry_out(decision: Decision, case: Case, *, actor: User) -> None:
    """Open the effects of a decision that holds, move the case and stop its clocks where nothing is left to do."""
    outcome = Outcome(decision.outcome)
    if outcome in ENDING:
        stop_asking(case, actor=actor)
    if outcome not in EXPOSING and outcome not in EFFECT_PER_LOCATOR:
        # Nobody says any more that the notice was unfounded or taken back: what it owed is owed again.
        restart_clocks(case, actor=actor, stopped_why=(DECIDED_KEEP, WITHDRAWN))
    if outcome == Outcome.SUSPECTED_MINOR:
        # Routing, not an end: the case goes to the cleared at once, and its removal clock runs on.
        restrict_case(case, actor=actor, why="minor_suspected")
        if case.status != Case.Status.WAITING:
            move_case(case, Case.Status.WAITING, actor=actor, why=outcome, wake_at=None)
        return
    if outcome == Outcome.NOT_MINOR:
        unrestrict_case(case, actor=actor)
        move_case(case, Case.Status.WAITING, actor=actor, why=outcome)
        return
    if outcome == Outcome.NEED_MORE:
        _open_effect(decision, case, Effect.Kind.INFORM_REPORTER, actor=actor)
        move_case(case, Case.Status.HELD, actor=actor, why=outcome, wake_at=timezone.now() + ANSWER_WITHIN)
        return
    kind = EFFECT_PER_LOCATOR.get(outcome)
    if kind is not None:
        for locator in case.locators.all():
            _open_effect(decision, case, kind, actor=actor, locator=locator)
        if not case.locators.exists():
            _open_effect(decision, case, kind, actor=actor)
        restart_clocks(case, actor=actor)
    if outcome == Outcome.KEEP:
        _put_back(decision, case, actor=actor)
    ask_platform(decision, case, decision.effects.select_related("locator"), actor=actor)
    if outcome == Outcome.ESCALATE:
        _open_effect(decision, case, Effect.Kind.REFER, actor=actor)
    # The status page is the channel to the reporter, so telling them is done by deciding.
    _open_effect(decision, case, Effect.Kind.INFORM_REPORTER, actor=actor, confirmed=True)
    move_case(case, Case.Status.DECIDED, actor=actor, why=outcome, wake_at=None)
    if outcome == Outcome.KEEP:
        stop_clocks(case, actor=actor, why=DECIDED_KEEP)
    _close_if_done(decision, case, actor=actor)


def _put_back(decision: Decision, case: Case, *, actor: User) -> None:
    """What an earlier decision took down or limited, as far as it was confirmed, is to be put back."""
    places: set[int | None] = set()
    happened = Effect.objects.filter(
        decision__case=case, kind__in=AT_PLATFORM, confirmed_at__isnull=False
    ).select_related("locator")
    for effect in happened.order_by("-confirmed_at", "-pk"):
        if effect.locator_id not in places and effect.kind != Effect.Kind.RESTORE:
            _open_effect(decision, case, Effect.Kind.RESTORE, actor=actor, locator=effect.locator)
        places.add(effect.locator_id)


def _open_effect(
    decision: Decision,
    case: Case,
    kind: str,
    *,
    actor: User,
    locator: Locator | None = None,
    confirmed: bool = False,
) -> Effect:
    effect = Effect(decision=decision, kind=kind, locator=locator)
    if confirmed:
        effect.confirmed_at = timezone.now()
        effect.settled_by = actor
    effect.save()
    record(Verb.EFFECT_OPENED, actor=actor, subject=effect, case=case, kind=kind, confirmed=confirmed)
    return effect


@transaction.atomic
def settle_effect(
    effect: Effect,
    *,
    actor: User | None,
    confirmed: bool,
    remark: str = "",
    how: str = Effect.How.PERSON,
) -> Effect:
    """An effect has happened, or failed: a person saw it, or the platform says so (then *actor* is None).

    The last removal confirmed stops the clock.

    A failed effect may be confirmed later; a confirmed one stays. Raises ``StaleCase``, also for an effect of a
    decision that no longer holds.
    """
    case = Case.objects.select_for_update(of=("self",)).get(pk=effect.decision.case_id)
    if effect.decision != standing_decision(case):
        raise StaleCase(_("This decision was replaced by a later one. Nothing was written down; look again."))
    change = {"confirmed_at": Now(), "failed_at": None} if confirmed else {"failed_at": Now()}
    if not Effect.objects.filter(pk=effect.pk, confirmed_at__isnull=True).update(
        **change, settled_by=actor, remark=remark, how=how
    ):
        raise StaleCase(_("This has been confirmed already."))
    effect.refresh_from_db()
    verb = Verb.EFFECT_CONFIRMED if confirmed else Verb.EFFECT_FAILED
    record(
        verb, actor=actor, subject=effect, case=case, personal={"remark": remark}, kind=effect.kind, how=how
    )
    if confirmed:
        _close_if_done(effect.decision, case, actor=actor)
    return effect


def _close_if_done(decision: Decision, case: Case, *, actor: User | None) -> None:
    """Stop the clocks once every place is confirmed gone, and close the case once nothing is open.

    A case that was only passed on still owes a removal while its clock runs: it waits again instead of closing.
    """
    if decision != standing_decision(case) or case.status != Case.Status.DECIDED:
        return
    still_open = decision.effects.filter(confirmed_at__isnull=True)
    removal = decision.effects.filter(kind__in=EFFECT_PER_LOCATOR.values())
    if removal.exists() and not removal.filter(confirmed_at__isnull=True).exists():
        stop_clocks(case, actor=actor, why="confirmed_gone")
    if still_open.exists():
        return
    owes = case.clocks.filter(stopped_at__isnull=True).exists()
    move_case(case, Case.Status.WAITING if owes else Case.Status.CLOSED, actor=actor, why="effects_confirmed")


@transaction.atomic
def hear_reporter(case: Case) -> None:
    """The reporter wrote or added something: who waits for an answer has it, and a "keep" is looked at again.

    A removal stands whatever they write; its case is not reopened by a word of thanks.
    """
    case.refresh_from_db(from_queryset=Case.objects.select_for_update())
    standing = standing_decision(case)
    if case.status == Case.Status.HELD:
        move_case(case, Case.Status.WAITING, actor=None, why="reporter_wrote", wake_at=None)
    elif case.status == Case.Status.CLOSED and standing is not None and standing.outcome == Outcome.KEEP:
        move_case(case, Case.Status.WAITING, actor=None, why="reporter_wrote")
