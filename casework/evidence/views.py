"""The doors to evidence: previews for who may see them, renditions only under a reveal, originals never."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.stepup import steps_up
from casework.cases.actions import read_case
from casework.cases.models import Case

from . import actions, page, wording_traces
from .doors import (
    after_step,
    item_of,
    living,
    panel,
    person_of,
    picture_only,
    playing_films,
    reveal_of,
    session_of,
    trusting_no_script,
)
from .forms import RevealForm
from .marking import shown
from .models import RevealReason, Trace
from .sealing import open_blob
from .uploads import UploadRefused, accepts_uploads, staged_uploads


@require_safe
@requires(Perm.SEE_PREVIEWS)
@trusting_no_script
def case_evidence(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The evidence of a case: previews, the stage, and what the signals say."""
    case = get_object_or_404(Case.objects.for_user(person_of(request)), public_id=public_id)
    if not request.headers.get("HX-Request"):  # the case page, which loads the panel, has its own entry
        read_case(case, actor=person_of(request))
    plain = request.GET.get("show") == "regions"
    return panel(request, case, chosen=request.GET.get("item", ""), plain=plain)


@require_safe
@requires(Perm.SEE_PREVIEWS)
def item(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One item: facts, signals, and its custody without a gap."""
    found = item_of(request, public_id)
    read_case(found.case, actor=person_of(request))
    return render(request, "evidence/item.html", page.item_context(found, person_of(request)))


@require_safe
@requires(Perm.SEE_PREVIEWS)
@picture_only
def preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The preview: at most 24 pixels on its longer side, grey."""
    found = item_of(request, public_id)
    if found.preview is None:
        raise Http404
    return HttpResponse(open_blob(found.preview), content_type="image/png")


@require_safe
@requires(Perm.SEE_PREVIEWS)
@picture_only
def signal_map(request: HttpRequest, public_id: UUID, signal: str) -> HttpResponse:
    """Where a trace in the pixels is strongest: at most 24 cells a side, drawn from a residual."""
    drawn = page.map_of(item_of(request, public_id), signal)
    if drawn is None:
        raise Http404
    return HttpResponse(drawn, content_type="image/png")


@require_POST
@requires(Perm.VERIFY_EVIDENCE)
def verify(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask a worker to hash the original again."""
    found = item_of(request, public_id)
    actions.ask_to_verify(found, actor=person_of(request))
    messages.info(request, _("A worker hashes the original again. The answer appears below in a moment."))
    return redirect("evidence_item", found.public_id)


@require_POST
@requires(Perm.EXAMINE_AGAIN)
def examine_again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask a worker to examine the original once more."""
    found = item_of(request, public_id)
    actions.ask_to_examine_again(found, actor=person_of(request))
    messages.info(
        request, _("A worker examines the file again. What it finds takes the place of what stands here.")
    )
    return redirect("evidence_item", found.public_id)


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
@steps_up
@trusting_no_script
def reveal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Open the rendition of an item for some seconds, with a reason."""
    found = item_of(request, public_id)
    form = RevealForm(request.POST)
    if not form.is_valid():
        return panel(request, found.case, chosen=str(public_id), form=form, status=422)
    reason = RevealReason(form.cleaned_data["reason"])
    opened = actions.open_reveal(found, actor=person_of(request), session=session_of(request), reason=reason)
    return after_step(request, opened)


@require_safe
@requires(Perm.REVEAL_EVIDENCE)
@playing_films
def reveal_stage(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The open stage as a page of its own, for a browser without scripts; it leaves by itself."""
    found = reveal_of(request, public_id)
    return panel(request, found.item.case, chosen=str(found.item.public_id), leaves=True)


@require_GET
@requires(Perm.REVEAL_EVIDENCE)
@picture_only
def reveal_image(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The rendition, marked with who looks and when; only under a living reveal of this session."""
    found = reveal_of(request, public_id)
    looked = living(actions.serve_reveal, found, request)
    return HttpResponse(shown(looked, actions.open_rendition(looked)), content_type="image/jpeg")


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
def reveal_extend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Look as long again, once."""
    found = reveal_of(request, public_id)
    actions.extend_reveal(found, actor=person_of(request), session=session_of(request))
    return after_step(request, found)


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
def reveal_colour(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show the colours."""
    found = reveal_of(request, public_id)
    actions.colour_reveal(found, actor=person_of(request), session=session_of(request))
    return after_step(request, found)


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
def reveal_close(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop looking. The script says so in the background; without scripts it is a button."""
    found = reveal_of(request, public_id)
    actions.close_reveal(found, actor=person_of(request))
    if request.headers.get("X-Background"):
        return HttpResponse(status=204)
    return redirect(
        f"{reverse('case_evidence', args=[found.item.case.public_id])}?item={found.item.public_id}"
    )


@accepts_uploads
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.TRACE_LEAKS)
def traces(request: HttpRequest) -> HttpResponse:
    """Hand in a copy that turned up outside; what came of the earlier ones."""
    if request.method != "POST":
        return _traces(request)
    try:
        uploads = staged_uploads(request)
    except UploadRefused as refused:
        return _traces(request, mistake=refused.message, status=refused.status)
    if len(uploads) != 1:
        actions.discard_staged(uploads)
        return _traces(request, mistake=_("Choose one file. Nothing was kept."), status=422)
    trace = actions.ask_to_trace(uploads[0], actor=person_of(request))
    return redirect("evidence_trace", trace.public_id)


def _traces(request: HttpRequest, *, mistake: str = "", status: int = 200) -> HttpResponse:
    context = page.traces_context(person_of(request)) | {"mistake": mistake}
    return render(request, "evidence/traces.html", context, status=status)


@require_safe
@requires(Perm.TRACE_LEAKS)
def trace(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far one trace is, and its answer."""
    found = get_object_or_404(Trace.objects.for_user(person_of(request)), public_id=public_id)
    fragment = bool(request.headers.get("HX-Request"))
    context = {"trace": found, "told": wording_traces.told(found, person_of(request))}
    return render(request, "evidence/_trace.html" if fragment else "evidence/trace.html", context)
