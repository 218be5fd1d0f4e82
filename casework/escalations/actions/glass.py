"""Without a second person, where a life is in danger: said aloud, reviewed within a day, and once at a time."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import GRANTS, Perm
from casework.audit.log import Verb
from casework.escalations.conflicts import GlassRefused, IllegalMove, NotReady, SamePerson
from casework.escalations.models import BreakGlass, Escalation, State, Urgency
from casework.outbox.actions import BadMail, post_mail
from casework.ui.durations import exact_time

from .drafting import may, note_preview, own_draft, pictures_agreed, ready, set_off
from .moving import change, lock, move, note

REVIEW_WITHIN = timedelta(hours=24)
#: Characters that the words have to have at least.
LEAST_WORDS = 20
MAIL = "escalation.glass"


@transaction.atomic
def break_glass(escalation: Escalation, *, actor: User, why: str, words: str, digest: str) -> None:
    """Let one's own draft go at once: *why* is a ``BreakGlass``, *digest* stands for the preview that was read.

    Raises ``GlassRefused`` with the reason, ``LookAgain``, ``NotReady``, ``OnlyAuthor``; nothing leaves then.
    """
    may(actor, Perm.BREAK_GLASS)
    # One at a time, in however many tabs; not so hard that entries of theirs elsewhere would have to wait.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    own_draft(escalation, actor, State.DRAFT)
    if obstacle := _obstacle(escalation, actor, why, words):
        raise GlassRefused(obstacle)
    note_preview(escalation, actor=actor, digest=digest)
    if found := ready(escalation, actor):
        raise NotReady(found)
    pictures_agreed(escalation)
    move(
        escalation, State.APPROVED, actor=actor, verb=Verb.ESCALATION_GLASS_BROKEN, why=why, digest=digest,
        version=escalation.version, personal={"words": words},
        changes={
            "break_glass": why, "break_glass_words": words, "broken_at": Now(),
            "review_due_at": Now() + REVIEW_WITHIN, "approved_digest": digest,
        },
    )  # fmt: skip
    _tell_supervisors(escalation, actor)
    set_off(escalation, actor=actor)


@transaction.atomic
def review_glass(escalation: Escalation, *, actor: User, right: bool, words: str) -> None:
    """Somebody else's judgement afterwards. Where it was wrong, what went out can be withdrawn by the ordinary way.

    Raises ``SamePerson``, ``IllegalMove`` where there is nothing (any more) to review.
    """
    may(actor, Perm.REVIEW_BREAK_GLASS)
    lock(escalation, actor)
    if not escalation.break_glass or escalation.reviewed_at is not None:
        raise IllegalMove(_("There is nothing here that waits for a review. Nothing was changed."))
    if actor.pk == escalation.drafted_by_id:
        raise SamePerson(_("You sent this yourself. Somebody else has to review it."))
    change(escalation, reviewed_by=actor, reviewed_at=Now(), review_right=right, review_words=words)
    note(Verb.ESCALATION_GLASS_REVIEWED, escalation, actor=actor, right=right, personal={"words": words})


@transaction.atomic
def note_overdue_review(escalation: Escalation) -> bool:
    """Write down once that nobody has reviewed it within the time; whether that was now."""
    due = Escalation.objects.select_for_update().filter(
        pk=escalation.pk, review_due_at__lte=Now(), reviewed_at__isnull=True, overdue_noted_at__isnull=True
    )
    if not due.exists():
        return False
    change(escalation, overdue_noted_at=Now())
    note(Verb.ESCALATION_GLASS_OVERDUE, escalation, actor=None, due_at=escalation.review_due_at)
    return True


def _obstacle(escalation: Escalation, actor: User, why: str, words: str) -> str:
    """Why it may not go without a second person; empty when it may."""
    if escalation.urgency != Urgency.LIFE_THREAT or why not in BreakGlass.values:
        return _("Only danger to life goes without a second person. Offer it for approval instead.")
    if len(words.strip()) < LEAST_WORDS:
        return _("Say what you know and why it can't wait, in at least %(n)d characters.") % {
            "n": LEAST_WORDS
        }
    earlier = Escalation.objects.filter(drafted_by=actor, broken_at__isnull=False, reviewed_at__isnull=True)
    open_one = earlier.exclude(pk=escalation.pk).order_by("review_due_at").first()
    if open_one is None or open_one.review_due_at is None:
        return ""
    return _(
        "What you sent without a second person before has not been reviewed (due %(moment)s). Until somebody has "
        "reviewed it, offer this one for approval: any senior, supervisor or legal liaison can let it go at once."
    ) % {"moment": exact_time(open_one.review_due_at)}


def _tell_supervisors(escalation: Escalation, actor: User) -> None:
    """A neutral word to everybody who may review it and for whom the case exists; their list shows it anyway."""
    roles = [role for role, perms in GRANTS.items() if Perm.REVIEW_BREAK_GLASS in perms]
    for person in User.objects.filter(role__in=roles, is_active=True).exclude(pk=actor.pk).order_by("pk"):
        if not Escalation.objects.for_user(person).filter(pk=escalation.pk).exists():
            continue
        _mail(escalation, actor, person)


def _mail(escalation: Escalation, actor: User, person: User) -> None:
    """Not ``about`` the escalation: a withdrawal cancels what waits for the partner, never this."""
    text = _(
        "A colleague sent something without a second person because a life is in danger. It has to be reviewed within "
        "24 hours:\n\n%(address)s\n\nThis message says no more on purpose.\n"
    ) % {"address": f"{settings.PUBLIC_URL}{reverse('escalations')}"}
    # An address that nobody can write to must not hold up a life; the list shows it all the same.
    with suppress(BadMail):
        post_mail(
            to=person.email, subject=_("Something was sent without a second person"), text=text, kind=MAIL,
            case=escalation.case, actor=actor,
        )  # fmt: skip
