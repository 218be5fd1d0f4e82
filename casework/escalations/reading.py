"""What the desk's pages ask about escalations: lists and their counts, what belongs to one, what a case offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.cases.models import Case
from casework.outbox.models import Message
from casework.partners.models import Channel, Partner

from . import requests
from .actions.moving import ACKNOWLEDGED_BY
from .actions.reminding import REMIND_AFTER, UNACKNOWLEDGED
from .models import Download, Escalation, EscalationItem, Package, State, Tip

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: A partner that has not acknowledged by then is late, and is reminded.
ACKNOWLEDGE_WITHIN = timedelta(hours=REMIND_AFTER[0])
#: States in which the desk waits for the other side, or for the package.
UNDER_WAY = (State.APPROVED, State.SENT, State.DELIVERED, State.ACKNOWLEDGED, State.ANSWERED)

_OFFERED = Q(state=State.DRAFT, offered_at__isnull=False)
_UNREVIEWED = ~Q(break_glass="") & Q(broken_at__isnull=False, reviewed_at__isnull=True)
#: Reports to NCMEC that could not be sent, or not be taken back, and hashes that StopNCII did not take in time.
_STOPPED_TIP = Q(tip__next_try_at__isnull=True) & Q(tip__failure_code__gt="")
#: The outbox gives up after so long; an exchange is asked for ever, so a person is told instead.
HAND_OVER_WITHIN = timedelta(hours=72)
_NOT_TAKEN = Q(channel=Channel.STOPNCII, state=State.SENT, sent_at__lt=Now() - HAND_OVER_WITHIN)
_STOPPED = _STOPPED_TIP | _NOT_TAKEN
_WITH_PICTURE = Exists(EscalationItem.objects.filter(escalation=OuterRef("pk"), with_picture=True))


@dataclass(frozen=True)
class Tab:
    """One tab of the list. *needs*: it stands there for people with one of these rights, for everybody when empty."""

    name: str
    label: StrOrPromise
    empty: StrOrPromise
    needs: tuple[Perm, ...] = ()


TABS = (
    Tab(
        "mine",
        _("My drafts"),
        _("You have no draft, and none was returned to you."),
        (Perm.DRAFT_ESCALATION,),
    ),
    Tab("approve", _("To approve"), _("No draft waits for you."), (Perm.APPROVE_ESCALATION,)),
    Tab("imagery", _("Pictures to approve"), _("No picture waits for you."), (Perm.APPROVE_IMAGERY,)),
    Tab(
        "glass",
        _("Break-glass to review"),
        _("Everything that went without a second person has been reviewed."),
        (Perm.REVIEW_BREAK_GLASS, Perm.BREAK_GLASS),
    ),
    Tab(
        "stopped",
        _("Stopped"),
        _("Nothing that was let go waits for a person: neither a report to NCMEC nor hashes for StopNCII."),
    ),
    Tab("out", _("Under way"), _("Nothing is with a partner.")),
    Tab("all", _("All"), _("Nothing was ever escalated. A draft begins on the page of a case.")),
)


def tabs_for(user: User) -> list[Tab]:
    """The tabs that this person has any business with."""
    return [tab for tab in TABS if not tab.needs or any(user.may(perm) for perm in tab.needs)]


def condition(tab: str, user: User) -> Q:
    """What a tab holds for this person."""
    not_own = ~Q(drafted_by=user)
    match tab:
        case "mine":
            return Q(state__in=(State.DRAFT, State.RETURNED), drafted_by=user)
        case "approve":
            return _OFFERED & not_own
        case "imagery":
            waiting = _OFFERED & Q(imagery_approved_by__isnull=True) & Q(_WITH_PICTURE)
            return waiting & not_own & (Q(approved_by__isnull=True) | ~Q(approved_by=user))
        case "glass":
            return _UNREVIEWED
        case "stopped":
            return _STOPPED
        case "out":
            return Q(state__in=UNDER_WAY)
    return Q()


def listed(user: User, tab: str) -> QuerySet[Escalation]:
    """The escalations of one tab, the most pressing first: reviews and clocks by their end, the rest newest first."""
    order = {"glass": ("review_due_at", "pk"), "out": ("sent_at", "pk"), "approve": ("offered_at", "pk")}
    found = Escalation.objects.for_user(user).filter(condition(tab, user))
    return found.select_related("case", "partner__organisation", "drafted_by", "tip").order_by(
        *order.get(tab, ("-pk",))
    )


def counts(user: User) -> dict[str, int]:
    """How many each tab of this person holds, and under ``late`` how many were not acknowledged in time."""
    tallies = {
        tab.name: Count("pk", filter=condition(tab.name, user)) for tab in tabs_for(user) if tab.name != "all"
    }
    late = Q(state__in=UNACKNOWLEDGED, channel__in=ACKNOWLEDGED_BY, sent_at__lt=Now() - ACKNOWLEDGE_WITHIN)
    found: dict[str, int] = Escalation.objects.for_user(user).aggregate(
        **tallies, late=Count("pk", filter=late)
    )
    return found


def waiting_for(user: User) -> int:
    """How many wait for this very person's word: the number in the rail."""
    wanted = Q(pk__in=())
    if user.may(Perm.APPROVE_ESCALATION):
        wanted |= condition("approve", user)
    if user.may(Perm.APPROVE_IMAGERY):
        wanted |= condition("imagery", user)
    if user.may(Perm.DRAFT_ESCALATION):
        wanted |= _STOPPED & Q(drafted_by=user)
    if user.may(Perm.REVIEW_BREAK_GLASS):
        wanted |= _UNREVIEWED & ~Q(drafted_by=user)
    return Escalation.objects.for_user(user).filter(wanted).count()


