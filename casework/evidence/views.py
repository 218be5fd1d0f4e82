"""The doors to evidence: previews for who may see them, renditions only under a reveal, originals never."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from csp.constants import NONE, SELF
from csp.decorators import csp, csp_update
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from casework.accounts.models import User
from casework.accounts.permissions import Perm, requires
from casework.accounts.stepup import steps_up
from casework.cases.actions import read_case, session_hash
from casework.cases.models import Case
from casework.privacy.keyring import KeyMissing

from . import actions, page, wording_traces
from .forms import RevealForm
from .marking import shown
from .models import Item, Reveal, RevealReason, Trace
from .sealing import Doubt, open_blob
from .uploads import UploadRefused, accepts_uploads, staged_uploads

View = Callable[..., HttpResponse]


def _session(request: HttpRequest) -> str:
    return session_hash(request.session.session_key)


def picture_only(view: View) -> Callable[..., HttpResponseBase]:
    """A picture and nothing else: not kept, not sniffed, not shown elsewhere, unable to run anything."""

    @csp({"default-src": [NONE], "sandbox": [True]})
    @wraps(view)
    def served(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except (Doubt, KeyMissing):
            response = HttpResponse(status=503)  # an empty picture; `evidence_verify` names what is wrong
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Content-Disposition"] = "inline"
        return response

    return served


def trusting_no_script(view: View) -> Callable[..., HttpResponseBase]:
    """Trusted Types: on the stage as a page of its own, which loads no htmx, no script makes markup out of text."""
    guarded: Callable[..., HttpResponseBase] = csp_update(_NO_SCRIPT)(view)
    return guarded


def playing_films(view: View) -> Callable[..., HttpResponseBase]:
    """As ``trusting_no_script``, and the page may load films: the open stage alone."""
    guarded: Callable[..., HttpResponseBase] = csp_update(_NO_SCRIPT | {"media-src": [SELF]})(view)
    return guarded


_NO_SCRIPT: dict[str, list[str]] = {"require-trusted-types-for": ["'script'"], "trusted-types": [NONE]}


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # ``requires`` has let nobody else in
    return request.user


def _item(request: HttpRequest, public_id: UUID) -> Item:
    return get_object_or_404(
        Item.objects.for_user(_person(request)).select_related("case", "preview__wrap"), public_id=public_id
    )


def _reveal(request: HttpRequest, public_id: UUID) -> Reveal:
    found = Reveal.objects.for_user(_person(request)).select_related(
        "item__case", "item__rendition__wrap", "frame__rendition__wrap", "person", "mark"
    )
    return get_object_or_404(found, public_id=public_id)


def _panel(
    request: HttpRequest, case: Case, *, chosen: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    context = page.panel_context(case, _person(request), session=_session(request), chosen=chosen, **more)
    fragment = bool(request.headers.get("HX-Request"))
    return render(
        request, "evidence/_swap.html" if fragment else "evidence/case.html", context, status=status
    )


def _after(request: HttpRequest, reveal: Reveal) -> HttpResponse:
    """The stage after a step of a reveal: as a fragment, or by its own address."""
    if request.headers.get("HX-Request"):
        return _panel(request, reveal.item.case, chosen=str(reveal.item.public_id))
    return redirect("reveal_stage", reveal.public_id)


@require_safe
@requires(Perm.SEE_PREVIEWS)
@trusting_no_script
def case_evidence(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The evidence of a case: previews, the stage, and what the signals say."""
    case = get_object_or_404(Case.objects.for_user(_person(request)), public_id=public_id)
    if not request.headers.get("HX-Request"):  # the case page, which loads the panel, has its own entry
        read_case(case, actor=_person(request))
    plain = request.GET.get("show") == "regions"
    return _panel(request, case, chosen=request.GET.get("item", ""), plain=plain)


