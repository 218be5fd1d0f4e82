"""The doors of the second and the third person, and of going without them where a life is in danger."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up
from casework.cases.actions import drop_draft, read_case

from . import actions, draft_page, page
from .forms import DigestForm, GlassForm, GlassReviewForm, ImageryForm, ReasonForm
from .models import Escalation
from .views import found


def _again(request: DeskRequest, escalation: Escalation, **sent: object) -> HttpResponse:
    """The preview once more, with the form that was refused."""
    context = draft_page.preview_context(escalation, request.user, **sent)
    return render(request, "escalations/preview.html", context, status=422)


@require_POST
@requires(Perm.APPROVE_ESCALATION)
@steps_up
def approve(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Let somebody else's draft go, exactly as it was shown."""
    other = found(request, public_id)
    form = DigestForm(request.POST)
    if not form.is_valid():
        return redirect("escalation_preview", public_id)
    actions.approve(other, actor=request.user, digest=form.cleaned_data["digest"])
    messages.success(request, _("Approved. It is made ready and leaves by itself."))
    return redirect("escalation", public_id)


@require_POST
@requires(Perm.APPROVE_ESCALATION)
def give_back(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Return a draft to its author, with a reason."""
    other = found(request, public_id)
    form = ReasonForm(request.POST, auto_id="return_%s")
    if not form.is_valid():
        return _again(request, other, **{"return": form})
    actions.return_draft(other, actor=request.user, reason=form.cleaned_data["reason"])
    return redirect("escalation", public_id)


@require_POST
@requires(Perm.APPROVE_ESCALATION)
def refuse(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Refuse a draft for good, with a reason."""
    other = found(request, public_id)
    form = ReasonForm(request.POST, auto_id="refuse_%s")
    if not form.is_valid():
        return _again(request, other, refuse=form)
    actions.refuse(other, actor=request.user, reason=form.cleaned_data["reason"])
    return redirect("escalation", public_id)


@require_POST
@requires(Perm.APPROVE_IMAGERY)
@steps_up
def approve_imagery(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """The third person's word that pictures go along, with a reason."""
    other = found(request, public_id)
    form = ImageryForm(request.POST, auto_id="imagery_%s")
    if not form.is_valid():
        return _again(request, other, imagery=form)
    actions.approve_imagery(other, actor=request.user, **form.cleaned_data)
    messages.success(request, _("The pictures may go along, once somebody else has approved the rest."))
    return redirect("escalation_preview", public_id)


@require_http_methods(["GET", "POST"])
@requires(Perm.BREAK_GLASS)
@steps_up
def break_glass(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Send without a second person, where a life is in danger. It goes at once; every supervisor is told."""
    own = found(request, public_id)
    if request.method != "POST":
        if not page.allowed(own, request.user)["glass"]:
            return redirect("escalation", public_id)
        read_case(own.case, actor=request.user)
        return render(request, "escalations/glass.html", draft_page.preview_context(own, request.user))
    form = GlassForm(request.POST)
    draft_page.keep_typed(own, "glass", request.POST, request.user)
    if not form.is_valid():
        context = draft_page.preview_context(own, request.user, glass=form)
        return render(request, "escalations/glass.html", context, status=422)
    actions.break_glass(own, actor=request.user, **form.cleaned_data)
    drop_draft(own.case, draft_page.draft_name(own, "glass"), actor=request.user)
    return redirect("escalation", public_id)


@require_http_methods(["GET", "POST"])
@requires(Perm.REVIEW_BREAK_GLASS)
def review_glass(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Judge afterwards whether it was right to go without a second person."""
    other = found(request, public_id)
    form = GlassReviewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        right = form.cleaned_data["right"] == "yes"
        actions.review_glass(other, actor=request.user, right=right, words=form.cleaned_data["words"])
        return redirect("escalation", public_id)
    read_case(other.case, actor=request.user)
    context = page.detail_context(other, request.user) | {"form": form}
    return render(request, "escalations/review.html", context, status=422 if form.errors else 200)