def awaits_acknowledgement(escalation: Escalation) -> bool:
    """Whether somebody there has yet to say that they have it: by some channels nobody ever does."""
    return escalation.state in UNACKNOWLEDGED and escalation.channel in ACKNOWLEDGED_BY


def is_not_taken(escalation: Escalation) -> bool:
    """Whether hashes that were to be handed over still wait after 72 hours: a person looks at the exchange."""
    if escalation.channel != Channel.STOPNCII or escalation.state != State.SENT or escalation.sent_at is None:
        return False
    return escalation.sent_at + HAND_OVER_WITHIN < timezone.now()


def unreviewed_of(user: User) -> Escalation | None:
    """What this person sent without a second person and nobody has reviewed: until then they can't do so again."""
    sent = Escalation.objects.for_user(user).filter(_UNREVIEWED, drafted_by=user)
    return sent.order_by("review_due_at").first()


def partners_named(user: User) -> QuerySet[Partner]:
    """The partners that anything went to, for the filter of the list."""
    return (
        Partner.objects.for_user(user)
        .filter(Exists(Escalation.objects.for_user(user).filter(partner=OuterRef("pk"))))
        .select_related("organisation")
    )


def all_partners(user: User) -> QuerySet[Partner]:
    """The directory, those that can't be sent anything included."""
    found = Partner.objects.for_user(user).select_related("organisation", "endpoint")
    return found.prefetch_related("keys")


def of_case(case: Case, user: User) -> QuerySet[Escalation]:
    """What was drafted or sent of one case, newest first."""
    return (
        Escalation.objects.for_user(user)
        .filter(case=case)
        .select_related("partner__organisation", "drafted_by", "tip")
    )


def tip_of(escalation: Escalation) -> Tip | None:
    """The report to NCMEC once it was let go; None for another channel, and while it is a draft."""
    return Tip.objects.filter(escalation=escalation, started_at__isnull=False).first()


def package_of(escalation: Escalation) -> Package | None:
    """The newest package, or None while none was asked for."""
    return escalation.packages.order_by("-pk").first()


def downloads_of(escalation: Escalation) -> QuerySet[Download]:
    """Every time a package of it was fetched, newest first."""
    found = Download.objects.filter(package__escalation=escalation)
    return found.select_related("person", "link__contact", "package")


def messages_about(escalation: Escalation) -> Sequence[Message]:
    """What the outbox carried for it, newest first, with every attempt."""
    found = Message.objects.filter(about__contains=[str(escalation.public_id)])
    return list(found.prefetch_related("tries").order_by("-pk"))


def narrowed(found: QuerySet[Escalation], chosen: dict[str, Any]) -> QuerySet[Escalation]:
    """*found* under the filters of the list: the public id of a partner, a state, an urgency."""
    names = {"partner": "partner__public_id", "state": "state", "urgency": "urgency"}
    return found.filter(**{names[name]: value for name, value in chosen.items() if name in names and value})


def stored_packages() -> set[UUID]:
    """The keys of the files of packages in the evidence store, for the reaper, which must leave them alone."""
    kept = Package.objects.filter(state=Package.State.READY, storage_key__isnull=False)
    return {key for key in kept.values_list("storage_key", flat=True) if key is not None}


def silent_until(escalation: Escalation) -> datetime | None:
    """Until when the legal request that this answers forbids any word; None where it answers none, or none forbids."""
    found = Escalation.objects.filter(pk=escalation.pk)
    drafted_for = found.values_list("produced_for__request__public_id", flat=True).first()
    return requests.silent_until(drafted_for, escalation.legal_request)
