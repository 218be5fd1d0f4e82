"""What the case page shows of its reports: a panel that is also a page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.cases.actions import read_case
from casework.cases.models import Case
from casework.reports import actions
from casework.reports.codes import shown_reference
from casework.reports.forms.status import DeskMessageForm
from casework.reports.models import Element, Report
from casework.reports.wording import contact_facts, element_rows, who_reported


def _shown(report: Report, request: DeskRequest, form: DeskMessageForm | None) -> dict[str, Any]:
    may_write = request.user.may(Perm.MESSAGE_REPORTER)
    return {
        "report": report,
        "reference": shown_reference(report.reference),
        "who": who_reported(report),
        "elements": element_rows(report),
        "conversation": report.messages.select_related("author"),
        # Whoever does not write to reporters has no need to know how they are reached.
        "contact": contact_facts(report) if may_write else None,
        "message_form": form or DeskMessageForm(auto_id=f"id_{report.reference}_%s", label_suffix=""),
    }


def _panel(
    request: DeskRequest,
    case: Case,
    status: int = 200,
    *,
    wrong: tuple[Report, DeskMessageForm] | None = None,
) -> HttpResponse:
    reports = Report.objects.for_user(request.user).of_case(case)
    context = {
        "case": case,
        "locators": case.locators.all(),
        "reports": [
            _shown(report, request, wrong[1] if wrong and wrong[0] == report else None) for report in reports
        ],
        "may_write": request.user.may(Perm.MESSAGE_REPORTER),
        "may_find": request.user.may(Perm.DECIDE_CASE),
    }
    name = "reports/_panel.html" if request.htmx else "reports/panel.html"
    return render(request, name, context, status=status)


@require_safe
@requires(Perm.READ_CASES)
def panel(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """What was reported, in words: by whom, when, where it is, what is missing, what was written since."""
    case = get_object_or_404(Case.objects.for_user(request.user), public_id=public_id)
    if not request.htmx:  # the case page, which loads the panel, has its own entry
        read_case(case, actor=request.user)
    return _panel(request, case)


@require_POST
@requires(Perm.MESSAGE_REPORTER)
def message(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Write to the reporter."""
    report = get_object_or_404(
        Report.objects.for_user(request.user).select_related("case"), public_id=public_id
    )
    form = DeskMessageForm(request.POST, auto_id=f"id_{report.reference}_%s", label_suffix="")
    if not form.is_valid():
        return _panel(request, report.case, 422, wrong=(report, form))
    actions.send_message(report, form.cleaned_data["text"], actor=request.user)
    return _panel(request, report.case) if request.htmx else redirect("case_reports", report.case.public_id)


@require_POST
@requires(Perm.DECIDE_CASE)
def element(request: DeskRequest, public_id: UUID, kind: str) -> HttpResponse:
    """Mark a missing element as found."""
    report = get_object_or_404(
        Report.objects.for_user(request.user).select_related("case"), public_id=public_id
    )
    if kind not in Element.Kind.values:
        raise Http404
    actions.find_element(report, kind, actor=request.user)
    return _panel(request, report.case) if request.htmx else redirect("case_reports", report.case.public_id)
