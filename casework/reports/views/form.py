"""The public form: one topic a page, without an account, without JavaScript, from its first page to the receipt."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from casework.evidence.actions import UploadGone, discard_staged
from casework.evidence.uploads import UploadRefused, accepts_uploads, staged_uploads
from casework.reports import actions, codes
from casework.reports.forms import public as pages
from casework.reports.limits import (
    DRAFT_PER_PREFIX,
    FORM_IN_ALL,
    FORM_PER_PREFIX,
    UPLOAD_PER_PREFIX,
    address_prefix,
    bytes_per_day,
    count,
    declared_bytes,
)
from casework.reports.models import ReportDraft
from casework.reports.support import support
from casework.reports.wording import missing_words, next_deadline, note_text

from .public import (
    DRAFT_COOKIE,
    NEUTRAL_SITE,
    STATUS_COOKIE,
    forget_cookie,
    public_page,
    render_public,
    set_quiet_cookie,
)


def _draft(request: HttpRequest) -> ReportDraft | None:
    return actions.draft_of(request.COOKIES.get(DRAFT_COOKIE))


def _to_step(step: str, *, edit: bool = False) -> HttpResponseRedirect:
    response = redirect("report_start") if step == "start" else redirect("report_step", step=step)
    if edit:
        response["Location"] += "?edit=1"
    response.status_code = 303
    return response


def _page(
    request: HttpRequest, step: str, answers: pages.Answers, status: int = 200, **context: Any
) -> HttpResponse:
    steps = pages.steps_of(answers)
    place = steps.index(step)
    frame = {
        "step": place + 1,
        "steps": len(steps),
        "name": step,
        "back_to": steps[place - 1] if place else None,
        "editing": "edit" in request.GET,
    }
    return render_public(request, f"reports/form/{step}.html", {**frame, **context}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def start(request: HttpRequest) -> HttpResponseBase:
    """Safety first: who to call, what we do and by when, what we do not need. The first answer makes the draft."""
    draft = _draft(request)
    if draft is not None and draft.filed_as_id:
        return _to_step("done")
    answers = draft.answers if draft else {}
    form = pages.StartForm(request.POST or None, initial=pages.values_of(answers, "start"))
    if request.method == "POST" and form.is_valid():
        return _begun(request, draft, form)
    going_on = pages.open_step(answers) if answers else None
    return _page(
        request, "start", answers, status=422 if request.method == "POST" else 200, form=form,
        support=support(), going_on=going_on, gone="gone" in request.GET,
    )  # fmt: skip


def _begun(request: HttpRequest, draft: ReportDraft | None, form: pages.StartForm) -> HttpResponseBase:
    key = None
    if draft is None:
        count(DRAFT_PER_PREFIX, address_prefix(request))
        draft, key = actions.begin_draft()
    try:
        actions.keep_answers(draft, "start", {"state": "given", "values": form.as_typed()})
    except actions.DraftGone:
        return redirect("/report/?gone=1")
    response = _onward(request, draft, "start")
    if key:
        set_quiet_cookie(response, DRAFT_COOKIE, key)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def step(request: HttpRequest, step: str) -> HttpResponseBase:
    """One page of questions. "Back", "Skip" and "Save" keep what was typed; only "Continue" asks for it to be right."""
    draft = _draft(request)
    if draft is None:
        return redirect("/report/?gone=1")
    if draft.filed_as_id:
        return _to_step("done")
    if step == "start" or step not in pages.FORMS or step not in pages.steps_of(draft.answers):
        return _to_step(pages.open_step(draft.answers))
    if request.method == "POST":
        return _answered(request, draft, step)
    initial = pages.values_of(draft.answers, step)
    return _page(request, step, draft.answers, form=pages.FORMS[step](initial=initial))


def _answered(request: HttpRequest, draft: ReportDraft, step: str) -> HttpResponseBase:
    form = pages.FORMS[step](request.POST)
    skips = "skip" in request.POST and form.may_skip
    leaves = "back" in request.POST or "save" in request.POST
    right = form.is_valid()
    state = "skipped" if skips else "kept" if leaves or not right else "given"
    try:
        actions.keep_answers(draft, step, {"state": state, "values": form.as_typed()})
        if draft.answers.get("files") and pages.files_refused(draft.answers):
            actions.drop_files(draft)
    except actions.DraftGone:
        return redirect("/report/?gone=1")
    if "save" in request.POST:
        return _to_step("start")
    if "back" in request.POST:
        steps = pages.steps_of(draft.answers)
        return _to_step(steps[max(0, steps.index(step) - 1)])
    if state == "kept":
        return _page(request, step, draft.answers, status=422, form=form)
    return _onward(request, draft, step)


def _onward(request: HttpRequest, draft: ReportDraft, step: str) -> HttpResponseRedirect:
    # Whoever changes one answer from the last page goes back there, past pages that are answered already.
    if "edit" in request.GET:
        waiting = pages.open_step(draft.answers)
        return _to_step(waiting, edit=waiting != pages.CHECK)
    steps = pages.steps_of(draft.answers)
    return _to_step(steps[steps.index(step) + 1])


@csrf_exempt  # the inner view asks for the token, once it is known that files may come at all
@accepts_uploads
@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def files(request: HttpRequest) -> HttpResponseBase:
    """Files of "somebody else" and representatives. For everybody else it says why none are wanted."""
    draft = _draft(request)
    if draft is None:
        return redirect("/report/?gone=1")
    if draft.filed_as_id or "files" not in pages.steps_of(draft.answers):
        return _to_step(pages.open_step(draft.answers))
    refusal = pages.files_refused(draft.answers)
    if request.method == "POST" and refusal and request.content_type == "multipart/form-data":
        # Not a byte of the body is read.
        return _files_page(request, draft, status=422, mistake=refusal)
    if request.method == "POST":
        if request.content_type == "multipart/form-data":
            count(UPLOAD_PER_PREFIX, address_prefix(request))
            count(bytes_per_day("prefix"), address_prefix(request), cost=declared_bytes(request))
        return _files_sent(request, draft)
    return _files_page(request, draft)


@csrf_protect
def _files_sent(request: HttpRequest, draft: ReportDraft) -> HttpResponseBase:
    try:
        uploads = staged_uploads(request)
    except UploadRefused as error:
        return _files_page(request, draft, status=error.status, mistake=error.message)
    most = len(draft.answers.get("files", [])) + len(uploads)
    if most > settings.UPLOAD_MAX_FILES:
        discard_staged(uploads)
        return _files_page(request, draft, status=413, mistake=pages.too_many_files())
    try:
        if "drop" in request.POST:
            actions.drop_files(draft)
        if uploads:
            actions.keep_files(draft, uploads)
        if "more" in request.POST or "drop" in request.POST:
            return redirect("report_files")
        actions.keep_answers(draft, "files_seen", {"state": "given"})
    except (actions.DraftGone, UploadGone):
        return redirect("/report/?gone=1")
    if "back" in request.POST:
        return _to_step("what")
    return _onward(request, draft, "files")


def _files_page(
    request: HttpRequest, draft: ReportDraft, status: int = 200, mistake: str = ""
) -> HttpResponse:
    refusal = pages.files_refused(draft.answers)
    minor = pages.minor_indicated(draft.answers)
    return _page(
        request, "files", draft.answers, status=status, mistake=mistake, refusal=refusal, minor=minor,
        files=draft.answers.get("files", []), support=support().for_age(minor=True) if minor else [],
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def check(request: HttpRequest) -> HttpResponseBase:
    """Everything once more, each part with a way back to it; then it is filed, once."""
    draft = _draft(request)
    if draft is None:
        return redirect("/report/?gone=1")
    if draft.filed_as_id:
        return _to_step("done")
    if (waiting := pages.open_step(draft.answers)) != pages.CHECK:
        return _to_step(waiting)
    return _sent(request, draft) if request.method == "POST" else _overview(request, draft)


def _sent(request: HttpRequest, draft: ReportDraft) -> HttpResponseBase:
    count(FORM_IN_ALL)
    count(FORM_PER_PREFIX, address_prefix(request))
    try:
        actions.file_draft(draft, pages.facts_of(draft.answers))
    except actions.FilesNotAllowed as error:
        return _overview(request, draft, status=422, mistake=error.sentence)
    except (actions.DraftGone, UploadGone):
        return redirect("/report/?gone=1")
    return _to_step("done")


def _overview(request: HttpRequest, draft: ReportDraft, status: int = 200, mistake: str = "") -> HttpResponse:
    missing = missing_words(pages.missing_elements(pages.facts_of(draft.answers)))
    return _page(
        request, "check", draft.answers, status=status, rows=pages.review_rows(draft.answers),
        files=draft.answers.get("files", []), missing=missing, mistake=mistake,
    )  # fmt: skip


@require_GET  # not HEAD: whatever asks for a head would use up the one showing
@public_page
def done(request: HttpRequest) -> HttpResponseBase:
    """Reference and access code, shown by this answer and by no other; what happens next; who helps beside us."""
    draft = _draft(request)
    try:
        if draft is None:
            raise actions.DraftGone
        filed = actions.show_receipt(draft)
    except actions.DraftGone:
        return render_public(request, "reports/form/done_again.html")
    report = filed.report
    context = {
        "report": report,
        "reference": codes.shown_reference(report.reference),
        "access_code": codes.shown_access_code(filed.access_code),
        "deadline": next_deadline(report.case),
        "missing": missing_words(report.missing_elements()),
        "support": support(),
        "organisations": support().for_age(minor=report.case.minor_indicated),
    }
    response = render_public(request, "reports/form/done.html", context)
    forget_cookie(response, DRAFT_COOKIE)
    return response


@require_POST
@public_page
def note(request: HttpRequest) -> HttpResponseBase:
    """What the done page shows, as a small text file: the page sends it back here, we keep nothing."""
    reference = codes.normal(request.POST.get("reference", ""))
    code = codes.normal(request.POST.get("code", ""))
    if not (codes.is_reference(reference) and codes.is_access_code(code)):
        return HttpResponse(
            _("This is not a reference with its access code."), status=400, content_type="text/plain"
        )
    text = note_text(codes.shown_reference(reference), codes.shown_access_code(code))
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="note.txt"'
    return response


@csrf_exempt  # it only ever deletes what this browser began; a page that is closing has no time for a token
@require_http_methods(["GET", "POST"])
@public_page
def leave(request: HttpRequest) -> HttpResponseBase:
    """ "Leave this page": delete what was typed and uploaded, forget this browser, and go somewhere ordinary."""
    draft = _draft(request)
    if draft is not None:
        actions.drop_draft(draft)
    response = HttpResponseRedirect(NEUTRAL_SITE)
    for name in (DRAFT_COOKIE, STATUS_COOKIE):
        forget_cookie(response, name)
    return response
