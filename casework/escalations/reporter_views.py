"""Doors for reporters: a document of their own report."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from casework.escalations import police
from casework.escalations.actions.papers import make_paper
from casework.escalations.reporter_forms import PaperForm
from casework.reports.limits import (
    STATUS_IN_ALL,
    STATUS_PER_PREFIX,
    STATUS_PER_REFERENCE,
    address_prefix,
    count,
)
from casework.reports.models import Report
from casework.reports.passing import may_choose
from casework.reports.views.public import public_page, render_public
from casework.reports.views.status import with_report


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@with_report
def paper(request: HttpRequest, report: Report) -> HttpResponseBase:
    """Say what is in the document, ask for the access code once more, then hand the file over; nothing is kept of it.

    Tries count together with those at the door of the status page.
    """
    whole = may_choose(report.role)
    form = PaperForm(request.POST or None, drawn=not get_language_bidi(), whole=whole)
    if request.method == "POST" and form.is_valid():
        count(STATUS_IN_ALL)
        count(STATUS_PER_PREFIX, address_prefix(request))
        count(STATUS_PER_REFERENCE, report.reference)
        made = make_paper(report, form.cleaned_data["code"], form.cleaned_data["form"])
        if made is not None:
            name, kind = police.FORMS[form.cleaned_data["form"]]
            response = HttpResponse(made, content_type=kind)
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return response
        form.add_error("code", _("This is not the access code of this report. Compare it with your note."))
    context, status = {"form": form, "whole": whole}, 422 if form.errors else 200
    return render_public(request, "escalations/reporter/paper.html", context, status=status)
