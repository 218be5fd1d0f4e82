"""Doors between evidence and the banks of known hashes: a list handed in, hashes offered, a match judged."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.cases.models import Case
from casework.hashbanks.models import Bank, Verdict
from casework.hashbanks.page import bank_context

from . import actions
from .forms import JudgeForm
from .models import BankMatch
from .offers import offer_context
from .uploads import UploadRefused, accepts_uploads, staged_uploads
from .wording_matches import match_context


@require_POST
@accepts_uploads
@requires(Perm.MANAGE_BANKS)
def import_list(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Hand in a list of hashes, as a file or pasted; a worker reads it, and the bank's page says how far it is."""
    bank = get_object_or_404(Bank.objects.for_user(request.user), public_id=public_id)
    try:
        uploads = staged_uploads(request)
    except UploadRefused as refused:
        return _bank_page(request, bank, refused.message, refused.status)
    if text := request.POST.get("text", "").strip():
        uploads.append(actions.stage_text(text))
    if len(uploads) != 1 or bank.source == Bank.Source.EXCHANGE:
        actions.discard_staged(uploads)
        return _bank_page(request, bank, _("Choose one file or paste lines. Nothing was kept."), 422)
    actions.hand_in_list(bank, uploads[0], actor=request.user)
    return redirect("bank", public_id)


def _bank_page(request: DeskRequest, bank: Bank, mistake: str, status: int) -> HttpResponse:
    context = bank_context(bank, request.user, mistake=mistake)
    return render(request, "hashbanks/detail.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires(Perm.DECIDE_CASE)
def offer(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Put the hashes of a case that was decided to be removed into a bank of our own, in one step."""
    case = get_object_or_404(Case.objects.for_user(request.user), public_id=public_id)
    more: dict[str, Any] = {}
    if request.method == "POST":
        chosen = request.POST.get("bank", "")
        bank = next(
            (one for one in Bank.objects.for_user(request.user) if str(one.public_id) == chosen), None
        )
        if bank is None:
            raise Http404
        more["told"] = _told(actions.offer_hashes(case, bank, actor=request.user), bank)
        if not request.htmx:
            messages.success(request, more["told"])
            return redirect("case", public_id)
    name = "evidence/_offer.html" if request.htmx else "evidence/offer.html"
    return render(request, name, offer_context(case, request.user) | more)


def _told(offered: actions.Offered, bank: Bank) -> str:
    """What became of an offer, in a sentence or two."""
    if not offered.added:
        words = _("“%(bank)s” held every hash before. Nothing was added.") % {"bank": bank.name}
    else:
        counted = {"n": offered.added, "bank": bank.name}
        words = ngettext(
            "%(n)d hash was added to “%(bank)s”.", "%(n)d hashes were added to “%(bank)s”.", offered.added
        ) % counted  # fmt: skip
    if offered.flat:
        words += " " + ngettext(
            "%(n)d picture has too little detail for a perceptual hash.",
            "%(n)d pictures have too little detail for a perceptual hash.",
            offered.flat,
        ) % {"n": offered.flat}  # fmt: skip
    return words


@require_POST
@requires(Perm.DECIDE_CASE)
def judge(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Say of a match whether it is the same, something else, or should not be in the bank."""
    rows = BankMatch.objects.for_user(request.user).select_related("item__case", "entry__bank")
    match = get_object_or_404(rows, public_id=public_id)
    form = JudgeForm(request.POST)
    if not form.is_valid():
        return HttpResponse(_("Pick one of the answers. Nothing was kept."), status=422)
    actions.judge_match(match, Verdict(form.cleaned_data["verdict"]), actor=request.user)
    if not request.htmx:
        return redirect("evidence_item", match.item.public_id)
    context = {"signal": match_context(match.item, request.user)}
    return render(request, "evidence/_bank_matches.html", context)
