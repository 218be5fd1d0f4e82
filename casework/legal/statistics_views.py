"""Doors to the figures for the transparency report: the same table as a page, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest

from . import statistics
from .documents import download


@require_safe
@requires(Perm.READ_LEGAL)
def figures(request: DeskRequest) -> HttpResponse:
    """The figures of one period."""
    table = statistics.table(request.user, statistics.period_of(request.GET.get("period", "")))
    words = statistics.heads()
    head: list[Any] = [_("Kind"), _("Country")]
    head += [{"text": words[name], "num": True} for name in table.columns]
    rows = [
        [statistics.type_words(type_), country, *({"text": cell, "num": True} for cell in cells)]
        for type_, country, cells in table.lines
    ]
    total = [[_("All"), "", *({"text": cell, "num": True} for cell in table.total)]] if rows else []
    context = {"table": table, "head": head, "rows": rows + total}
    return render(request, "legal/statistics.html", context)


@require_safe
@requires(Perm.READ_LEGAL)
def figures_file(request: DeskRequest, form: str) -> HttpResponse:
    """The same table as a file."""
    table = statistics.table(request.user, statistics.period_of(request.GET.get("period", "")))
    if form == "csv":
        return download(_csv(table), f"legal-requests-{table.period.name}.csv")
    if form != "json":
        raise Http404
    lines = [
        {"type": type_, "country": country} | dict(zip(table.columns, cells, strict=True))
        for type_, country, cells in table.lines
    ]
    total = dict(zip(table.columns, table.total, strict=True))
    return JsonResponse({"period": table.period.name, "rows": lines, "total": total})


def _csv(table: statistics.Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["type", "country", *table.columns])
    writer.writerows([type_, country, *cells] for type_, country, cells in table.lines)
    writer.writerow(["", "", *table.total])
    return out.getvalue().encode()
