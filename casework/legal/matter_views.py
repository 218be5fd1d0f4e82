"""Doors to the cases of a request and to its letters."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up

from . import actions, letters
from .documents import download
from .forms import HandOverForm, LetterForm, ReasonForm
from .models import LegalLetter, LegalRequest, LegalRequestCase
from .views import legal_request, show


def _matter(request: DeskRequest, found: LegalRequest, case_id: UUID) -> LegalRequestCase:
    """A case of the request, if it exists for this person."""
    return get_object_or_404(found.matters_for(request.user), case__public_id=case_id)


def _letter(found: LegalRequest, letter_id: UUID) -> LegalLetter:
    return get_object_or_404(found.letters.select_related("request"), public_id=letter_id)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def produce(request: DeskRequest, public_id: UUID, case_id: UUID) -> HttpResponseBase:
    """Draft what the request is given of one case; it goes its ordinary way from there."""
    matter = _matter(request, legal_request(request, public_id), case_id)
    made = actions.produce(matter, actor=request.user)
    return redirect("escalation", made.public_id)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def leave_out(request: DeskRequest, public_id: UUID, case_id: UUID) -> HttpResponseBase:
    """Produce nothing of one case, with a reason."""
    found = legal_request(request, public_id)
    matter = _matter(request, found, case_id)
    form = ReasonForm(request.POST, label_suffix="")
    if not form.is_valid():
        return show(request, found, bad=("leave_out", form))
    actions.leave_out(matter, actor=request.user, reason=form.cleaned_data["reason"])
    return redirect("legal_request", public_id)


@require_http_methods(["GET", "POST"])
@requires(Perm.HANDLE_LEGAL)
def write(request: DeskRequest, public_id: UUID, kind: str) -> HttpResponseBase:
    """Write a letter, from a draft that says what is known."""
    found = legal_request(request, public_id)
    if kind not in LegalLetter.Kind.values:
        raise Http404
    waiting = found.letters.filter(kind=kind, released_at__isnull=True).first()
    drafted = waiting.text if waiting else letters.compose(found, kind, found.grounds)
    form = LetterForm(request.POST or None, initial={"text": drafted}, label_suffix="")
    if request.method == "POST" and form.is_valid():
        actions.write_letter(found, actor=request.user, kind=kind, text=form.cleaned_data["text"])
        return redirect("legal_request", public_id)
    context = {"form": form, "legal": found, "kind": LegalLetter.Kind(kind).label}
    return render(request, "legal/letter_form.html", context, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_LEGAL)
def letter(request: DeskRequest, public_id: UUID, letter_id: UUID) -> HttpResponse:
    """One letter, to be read and released."""
    found = legal_request(request, public_id)
    return _show_letter(request, found, _letter(found, letter_id))


def _show_letter(
    request: DeskRequest, found: LegalRequest, each: LegalLetter, form: HandOverForm | None = None
) -> HttpResponse:
    waits = each.released_at is None and each.written_by_id != request.user.pk
    context = {"legal": found, "letter": each, "seen": letters.digest(each.text)}
    may = request.user.may(Perm.HANDLE_LEGAL)
    context |= {"may_release": waits and may, "may_hand": each.released_at is not None and may}
    context |= {"seals": each.released_at is not None and bool(letters.seals_of(found))}
    context |= {"hand_overs": each.hand_overs.select_related("noted_by")}
    context["form"] = form or HandOverForm(initial={"at": timezone.now()}, label_suffix="")
    return render(request, "legal/letter.html", context, status=422 if form else 200)


@require_POST
@requires(Perm.HANDLE_LEGAL)
def hand_over(request: DeskRequest, public_id: UUID, letter_id: UUID) -> HttpResponseBase:
    """Note that a released letter was given to the authority."""
    found = legal_request(request, public_id)
    each = _letter(found, letter_id)
    form = HandOverForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show_letter(request, found, each, form)
    actions.note_hand_over(each, actor=request.user, **form.cleaned_data)
    return redirect("legal_letter", public_id, letter_id)


@require_POST
@requires(Perm.HANDLE_LEGAL)
@steps_up
def release(request: DeskRequest, public_id: UUID, letter_id: UUID) -> HttpResponseBase:
    """Let a letter go that somebody else wrote."""
    each = _letter(legal_request(request, public_id), letter_id)
    actions.release_letter(each, actor=request.user, seen=request.POST.get("seen", ""))
    return redirect("legal_letter", public_id, letter_id)


@require_safe
@requires(Perm.READ_LEGAL)
def letter_file(request: DeskRequest, public_id: UUID, letter_id: UUID, form: str) -> HttpResponse:
    """The letter as PDF, as text, or as PDF that only the authority's verified keys open."""
    each = _letter(legal_request(request, public_id), letter_id)
    if form == "age" and each.released_at is not None and letters.seals_of(each.request):
        return download(letters.sealed(each), f"{each.request.number}-{each.kind}.pdf.age")
    if form not in ("pdf", "txt"):
        raise Http404
    content = letters.as_pdf(each) if form == "pdf" else letters.as_text(each).encode()
    return download(content, f"{each.request.number}-{each.kind}.{form}")
