"""The status page: reference and access code in, honest words out. Restricted or not, it is the same page."""

from __future__ import annotations

import uuid
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.reports import actions, codes
from casework.reports.forms.passing import PassingFields
from casework.reports.forms.status import AddForm, MessageForm, StatusForm
from casework.reports.limits import (
    MESSAGE_PER_REPORT,
    STATUS_IN_ALL,
    STATUS_PER_PREFIX,
    STATUS_PER_REFERENCE,
    address_prefix,
    count,
)
from casework.reports.models import Report
from casework.reports.passing import choices_of, may_choose
from casework.reports.progress import way_of
from casework.reports.support import support
from casework.reports.wording import missing_words, next_deadline, standing_of

from .public import STATUS_COOKIE, View, forget_cookie, public_page, render_public, set_quiet_cookie

#: After this long without a click the page asks for the code again.
OPEN_SECONDS = 15 * 60
_SALT = "casework.reports.status"


def _opens(response: HttpResponseBase, report: Report) -> HttpResponseBase:
    set_quiet_cookie(response, STATUS_COOKIE, signing.dumps(str(report.public_id), salt=_SALT))
    return response


def _opened(request: HttpRequest) -> Report | None:
    try:
        public_id = signing.loads(request.COOKIES.get(STATUS_COOKIE, ""), salt=_SALT, max_age=OPEN_SECONDS)
    except signing.BadSignature:
        return None
    return actions.report_of_reporter(uuid.UUID(public_id))


def with_report(view: View) -> View:
    """Give the view the report of this browser, for another 15 minutes; without one, ask for the code again."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        report = _opened(request)
        if report is None:
            response = redirect("/status/?again=1")
            forget_cookie(response, STATUS_COOKIE)
            return response
        return _opens(view(request, report, *args, **kwargs), report)

    return opened


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for reference and access code. Wrong code, unknown reference: the same answer for the same work."""
    form = StatusForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        count(STATUS_IN_ALL)
        count(STATUS_PER_PREFIX, address_prefix(request))
        count(STATUS_PER_REFERENCE, form.cleaned_data["reference"])
        report = actions.open_status(form.cleaned_data["reference"], form.cleaned_data["code"])
        if report is not None:
            return _opens(redirect("status_page"), report)
        form.add_error(
            None, _("Reference and access code do not belong together. Compare both with your note.")
        )
    again = "again" in request.GET and request.method != "POST"
    return render_public(
        request,
        "reports/status/sign_in.html",
        {"form": form, "again": again},
        status=422 if form.errors else 200,
    )


def _passing_form(report: Report, data: QueryDict | None = None) -> PassingFields | None:
    """The questions about handing on with what holds now; None for whoever came across it."""
    if not may_choose(report.role):
        return None
    return PassingFields(data, initial=choices_of(report), label_suffix="")


def _page(request: HttpRequest, report: Report, status: int = 200, **context: Any) -> HttpResponse:
    case = report.case
    standing = standing_of(report)
    shown = {
        "report": report,
        "reference": codes.shown_reference(report.reference),
        "standing": standing,
        "deadline": None if report.withdrawn_at else next_deadline(case),
        "missing": missing_words(report.missing_elements()),
        "conversation": report.messages.all(),
        "places": case.locators.count(),
        "message_form": MessageForm(label_suffix=""),
        "add_form": AddForm(report=report),
        "passing_form": _passing_form(report),
        "organisations": support().for_age(minor=report.age_at_the_time == "minor"),
    }
    shown |= {name: import_string(path)(report) for name, path in settings.STATUS_PARTS.items()}
    shown["way"] = way_of(standing, handed=bool(shown.get("handed")))
    return render_public(request, "reports/status/page.html", {**shown, **context}, status=status)


@require_safe
@public_page
@with_report
def page(request: HttpRequest, report: Report) -> HttpResponseBase:
    """Where the report stands, what comes next, what is missing, and what was written."""
    told = {name: name in request.GET for name in ("said", "added", "chosen")}
    return _page(request, report, **told)


@require_POST
@public_page
@with_report
def message(request: HttpRequest, report: Report) -> HttpResponseBase:
    """A line to the desk."""
    form = MessageForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _page(request, report, status=422, message_form=form)
    count(MESSAGE_PER_REPORT, report.reference)
    actions.receive_message(report, form.cleaned_data["text"])
    return redirect("/status/page/?said=1#messages")


@require_POST
@public_page
@with_report
def add(request: HttpRequest, report: Report) -> HttpResponseBase:
    """Add what was missing, another place, or another way to be reached."""
    form = AddForm(request.POST, report=report)
    if not form.is_valid():
        return _page(request, report, status=422, add_form=form)
    count(MESSAGE_PER_REPORT, report.reference)
    actions.add_missing(report, **form.additions())
    return redirect("/status/page/?added=1")


@require_POST
@public_page
@with_report
def passing(request: HttpRequest, report: Report) -> HttpResponseBase:
    """To whom the report may be handed on, from now on."""
    form = _passing_form(report, request.POST)
    if form is None:
        return redirect("status_page")
    if not form.is_valid():
        return _page(request, report, status=422, passing_form=form)
    count(MESSAGE_PER_REPORT, report.reference)
    actions.choose_passing_on(report, form.chosen())
    return redirect("/status/page/?chosen=1#passing")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@with_report
def withdraw(request: HttpRequest, report: Report) -> HttpResponseBase:
    """Say what withdrawing means, then do it."""
    if request.method == "POST":
        actions.withdraw_report(report)
        return redirect("status_page")
    return render_public(request, "reports/status/withdraw.html", {"report": report})


@require_POST
@public_page
def close(request: HttpRequest) -> HttpResponseBase:
    """Close the page in this browser."""
    response = redirect("status")
    forget_cookie(response, STATUS_COOKIE)
    return response
