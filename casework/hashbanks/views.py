"""Doors to the banks of known hashes: reading for the desk, changing for supervisors and administrators."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up

from . import actions, page
from .forms import BankForm, HashForm, WithdrawForm
from .models import Bank, Entry

_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}


def _bank(request: DeskRequest, public_id: UUID) -> Bank:
    found = Bank.objects.for_user(request.user).select_related("owner", "created_by")
    return get_object_or_404(found, public_id=public_id)


@require_safe
@requires(Perm.READ_BANKS)
def banks(request: DeskRequest) -> HttpResponse:
    """Every bank, and a field to look a hash up in all of them."""
    return render(request, "hashbanks/list.html", page.banks_context(request.user))


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_BANKS)
def create(request: DeskRequest) -> HttpResponseBase:
    """Make a bank."""
    form = BankForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = actions.create_bank(actor=request.user, **form.cleaned_data)
        return redirect("bank", made.public_id)
    return render(request, "hashbanks/form.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_BANKS)
def bank(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One bank: thresholds, counts, lists, runs over stored evidence."""
    found = _bank(request, public_id)
    return render(request, "hashbanks/detail.html", page.bank_context(found, request.user))


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_BANKS)
def change(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Change thresholds and what follows from a match."""
    found = _bank(request, public_id)
    form = BankForm(request.POST or None, bank=found)
    if request.method == "POST" and form.is_valid():
        actions.change_bank(found, actor=request.user, **form.cleaned_data)
        return redirect("bank", public_id)
    status = 422 if form.errors else 200
    return render(request, "hashbanks/form.html", {"form": form, "bank": found}, status=status)


@require_safe
@requires(Perm.READ_BANKS)
def progress(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """How far lists and runs are: a part of the bank's page, which asks again while something runs."""
    found = _bank(request, public_id)
    if not request.htmx:
        return redirect("bank", public_id)
    return render(request, "hashbanks/_progress.html", page.progress_context(found, request.user))


@require_POST
@requires(Perm.READ_BANKS)
def search(request: DeskRequest) -> HttpResponse:
    """Look a hash up in every bank. A POST, so that hashes stand in no address and no history."""
    form = HashForm(request.POST)
    context = page.banks_context(request.user) | {"form": form}
    if not form.is_valid():
        return render(request, "hashbanks/list.html", context, status=422)
    value = form.cleaned_data["value"]
    looked = actions.search_banks(value, actor=request.user)
    return render(request, "hashbanks/list.html", context | page.looked_context(looked, value=value))


@require_POST
@requires(Perm.MANAGE_BANKS)
@steps_up
def export(request: DeskRequest, public_id: UUID, form: str) -> HttpResponseBase:
    """Every entry that still has a value, as a file."""
    found = _bank(request, public_id)
    if form not in _TYPES:
        raise Http404
    lines = actions.export_bank(found, actor=request.user, form=form)
    response = StreamingHttpResponse(lines, content_type=_TYPES[form])
    name = f"bank-{found.public_id.hex[:8]}-{timezone.now():%Y%m%d-%H%M%S}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_BANKS)
def withdraw(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Stop matching against one entry, with a reason."""
    entry = get_object_or_404(
        Entry.objects.for_user(request.user).select_related("bank"), public_id=public_id
    )
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = actions.withdraw_entry(entry, actor=request.user, reason=form.cleaned_data["reason"])
        told = _("Withdrawn. Nothing matches it any more.") if done else _("It was withdrawn before.")
        messages.info(request, told)
        return redirect("bank", entry.bank.public_id)
    status = 422 if form.errors else 200
    return render(request, "hashbanks/entry.html", {"form": form, "entry": entry}, status=status)
