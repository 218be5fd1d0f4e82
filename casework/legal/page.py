"""What the page of one request shows, put together for one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms as django_forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.audit.log import history_of
from casework.partners.models import Partner

from . import actions, forms, scope
from .models import Category, LegalClock, LegalLetter, LegalRequest, LegalRequestCase, State, Type
from .wording import GROUNDS, clock_words, officer_words, target_words, tone

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_EMERGENCY: dict[str, StrOrPromise] = {
    "nature": _("Danger"),
    "person_at_risk": _("Who is at risk"),
    "imminence": _("Why it is imminent"),
    "why_no_process": _("Why there is no process"),
    "data_needed": _("What would avert it"),
}
#: Small forms of the page: name -> class. The one that was sent with a mistake comes back as it was typed.
_SMALL: dict[str, type[django_forms.Form]] = {
    "reopen": forms.ReasonForm,
    "withdraw": forms.ReasonForm,
    "renew": forms.ReferenceForm,
    "process": forms.ReferenceForm,
    "silence": forms.SilenceForm,
    "notified": forms.NotifiedForm,
    "answer": forms.AnswerForm,
}


def partners_of(user: User) -> Any:
    """The directory entries that a production may leave through, for a form."""
    return Partner.objects.for_user(user).filter(state=Partner.State.ACTIVE).select_related("organisation")


def request_context(
    request: LegalRequest, user: User, *, bad: tuple[str, Any] | None = None, mistake: str = ""
) -> dict[str, Any]:
    """Everything ``legal/detail.html`` needs; *bad* is (name, form) of a form that came with a mistake."""
    small = {name: kind(label_suffix="", auto_id=f"id_{name}_%s") for name, kind in _SMALL.items()}
    small["partner"] = forms.PartnerForm(partners=partners_of(user))
    if bad is not None:
        small[bad[0]] = bad[1]
    return {
        "legal": request,
        "tone": tone(request),
        "facts": facts(request),
        "asked": asked(request),
        "emergency": [
            {"label": _EMERGENCY[part], "value": request.emergency.get(part, "")} for part in _EMERGENCY
        ]
        if request.type == Type.EMERGENCY
        else [],
        "targets": [target_words(target) for target in request.targets],
        "clocks": [{"clock": clock, **clock_words(clock)} for clock in request.clocks.all()],
        "checks": request.checks.select_related("person"),
        "matters": [_matter(matter) for matter in request.matters_for(user)],
        "letters": request.letters.select_related("written_by", "released_by").prefetch_related("hand_overs"),
        "timeline": history_of(request),
        "forms": small,
        "bad": bad[0] if bad else "",
        "mistake": mistake,
        "grounds": [GROUNDS[code][0] for code in request.grounds if code in GROUNDS],
        "may": steps(request, user),
    }


def facts(request: LegalRequest) -> list[dict[str, Any]]:
    """The facts of the request, those that are there."""
    rows: list[tuple[StrOrPromise, Any]] = [
        (_("Authority"), f"{request.authority}, {request.country}"),
        (_("Their case number"), request.authority_reference),
        (_("Law cited"), request.citation),
        (_("Officer"), officer_words(request.officer)),
        (_("Number in the request"), _dont_call(request)),
        (_("Entry in the directory"), str(request.partner) if request.partner else ""),
        (_("Issued on"), request.issued_on),
        (_("How it was served"), request.served_by),
        (_("Order of silence"), request.nondisclosure_reference),
        (_("Objection"), request.objection),
        (_("Process that followed"), request.process_reference),
        (_("Answered in words"), request.answered_how),
        (_("Costs"), f"{request.cost} {request.cost_currency}" if request.cost is not None else ""),
        (_("Entered by"), request.entered_by.name),
        (_("Accepted by"), request.accepted_by.name if request.accepted_by else ""),
    ]
    moments: list[tuple[StrOrPromise, Any]] = [
        (_("Received"), request.received_at),
        (_("For the time from"), request.period_from),
        (_("For the time until"), request.period_until),
        (_("Nobody may be told until"), request.nondisclosure_until),
        (_("The person concerned may be told from"), request.notice_due_at),
        (_("The person concerned was told"), request.notified_at),
    ]
    said: list[dict[str, Any]] = [{"label": label, "value": value} for label, value in rows if value]
    return said + [{"label": label, "at": at} for label, at in moments if at]


def _dont_call(request: LegalRequest) -> str:
    phone = request.officer.get("phone", "")
    return _now("%(phone)s (don't call this one back)") % {"phone": phone} if phone else ""


def asked(request: LegalRequest) -> list[dict[str, Any]]:
    """What it asks for, and whether its type can reach that at all."""
    reach = scope.allowed(request.type)
    return [
        {"text": Category(code).label, "reached": code in reach}
        for code in Category.values
        if code in request.categories
    ]


def row_of(request: LegalRequest) -> dict[str, Any]:
    """A line of the list: the request, its tone, its clocks in words."""
    clocks = [{"clock": clock, **clock_words(clock)} for clock in request.clocks.all()]
    return {"legal": request, "tone": tone(request), "clocks": clocks}


def _matter(matter: LegalRequestCase) -> dict[str, Any]:
    free = matter.production is None or matter.production.state in actions.ENDED
    return {"matter": matter, "free": free and matter.left_out_by_id is None}


def steps(request: LegalRequest, user: User) -> dict[str, bool]:
    """Which steps the page offers this person now. The actions ask again, and decide."""
    if not user.may(Perm.HANDLE_LEGAL):
        return {}
    state, checks = request.state, list(request.checks_now())
    being_checked = state in (State.RECEIVED, State.CHECKING)
    doubted = any(not check.authentic for check in checks)
    ours = state != State.ACCEPTED or user.cleared  # as in ``actions.only_cleared``
    ended = actions.keeping_ended(request)
    running = {clock.kind for clock in request.clocks.all() if clock.stopped_at is None}
    live = being_checked or state == State.ACCEPTED
    return {
        "store": being_checked and not request.document_sha256,
        "check": being_checked and all(check.person_id != user.pk for check in checks),
        "accept": state == State.CHECKING and not actions.why_not_accepted(request)
        and request.entered_by_id != user.pk,
        "refuse": ours and live,
        "withdraw": ours and (live or state == State.PRESERVED),
        "waits_for_cleared": not ours,
        "reopen": user.may(Perm.REOPEN_LEGAL) and (state == State.REFUSED or (doubted and being_checked))
        and not ended,
        "partner": live and not request.preserving and (ours or request.partner is None),
        "produce": state == State.ACCEPTED and bool(scope.fields(request)),
        "answer": state == State.ACCEPTED,
        "settle": state == State.ACCEPTED and user.cleared,
        "renew": LegalClock.Kind.PRESERVE in running and state != State.REFUSED and not ended,
        "process": LegalClock.Kind.PROCESS in running,
        "silence": not request.preserving and state in (State.ACCEPTED, State.PRODUCED),
        "notified": request.notice_due_at is not None and request.notice_due_at <= timezone.now()
        and request.notified_at is None and not request.silent,
        "close": state in (State.PRODUCED, State.PRESERVED, State.REFUSED, State.WITHDRAWN),
        "write": True,
    }  # fmt: skip


def letter_links(request: LegalRequest) -> list[dict[str, Any]]:
    """The letters that make sense now, with where they are written."""
    return [
        {
            "text": LegalLetter.Kind(kind).label,
            "url": reverse("legal_letter_write", args=[request.public_id, kind]),
        }
        for kind, states in actions.FITS.items()
        if request.state in states
    ]
