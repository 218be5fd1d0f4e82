"""A reporter's own document: made for whoever shows the access code once more, and written down."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import get_language

from casework.audit.log import Verb, record
from casework.escalations import police
from casework.escalations.package import html, pdf
from casework.reports.codes import code_matches, is_access_code, normal
from casework.reports.models import Report


@transaction.atomic
def make_paper(report: Report, code: str, form: str) -> bytes | None:
    """The document of *report*, or words for its reporter, in *form* (of ``police.FORMS``), in the language that is
    active; None for a wrong code.

    A browser that has the status page open is not enough: somebody else may have sat down at it.
    """
    code = normal(code)
    shaped = is_access_code(code)
    if not code_matches(report.access_code_hash if shaped else None, code):
        return None
    sheet = police.words(report) if form == "words" else police.paper(report)
    record(Verb.REPORTER_PACKAGE_MADE, actor=None, subject=report, case=report.case, form=form)
    if form == "pdf":
        return pdf.document(sheet, whole=police.FORMS["html"][0])
    if form == "html":
        return html.page(sheet, get_language() or "en")
    return police.text(sheet).encode()
