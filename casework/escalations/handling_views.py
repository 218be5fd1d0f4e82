"""The desk's doors to what is under way: the package's progress, words to the partner, taking back, closing."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest

from . import actions, page, reading
from .forms import FetchesForm, LineForm, ReasonForm
from .models import Escalation, Line
from .views import found


def _again(request: DeskRequest, escalation: Escalation, **sent: object) -> HttpResponse:
    """The page once more, with the form that was refused."""
    context = page.detail_context(escalation, request.user, **sent)
    return render(request, "escalations/detail.html", context, status=422)


@require_safe
@requires(Perm.READ_ESCALATIONS)
def package(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """How far the package has come: asked again by the page while it is being made."""
    escalation = found(request, public_id)
    if not request.htmx:
        return redirect("escalation", public_id)
    card = page.package_card(reading.package_of(escalation))
    return render(request, "escalations/_package.html", {"escalation": escalation, "package": card})


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def allow_fetches(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Let the partner fetch the file more often."""
    escalation = found(request, public_id)
    form = FetchesForm(request.POST, auto_id="fetches_%s")
    if not form.is_valid():
        return _again(request, escalation, fetches=form)
    actions.allow_fetches(escalation, actor=request.user, **form.cleaned_data)
    return redirect("escalation", public_id)


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def write_line(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Write to the partner."""
    escalation = found(request, public_id)
    form = LineForm(request.POST, auto_id="line_%s")
    if not form.is_valid():
        return _again(request, escalation, line=form)
    actions.write_line(escalation, actor=request.user, side=Line.Side.DESK, **form.cleaned_data)
    return redirect("escalation", public_id)


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def withdraw(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Take it back: the partner's access ends at once."""
    escalation = found(request, public_id)
    form = ReasonForm(request.POST, auto_id="withdraw_%s")
    if not form.is_valid():
        return _again(request, escalation, withdraw=form)
    actions.withdraw(escalation, actor=request.user, reason=form.cleaned_data["reason"])
    return redirect("escalation", public_id)


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def close(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Close what was answered, or what nobody answered in time."""
    escalation = found(request, public_id)
    form = ReasonForm(request.POST, auto_id="close_%s")
    if not form.is_valid():
        return _again(request, escalation, close=form)
    actions.close_escalation(escalation, actor=request.user, reason=form.cleaned_data["reason"])
    return redirect("escalation", public_id)
