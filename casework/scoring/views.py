"""The doors to models: what each is, how well it was measured here, and who accepted that."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest

from . import actions, page
from .forms import ReasonForm
from .models import Calibration


@require_safe
@requires(Perm.READ_MODELS)
def models(request: DeskRequest) -> HttpResponse:
    """Every model, installed or not, and why not."""
    return render(request, "scoring/models.html", page.list_context(request.user))


@require_safe
@requires(Perm.READ_MODELS)
def card(request: DeskRequest, name: str) -> HttpResponse:
    """The card of one model."""
    return render(request, "scoring/card.html", page.card_context(name, request.user))


@require_POST
@requires(Perm.ACCEPT_CALIBRATION)
def accept(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Put a proposed calibration in force, with a reason."""
    return _settle(request, public_id, actions.accept_calibration, _("It is in force for new assessments."))


@require_POST
@requires(Perm.ACCEPT_CALIBRATION)
def refuse(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Refuse a proposed calibration, with a reason."""
    return _settle(request, public_id, actions.refuse_calibration, _("It was refused. Nothing else changed."))


@require_POST
@requires(Perm.ACCEPT_CALIBRATION)
def retire(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """End the calibration in force, with a reason."""
    return _settle(request, public_id, actions.retire_calibration, _("Scores are read raw from now on."))


@require_POST
@requires(Perm.ACCEPT_CALIBRATION)
def assess_again(request: DeskRequest) -> HttpResponseBase:
    """Have the items of open cases assessed again with what is in force now."""
    actions.ask_to_assess_again(actor=request.user)
    messages.info(
        request, _("A worker assesses the items of open cases again. Their number counts up below.")
    )
    return redirect("models")


def _settle(
    request: DeskRequest, public_id: UUID, verb: Callable[..., Calibration], done: str
) -> HttpResponseBase:
    found = get_object_or_404(Calibration.objects.for_user(request.user), public_id=public_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        context = page.card_context(found.model, request.user, form=form)
        return render(request, "scoring/card.html", context, status=422)
    verb(found, actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, done)
    return redirect("model_card", found.model)
