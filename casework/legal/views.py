"""Doors to legal requests: the list, entering one, its page, its document, its letters and notices that are due."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest

from . import actions, page, reading
from .documents import BadDocument, document_of, download, takes_document
from .forms import EntryForm
from .models import LegalRequest, Type
from .wording import rule_words

PAGE = 50


def legal_request(request: DeskRequest, public_id: UUID) -> LegalRequest:
    """The request, for whom it exists; 404 for everybody else."""
    found = LegalRequest.objects.for_user(request.user).select_related(
        "entered_by", "accepted_by", "partner__organisation"
    )
    return get_object_or_404(found, public_id=public_id)


def show(
    request: DeskRequest, found: LegalRequest, *, bad: tuple[str, Any] | None = None, mistake: str = ""
) -> HttpResponse:
    """The page of a request; with a mistake it is answered 422 and keeps what was typed."""
    context = page.request_context(found, request.user, bad=bad, mistake=mistake)
    context["links"] = page.letter_links(found)
    return render(request, "legal/detail.html", context, status=422 if bad or mistake else 200)


@require_safe
@requires(Perm.READ_LEGAL)
def listing(request: DeskRequest) -> HttpResponse:
    """The requests, those due first on top."""
    chosen = request.GET.get("show", "open")
    found = reading.listed(request.user, chosen)
    shown = Paginator(found, PAGE).get_page(request.GET.get("page"))
    chips = [
        {"text": entry.label, "url": f"?show={entry.name}", "current": entry.name == chosen}
        for entry in reading.FILTERS
    ]
    rows = [page.row_of(each) for each in shown]
    return render(request, "legal/list.html", {"page": shown, "rows": rows, "chips": chips})


@require_safe
@requires(Perm.HANDLE_LEGAL)
def choose_type(request: DeskRequest) -> HttpResponse:
    """What kind of request it is decides what is asked."""
    types = [{"value": value, "text": label, "words": rule_words(value)} for value, label in Type.choices]
    return render(request, "legal/types.html", {"types": types})


@require_http_methods(["GET", "POST"])
@requires(Perm.HANDLE_LEGAL)
def enter(request: DeskRequest, type: str) -> HttpResponseBase:  # noqa: A002 - the model's own word
    """Enter a request as it was served; its clocks start at its receipt."""
    if type not in Type.values:
        raise Http404
    form = EntryForm(request.POST or None, type=type, partners=page.partners_of(request.user))
    if request.method == "POST" and form.is_valid():
        made = actions.enter_request(actor=request.user, type=type, **form.request_fields())
        if beyond := form.beyond():
            words = _("Noted, and out of reach of this kind of request: %(what)s.")
            messages.warning(request, words % {"what": ", ".join(beyond)})
        return redirect("legal_request", made.public_id)
    context = {"form": form, "type": Type(type).label, "rules": rule_words(type)}
    return render(request, "legal/enter.html", context, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_LEGAL)
def detail(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One request."""
    return show(request, legal_request(request, public_id))


@require_safe
@requires(Perm.READ_LEGAL)
def document(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """The served document, to be saved: it came from outside and is never shown here."""
    found = legal_request(request, public_id)
    if not found.document_sha256:
        raise Http404
    content = actions.open_document(found, actor=request.user)
    return download(content, found.document_name or f"{found.number}.bin")


@takes_document
@require_POST
@requires(Perm.HANDLE_LEGAL)
def store(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Store the served document."""
    found = legal_request(request, public_id)
    try:
        name, content = document_of(request)
    except BadDocument as bad:
        return show(request, found, mistake=str(bad))
    actions.store_document(found, actor=request.user, name=name, content=content)
    return redirect("legal_request", public_id)


@require_safe
@requires(Perm.READ_LEGAL)
def notices(request: DeskRequest) -> HttpResponse:
    """Of which requests somebody still has to be told, and from when that is allowed."""
    owed = list(reading.notices(request.user))
    now = timezone.now()
    due = [each for each in owed if not each.silent and each.notice_due_at and each.notice_due_at <= now]
    later = [each for each in owed if each not in due]
    return render(request, "legal/notices.html", {"due": due, "later": later})
