"""The log for auditors and supervisors: search, one entry with its proof, export, the newest checkpoint."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from casework.accounts.models import User
from casework.accounts.permissions import Perm, requires

from . import actions, exporting, log, proofs
from .forms import LogSearch
from .reading import PAGE, newest_checkpoint, shown_entry


@require_safe
@requires(Perm.READ_LOG)
def search(request: HttpRequest) -> HttpResponse:
    """The newest entries that fit the search, a page at a time."""
    form = LogSearch(_reader(request), request.GET)
    context: dict[str, Any] = {"form": form, "health": log.health(), "lines": [], "more": False}
    if not form.is_valid():
        return render(request, "audit/log.html", context, status=422)
    before = form.cleaned_data["before"]
    lines = actions.read_log(form.filters(), actor=_reader(request), before=before, limit=PAGE + 1)
    context |= {"lines": lines[:PAGE], "more": len(lines) > PAGE, "before": before}
    return render(request, "audit/log.html", context)


@require_safe
@requires(Perm.READ_LOG)
def entry(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One entry: in words, as it was hashed, and its way to the newest signed root."""
    found = actions.read_entry(public_id, actor=_reader(request))
    if found is None:
        raise Http404
    return render(request, "audit/entry.html", shown_entry(*found) | {"proof": proofs.of_entry(found[0])})


@require_safe
@requires(Perm.READ_LOG)
def export(request: HttpRequest) -> HttpResponseBase:
    """What fits the search as a file: ``format`` is csv (the default) or jsonl."""
    form = LogSearch(_reader(request), request.GET)
    kind = request.GET.get("format", "csv")
    if not form.is_valid() or kind not in ("csv", "jsonl"):
        return render(request, "audit/log.html", {"form": form, "health": log.health()}, status=422)
    lines = actions.export_log(form.filters(), actor=_reader(request), form=kind)
    if kind == "csv":
        response = StreamingHttpResponse(exporting.csv_lines(lines), content_type="text/csv; charset=utf-8")
    else:
        text = exporting.json_lines(lines, newest_checkpoint())
        response = StreamingHttpResponse(text, content_type="application/x-ndjson; charset=utf-8")
    name = f"casework-log-{timezone.now():%Y%m%d-%H%M%S}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@requires(Perm.READ_LOG)
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint as the signed text that other tools read; 404 while nothing is signed."""
    note = newest_checkpoint()
    if note is None:
        raise Http404
    return HttpResponse(note, content_type="text/plain; charset=utf-8")


def _reader(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # ``requires`` has let nobody else in
    return request.user