@require_safe
@requires(Perm.SEE_PREVIEWS)
def item(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One item: facts, signals, and its custody without a gap."""
    found = _item(request, public_id)
    read_case(found.case, actor=_person(request))
    return render(request, "evidence/item.html", page.item_context(found, _person(request)))


@require_safe
@requires(Perm.SEE_PREVIEWS)
@picture_only
def preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The preview: at most 24 pixels on its longer side, grey."""
    found = _item(request, public_id)
    if found.preview is None:
        raise Http404
    return HttpResponse(open_blob(found.preview), content_type="image/png")


@require_safe
@requires(Perm.SEE_PREVIEWS)
@picture_only
def signal_map(request: HttpRequest, public_id: UUID, signal: str) -> HttpResponse:
    """Where a trace in the pixels is strongest: at most 24 cells a side, drawn from a residual."""
    drawn = page.map_of(_item(request, public_id), signal)
    if drawn is None:
        raise Http404
    return HttpResponse(drawn, content_type="image/png")


@require_POST
@requires(Perm.VERIFY_EVIDENCE)
def verify(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask a worker to hash the original again."""
    found = _item(request, public_id)
    actions.ask_to_verify(found, actor=_person(request))
    messages.info(request, _("A worker hashes the original again. The answer appears below in a moment."))
    return redirect("evidence_item", found.public_id)


@require_POST
@requires(Perm.EXAMINE_AGAIN)
def examine_again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask a worker to examine the original once more."""
    found = _item(request, public_id)
    actions.ask_to_examine_again(found, actor=_person(request))
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
    found = _item(request, public_id)
    form = RevealForm(request.POST)
    if not form.is_valid():
        return _panel(request, found.case, chosen=str(public_id), form=form, status=422)
    reason = RevealReason(form.cleaned_data["reason"])
    opened = actions.open_reveal(found, actor=_person(request), session=_session(request), reason=reason)
    return _after(request, opened)


@require_safe
@requires(Perm.REVEAL_EVIDENCE)
@playing_films
def reveal_stage(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The open stage as a page of its own, for a browser without scripts; it leaves by itself."""
    found = _reveal(request, public_id)
    return _panel(request, found.item.case, chosen=str(found.item.public_id), leaves=True)


@require_GET
@requires(Perm.REVEAL_EVIDENCE)
@picture_only
def reveal_image(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The rendition, marked with who looks and when; only under a living reveal of this session."""
    found = _reveal(request, public_id)
    try:
        living = actions.serve_reveal(found, actor=_person(request), session=_session(request))
    except actions.RevealDenied as denied:
        if denied.why != actions.JUST_CLOSED:
            actions.record_refused(found, actor=_person(request), why=denied.why)
        raise PermissionDenied from denied
    return HttpResponse(shown(living, actions.open_rendition(living)), content_type="image/jpeg")


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
def reveal_extend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Look as long again, once."""
    found = _reveal(request, public_id)
    actions.extend_reveal(found, actor=_person(request), session=_session(request))
    return _after(request, found)


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
def reveal_colour(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show the colours."""
    found = _reveal(request, public_id)
    actions.colour_reveal(found, actor=_person(request), session=_session(request))
    return _after(request, found)


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
def reveal_close(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop looking. The script says so in the background; without scripts it is a button."""
    found = _reveal(request, public_id)
    actions.close_reveal(found, actor=_person(request))
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
    trace = actions.ask_to_trace(uploads[0], actor=_person(request))
    return redirect("evidence_trace", trace.public_id)


def _traces(request: HttpRequest, *, mistake: str = "", status: int = 200) -> HttpResponse:
    context = page.traces_context(_person(request)) | {"mistake": mistake}
    return render(request, "evidence/traces.html", context, status=status)


@require_safe
@requires(Perm.TRACE_LEAKS)
def trace(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far one trace is, and its answer."""
    found = get_object_or_404(Trace.objects.for_user(_person(request)), public_id=public_id)
    fragment = bool(request.headers.get("HX-Request"))
    context = {"trace": found, "told": wording_traces.told(found, _person(request))}
    return render(request, "evidence/_trace.html" if fragment else "evidence/trace.html", context)
