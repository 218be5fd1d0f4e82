"""Doors to the steps of a request: checks, acceptance, refusal, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up

from . import actions, forms, page
from .models import LegalRequest
from .views import legal_request, show


def _small(
    request: DeskRequest,
    public_id: UUID,
    name: str,
    kind: type[django_forms.Form],
    act: Callable[..., object],
) -> HttpResponseBase:
    """One small form of the page: kept as typed with a mistake, else *act* with what it says."""
    found = legal_request(request, public_id)
    form = kind(request.POST, label_suffix="", auto_id=f"id_{name}_%s")
    if not form.is_valid():
        return show(request, found, bad=(name, form))
    act(found, actor=request.user, **form.cleaned_data)
    return redirect("legal_request", public_id)


@require_http_methods(["GET", "POST"])
@requires(Perm.HANDLE_LEGAL)
def check(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """One person's check that it is authentic."""
    found = legal_request(request, public_id)
    form = forms.CheckForm(request.POST or None, initial=forms.initial_of(found), label_suffix="")
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data | {"authentic": form.cleaned_data["authentic"] == "yes"}
        actions.check_request(found, actor=request.user, **values)
        return redirect("legal_request", public_id)
    context = {"form": form, "legal": found}
    return render(request, "legal/check.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.HANDLE_LEGAL)
@steps_up
def accept(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Take it on."""
    actions.accept(legal_request(request, public_id), actor=request.user)
    return redirect("legal_request", public_id)


@require_http_methods(["GET", "POST"])
@requires(Perm.HANDLE_LEGAL)
@steps_up
def refuse(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Refuse it, with reasons; the letter is drafted from them."""
    found = legal_request(request, public_id)
    form = forms.RefuseForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        actions.refuse(found, actor=request.user, **form.cleaned_data)
        return redirect("legal_request", public_id)
    context = {"form": form, "legal": found}
    return render(request, "legal/refuse.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.REOPEN_LEGAL)
@steps_up
def reopen(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Have it checked anew."""
    return _small(request, public_id, "reopen", forms.ReasonForm, actions.reopen)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def withdraw(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """The authority took it back."""
    return _small(request, public_id, "withdraw", forms.ReasonForm, actions.withdraw)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def renew(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Keep for one further period."""
    return _small(request, public_id, "renew", forms.ReferenceForm, actions.renew)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def process(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """The process that follows an emergency has come."""
    return _small(request, public_id, "process", forms.ReferenceForm, actions.note_process)


@require_POST
@requires(Perm.HANDLE_LEGAL)
@steps_up
def silence(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Hold notices back for longer."""
    return _small(request, public_id, "silence", forms.SilenceForm, actions.prolong_silence)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def notified(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """The person concerned was told."""
    return _small(request, public_id, "notified", forms.NotifiedForm, actions.note_notified)


@require_POST
@requires(Perm.HANDLE_LEGAL)
@steps_up
def answer(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Note an answer that is no package."""
    return _small(request, public_id, "answer", forms.AnswerForm, actions.answer_in_words)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def choose_partner(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Name the directory entry that productions leave through."""
    found = legal_request(request, public_id)
    form = forms.PartnerForm(request.POST, partners=page.partners_of(request.user))
    if not form.is_valid():
        return show(request, found, bad=("partner", form))
    actions.choose_partner(found, actor=request.user, partner=form.cleaned_data["partner"])
    return redirect("legal_request", public_id)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def settle(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Look whether everything has left by now."""
    found: LegalRequest = legal_request(request, public_id)
    if not actions.settle(found, actor=request.user):
        messages.info(request, _("Not everything has left yet. Nothing was changed."))
    return redirect("legal_request", public_id)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def close(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Close it."""
    actions.close_request(legal_request(request, public_id), actor=request.user)
    return redirect("legal_request", public_id)
