"""Doors of the portal: where a partner's people work with what their organisation was sent, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.models import User
from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.escalations import actions, portal_page, serving
from casework.escalations import portal_forms as forms
from casework.escalations.models import Escalation, Line

View = Callable[..., HttpResponseBase]


def of_the_portal(view: View) -> View:
    """A door for people of a partner in force (else 404), with a second factor (else the page that leads to one).

    Only the demo opens without a second factor, and every page then says so.
    """

    @requires(Perm.USE_PORTAL)
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not portal_page.works_for_a_partner(cast("User", request.user)):
            raise Http404
        if not settings.IS_DEMO and not is_mfa_enabled(request.user):
            return redirect("portal_second_factor")
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@requires(Perm.USE_PORTAL)
def second_factor(request: DeskRequest) -> HttpResponse:
    """Why the portal asks for a second factor, and the way to set one up."""
    return render(request, "escalations/portal/second_factor.html", {"has_one": is_mfa_enabled(request.user)})


@require_safe
@of_the_portal
def inbox(request: DeskRequest) -> HttpResponse:
    """What waits for this person's organisation."""
    tab = request.GET.get("show", "open")
    if tab not in portal_page.TABS:
        tab = "open"
    context = portal_page.inbox_page(request.user, tab, request.GET.get("page"))
    return render(request, "escalations/portal/inbox.html", context)


@require_safe
@of_the_portal
def escalation(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One matter. Opening it is noted; the first time it counts as delivered."""
    found = _escalation(request, public_id)
    actions.note_delivered(found, how="portal")
    actions.note_read(found, actor=request.user)
    return _page(request, found)


@require_POST
@of_the_portal
def claim(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """ "I have it" (``take_over=yes``: from a colleague)."""
    found = _escalation(request, public_id)
    actions.claim(found, actor=request.user, take_over=request.POST.get("take_over") == "yes")
    return redirect("portal_escalation", public_id)


@require_POST
@of_the_portal
def release(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Give it back to one's colleagues."""
    actions.release(_escalation(request, public_id), actor=request.user)
    return redirect("portal_escalation", public_id)


@require_safe
@of_the_portal
def package(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """The encrypted file."""
    found = _escalation(request, public_id)
    ready = portal_page.package_of(found)
    if ready is None:
        raise Http404
    fetcher = serving.Fetcher(lambda: portal_page.is_still_open(request, found), person=request.user)
    return serving.package_response(request, ready, fetcher)


@require_safe
@of_the_portal
def stamp(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """The trusted time of the package's signed list (RFC 3161), where an authority gave one."""
    ready = portal_page.package_of(_escalation(request, public_id))
    if ready is None or ready.stamp is None:
        raise Http404
    return serving.stamp_response(ready)


@require_POST
@of_the_portal
def acknowledge(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """ "We have it": their reference, and the digest they computed."""
    found, form = _escalation(request, public_id), forms.AcknowledgeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, acknowledge_form=form)
    actions.acknowledge(found, actor=request.user, **_typed(form))
    return redirect("portal_escalation", public_id)


@require_POST
@of_the_portal
def line(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """A question or a word to the desk."""
    found, form = _escalation(request, public_id), forms.WordForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, word_form=form)
    actions.write_line(found, actor=request.user, side=Line.Side.PARTNER, **_typed(form))
    return redirect("portal_escalation", public_id)


@require_POST
@of_the_portal
def answer(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """What became of it."""
    found, form = _escalation(request, public_id), forms.AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, answer_form=form)
    actions.answer(found, actor=request.user, **_typed(form))
    return redirect("portal_escalation", public_id)


@require_POST
@of_the_portal
def decline(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """That it is not for them; it leaves their inbox."""
    found, form = _escalation(request, public_id), forms.DeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, decline_form=form)
    actions.decline(found, actor=request.user, **_typed(form))
    return redirect("portal")


def _escalation(request: DeskRequest, public_id: UUID) -> Escalation:
    return get_object_or_404(
        Escalation.objects.for_user(request.user).select_related("case", "claimed_by"), public_id=public_id
    )


def _typed(form: forms.PartnerForm) -> dict[str, Any]:
    return dict(form.cleaned_data)


def _page(request: DeskRequest, found: Escalation, *, status: int = 200, **unsent: Any) -> HttpResponse:
    """The page of one matter; *unsent* are forms that came back with mistakes."""
    context = {
        "acknowledge_form": forms.AcknowledgeForm(),
        "word_form": forms.WordForm(),
        "answer_form": forms.AnswerForm(initial={"reference": found.recipient_reference}),
        "decline_form": forms.DeclineForm(),
        **portal_page.matter(found),
        "without_second_factor": not is_mfa_enabled(request.user),
        **unsent,
    }
    return render(request, "escalations/portal/detail.html", context, status=status)
