"""What the page of a report to NCMEC shows to one person."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from .cybertip.facts import BadFacts
from .models import Escalation, State, Tip
from .tip_forms import FileForm, TipForm, initial_of, initial_of_file
from .tip_wording import calls, content_for_preview, is_stuck, story, what_to_do
from .tipping import (
    content_of,
    decided_ai,
    files_of,
    originals_leave,
    problems,
    proven_ai,
    report_of,
    sent_items,
)


def is_writable(escalation: Escalation, user: User) -> bool:
    """Whether this person may fill it in: the author of a draft."""
    mine = escalation.drafted_by_id == user.pk and user.may(Perm.DRAFT_ESCALATION)
    return mine and escalation.state in (State.DRAFT, State.RETURNED)


def forms_of(escalation: Escalation, data: QueryDict | None = None) -> tuple[TipForm, list[FileForm]]:
    """The report's form and one for each original that would go along."""
    content = content_of(escalation)
    initial = initial_of(content) | {"version": escalation.version}
    initial.setdefault("at", timezone.localtime(escalation.case.created_at))
    initial.setdefault("at_means", "" if content else _("When it was first reported to us."))
    said = content.get("files") or {}
    by_decision = decided_ai(escalation)
    files = [
        FileForm(
            item, data, proven=by_decision or proven_ai(item),
            initial=initial_of_file(said.get(str(item.public_id)) or {}),
        )
        for item in sent_items(escalation)
    ]  # fmt: skip
    return TipForm(data, initial=initial, label_suffix=""), files


def context_of(
    escalation: Escalation, user: User, forms: tuple[TipForm, list[FileForm]] | None = None
) -> dict[str, Any]:
    """Everything ``escalations/tip/detail.html`` needs."""
    tip = Tip.objects.filter(escalation=escalation).first()
    writable = is_writable(escalation, user)
    form, files = forms or (forms_of(escalation) if writable else (None, []))
    return {
        "escalation": escalation,
        "case": escalation.case,
        "tip": tip,
        "story": story(tip) if tip else None,
        "stuck": what_to_do(escalation) if is_stuck(escalation) else "",
        "calls": calls(tip) if tip else [],
        "lines": content_for_preview(escalation),
        "problems": problems(escalation) if escalation.state in (State.DRAFT, State.RETURNED) else [],
        "form": form,
        "files": files,
        "originals_leave": originals_leave(),
        "may_retry": tip is not None and bool(tip.failure_code) and user.may(Perm.DRAFT_ESCALATION),
    }


def xml_context(escalation: Escalation) -> dict[str, Any]:
    """Everything ``escalations/tip/xml.html`` needs: each document as (title, text), or why there is none.

    Ids that NCMEC gives are 0. Nobody compared the documents with NCMEC's schema; a worker does so before it sends.
    """
    from .cybertip.xml import file_xml, report_xml  # libxml2, for this page only

    documents: list[tuple[str, bytes]] = []
    sentence = ""
    try:
        report = report_xml(report_of(escalation), None, now=timezone.now())
        documents.append((_("The report"), report))
        for item, file in files_of(escalation):
            title = _("The details of item %(n)d") % {"n": item.position}
            documents.append((title, file_xml(file, None, report_id=0, file_id="0")))
    except BadFacts as bad:
        sentence = bad.sentence
    return {
        "escalation": escalation,
        "case": escalation.case,
        "documents": [(title, document.decode()) for title, document in documents],
        "sentence": sentence,
    }
