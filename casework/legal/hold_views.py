"""Doors to the legal holds of a case: what keeps it, and the two people who may lift that early."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up
from casework.cases import actions as cases
from casework.cases.models import Case, LegalHold

from .forms import HoldForm, ReasonForm
from .models import LegalRequest


def _case(request: DeskRequest, public_id: UUID) -> Case:
    return get_object_or_404(Case.objects.for_user(request.user), public_id=public_id)


def _hold(request: DeskRequest, public_id: UUID, hold_id: UUID) -> LegalHold:
    return get_object_or_404(_case(request, public_id).legal_holds, public_id=hold_id)


def _show(
    request: DeskRequest, case: Case, *, form: HoldForm | None = None, status: int = 200
) -> HttpResponse:
    people = ("placed_by", "release_asked_by", "released_by")
    may_handle = request.user.may(Perm.HANDLE_LEGAL)
    holds: list[dict[str, Any]] = [
        {
            "hold": hold,
            "may_ask": may_handle and hold.released_at is None and hold.release_asked_by_id is None,
            "may_release": may_handle
            and hold.released_at is None
            and hold.release_asked_by_id not in (None, request.user.pk),
        }
        for hold in case.legal_holds.select_related(*people)
    ]
    context = {"case": case, "holds": holds, "held": cases.held(case), "may_handle": may_handle}
    context["requests"] = LegalRequest.objects.for_user(request.user).filter(matters__case=case)
    context["form"] = form or HoldForm(label_suffix="", auto_id="id_hold_%s")
    name = "legal/_holds.html" if request.htmx else "legal/holds.html"
    return render(request, name, context, status=status)


@require_safe
@requires(Perm.READ_LEGAL)
def holds(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """What keeps this case: a panel of its page, and a page of its own."""
    return _show(request, _case(request, public_id))


@require_POST
@requires(Perm.HANDLE_LEGAL)
def place(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Hold a case for a dispute before a court."""
    case = _case(request, public_id)
    form = HoldForm(request.POST, label_suffix="", auto_id="id_hold_%s")
    if not form.is_valid():
        return _show(request, case, form=form, status=422)
    cases.place_hold(case, actor=request.user, why=LegalHold.Why.LITIGATION, **form.cleaned_data)
    return redirect("legal_holds", public_id)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def ask(request: DeskRequest, public_id: UUID, hold_id: UUID) -> HttpResponseBase:
    """Ask a second person to lift a hold early."""
    hold = _hold(request, public_id, hold_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write the reason. Nothing was asked."))
    elif not cases.ask_to_release(hold, actor=request.user, reason=form.cleaned_data["reason"]):
        messages.info(request, _("It is lifted already. Nothing was changed."))
    return redirect("legal_holds", public_id)


@require_POST
@requires(Perm.HANDLE_LEGAL)
@steps_up
def release(request: DeskRequest, public_id: UUID, hold_id: UUID) -> HttpResponseBase:
    """Be the second person who lifts a hold."""
    hold = _hold(request, public_id, hold_id)
    try:
        lifted = cases.release_hold(hold, actor=request.user)
    except cases.SameHoldPerson:
        messages.error(request, _("You asked for it. Somebody else has to lift it. Nothing was changed."))
        return redirect("legal_holds", public_id)
    if not lifted:
        messages.info(request, _("Nobody asks to lift it, or it is lifted already. Nothing was changed."))
    return redirect("legal_holds", public_id)
