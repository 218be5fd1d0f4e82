"""Doors to the exchange of a bank: how it goes for the desk, connecting and changing for who manages banks."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank

from . import actions, wording
from .forms import ExchangeForm, kinds_for


def _bank(request: DeskRequest, public_id: UUID) -> Bank:
    return get_object_or_404(Bank.objects.for_user(request.user), public_id=public_id)


def _exchange(request: DeskRequest, public_id: UUID) -> Exchange:
    found = Exchange.objects.for_user(request.user).select_related("bank")
    return get_object_or_404(found, bank__public_id=public_id)


@require_safe
@requires(Perm.READ_BANKS)
def exchange(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """How the exchange of a bank goes: a part of the bank's page, and a page of its own without scripts."""
    bank = _bank(request, public_id)
    found = Exchange.objects.for_user(request.user).select_related("bank").filter(bank=bank).first()
    name = "hashbanks/_exchange.html" if request.htmx else "hashbanks/exchange.html"
    most = 10 if request.htmx else 100
    return render(request, name, wording.section(bank, found, request.user, most=most))


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_BANKS)
@steps_up
def connect(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Connect a bank with an exchange of the kind in ``?kind=``; it stays switched off until somebody resumes it."""
    bank, kind = _bank(request, public_id), request.GET.get("kind", "")
    if kind not in kinds_for(bank) or hasattr(bank, "exchange"):
        return redirect("bank_exchange", public_id)
    form = ExchangeForm(request.POST or None, bank=bank, kind=kind)
    if request.method == "POST" and form.is_valid():
        actions.connect_exchange(
            bank, actor=request.user, kind=kind, credentials=form.keys(), **form.settings()
        )
        messages.info(request, _("Connected and switched off. Look at what leaves, then switch it on."))
        return redirect("bank_exchange", public_id)
    context = {"bank": bank, "form": form, "kind": Exchange.Kind(kind), "spec": form.spec}
    return render(request, "hashbanks/exchange_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_BANKS)
@steps_up
def change(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Change address, rules or keys."""
    found = _exchange(request, public_id)
    form = ExchangeForm(request.POST or None, bank=found.bank, kind=found.kind, exchange=found)
    if request.method == "POST" and form.is_valid():
        actions.change_exchange(found, actor=request.user, credentials=form.keys(), **form.settings())
        return redirect("bank_exchange", public_id)
    context = {"bank": found.bank, "form": form, "kind": Exchange.Kind(found.kind), "spec": form.spec}
    return render(
        request,
        "hashbanks/exchange_form.html",
        context | {"exchange": found},
        status=422 if form.errors else 200,
    )


@require_POST
@requires(Perm.MANAGE_BANKS)
@steps_up
def switch(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Pause or resume, by the button that was pressed."""
    found = _exchange(request, public_id)
    if request.POST.get("on") == "yes":
        actions.resume_exchange(found, actor=request.user)
    else:
        actions.pause_exchange(found, actor=request.user)
    return redirect("bank_exchange", public_id)


@require_POST
@requires(Perm.MANAGE_BANKS)
def run(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Read at once."""
    found = _exchange(request, public_id)
    begun = actions.run_now(found, actor=request.user)
    told = _("A worker reads it now.") if begun else _("It is being read already, or is paused.")
    messages.info(request, told)
    return redirect("bank_exchange", public_id)
