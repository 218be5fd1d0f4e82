"""What a request is given: a production per case, drafted here and let go like any other escalation."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.models import Locator
from casework.escalations.actions import draft_escalation
from casework.escalations.models import Basis, Escalation, Urgency
from casework.escalations.models import State as Out
from casework.evidence.models import Item
from casework.jobs.rows import each
from casework.legal import scope
from casework.legal.conflicts import AnotherNeeded, NotAllowed
from casework.legal.models import LegalClock, LegalRequest, LegalRequestCase, State, Type
from casework.partners.models import Channel, Partner

from .clocks import stop_all, stop_clock
from .moving import changed, locked, moved, only_cleared

#: Productions that came to nothing; another may take their place.
ENDED = (Out.REFUSED, Out.WITHDRAWN)
#: Ways that carry no package to an authority.
NO_WAY = (Channel.CYBERTIP, Channel.XARF_MAIL, Channel.XARF_API, Channel.STOPNCII)


@transaction.atomic
def produce(matter: LegalRequestCase, *, actor: User) -> Escalation:
    """Draft what this request is given of one case: the fields that its categories cover and its type can reach.

    From here on it goes its ordinary way: preview, approval by another person, imagery by a third. The case's rights
    are asked by the door. Raises NotAllowed, WrongState.
    """
    request = locked(matter.request, State.ACCEPTED)
    matter = LegalRequestCase.objects.select_for_update(of=("self",)).select_related("production").get(
        pk=matter.pk
    )  # fmt: skip
    items, places = list(matter.case.items.all()), list(matter.case.locators.all())
    fields = _held(scope.fields(request), items, places)
    if problem := _why_not_produced(request, matter, fields):
        raise NotAllowed(problem)
    assert request.partner is not None
    made = draft_escalation(
        matter.case,
        actor=actor,
        partner=request.partner,
        basis=Basis.LEGAL_REQUEST,
        authority=_authority(request),
        legal_request=request.public_id,
        urgency=_urgency(request),
        jurisdiction=request.country,
        jurisdiction_how=_("named by the legal request"),
        fields=fields,
        reasons={code: _("asked for by %(number)s") % {"number": request.number} for code in fields},
        imagery_why=_authority(request) if "imagery" in fields else "",
        facts=_("What %(authority)s asked for with %(theirs)s, and nothing beyond it. Our number: %(ours)s.")
        % {
            "authority": request.authority,
            "theirs": request.authority_reference or _("a request without a number"),
            "ours": request.number,
        },
        nondisclosure_until=request.nondisclosure_until,
        items={item: "imagery" in fields and item.rendition_id is not None for item in items}
        if {"hashes", "imagery"} & set(fields)
        else {},
        locators=places,  # they leave where the fields say so
    )
    matter.production = made
    matter.save(update_fields=["production"])
    record(
        Verb.LEGAL_PRODUCTION_DRAFTED, actor=actor, subject=matter, case=matter.case, request=request.public_id,
        fields=fields,
    )  # fmt: skip
    return made


def _why_not_produced(request: LegalRequest, matter: LegalRequestCase, fields: list[str]) -> str:
    if request.partner is None or not request.partner.receives or request.partner.channel in NO_WAY:
        return _(
            "Choose the authority in the directory of partners first, in force and with a channel that takes packages."
        )
    if not fields:
        return _(
            "Under this process nothing that we hold of this case can be given. Leave it out, and answer in words."
        )
    if matter.left_out_by_id is not None:
        return _("This case was left out. Nothing was drafted.")
    if matter.production is not None and matter.production.state not in ENDED:
        return _("It is drafted already: %(number)s.") % {"number": matter.production.number}
    return ""


def _authority(request: LegalRequest) -> str:
    period = ""
    if request.period_from or request.period_until:
        days = [at.date().isoformat() if at else "…" for at in (request.period_from, request.period_until)]
        period = f" ({days[0]} – {days[1]})"
    cited = request.citation or str(request.get_type_display())
    return f"{request.number} · {request.authority_reference} · {cited}{period}"[:200]


def _urgency(request: LegalRequest) -> str:
    return Urgency.LIFE_THREAT if request.type == Type.EMERGENCY else Urgency.ROUTINE


def _held(fields: list[str], items: list[Item], places: list[Locator]) -> list[str]:
    """Those of *fields* that this case has something for; empty where none of them says anything."""
    there = {
        "hashes": bool(items),
        "item_details": bool(items),
        "imagery": any(item.rendition_id is not None for item in items),
        "locators": bool(places),
        "uploader_accounts": any(place.kind == Locator.Kind.ACCOUNT for place in places),
    }
    held = [code for code in fields if there.get(code, True)]
    return held if set(held) - set(scope.ALWAYS) else []


@transaction.atomic
def choose_partner(request: LegalRequest, *, actor: User, partner: Partner) -> LegalRequest:
    """Name the directory entry that productions leave through. Raises AnotherNeeded, NotAllowed once something is
    drafted."""
    row = locked(request, State.RECEIVED, State.CHECKING, State.ACCEPTED)
    if row.partner_id is not None:
        only_cleared(row, actor)
    if row.matters.filter(production__isnull=False).exclude(production__state__in=ENDED).exists():
        raise NotAllowed(_("Something is drafted for it already. Nothing was changed."))
    was = row.partner.public_id if row.partner is not None else None
    changed(row, partner=partner)
    record(Verb.LEGAL_PARTNER_CHOSEN, actor=actor, subject=row, was=was, now=partner.public_id)
    return row


@transaction.atomic
def settle(request: LegalRequest, *, actor: User | None = None) -> bool:
    """Note that everything was produced, once it really left; false while something has not.

    The clock stops at the moment the last production was sent, not when somebody looked.
    """
    row = locked(request)
    if actor is not None:
        only_cleared(row, actor)
    matters = list(row.matters.filter(left_out_by__isnull=True).select_related("production"))
    made = [matter.production for matter in matters if matter.production is not None]
    if row.state != State.ACCEPTED or not matters or len(made) < len(matters):
        return False
    if any(one.state not in Escalation.OUT for one in made):
        return False
    sent = max((one.sent_at for one in made if one.sent_at is not None), default=None)
    _answered(row, actor=actor, how="production", at=sent)
    return True


def settle_all() -> list[str]:
    """Settle every accepted request whose productions may have left, each in a transaction of its own; names those with
    which that failed (``casework.jobs.rows.each``)."""
    sent = Exists(
        LegalRequestCase.objects.filter(request=OuterRef("pk"), production__state__in=Escalation.OUT)
    )
    waiting = LegalRequest.objects.filter(sent, state=State.ACCEPTED).defer("document")
    return each(waiting, settle)


@transaction.atomic
def answer_in_words(request: LegalRequest, *, actor: User, words: str) -> LegalRequest:
    """Note an answer that is no package: an order carried out, a person answered, or nothing held.

    That nothing is held can be said by the cleared alone: they are the ones who would see it. Raises NotAllowed,
    AnotherNeeded, WrongState.
    """
    row = locked(request, State.ACCEPTED)
    acted = row.type in scope.ANSWERED_BY_HAND
    if not acted and not actor.cleared:
        raise AnotherNeeded(_("Only somebody who is cleared can say that there is nothing to give."))
    left = row.matters.filter(left_out_by__isnull=True)
    if not acted and scope.fields(row) and left.exists():
        raise NotAllowed(
            _("It names cases that something can be given of. Produce it, or leave them out with a reason.")
        )
    changed(row, answered_how=words)
    _answered(row, actor=actor, how="words", at=None)
    return row


def _answered(row: LegalRequest, *, actor: User | None, how: str, at: datetime | None) -> None:
    moved(row, State.PRODUCED, answered_at=at or Now())
    stop_clock(row, LegalClock.Kind.ANSWER, why="produced", at=at)
    record(Verb.LEGAL_PRODUCED, actor=actor, subject=row, how=how)


@transaction.atomic
def note_process(request: LegalRequest, *, actor: User, reference: str) -> LegalRequest:
    """The process that follows an emergency has come. Raises NotAllowed where none is awaited."""
    row = locked(request)
    if not row.clocks.filter(kind=LegalClock.Kind.PROCESS, stopped_at__isnull=True).exists():
        raise NotAllowed(_("No process is awaited for this request."))
    changed(row, process_reference=reference)
    stop_clock(row, LegalClock.Kind.PROCESS, why="process_received")
    record(
        Verb.LEGAL_PROCESS_RECEIVED, actor=actor, subject=row, 
        personal={"reference": reference},
    )  # fmt: skip
    return row


@transaction.atomic
def close_request(request: LegalRequest, *, actor: User) -> LegalRequest:
    """Close it once nothing runs any more. Raises NotAllowed while a clock still does, WrongState."""
    row = locked(request)
    if row.clocks.filter(stopped_at__isnull=True, due_at__gt=Now()).exists():
        raise NotAllowed(
            _("A clock of it still runs. Answer it, or wait until what is kept has run its time.")
        )
    was = row.state
    moved(row, State.CLOSED, ended_at=Now())
    stop_all(row, why="closed")
    record(Verb.LEGAL_CLOSED, actor=actor, subject=row, was=was)
    return row
