"""The doors to films: the preview of a frame for who may see previews, its rendition under a reveal."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.stepup import steps_up
from casework.cases.actions import read_case

from . import actions, film, page
from .doors import (
    after_step,
    item_of,
    living,
    panel,
    person_of,
    picture_only,
    reveal_of,
    session_of,
    trusting_no_script,
)
from .forms import PlayForm, RevealForm
from .models import Frame, Playback, RevealReason
from .sealing import open_blob


def _frame(request: HttpRequest, public_id: UUID) -> Frame:
    found = Frame.objects.for_user(person_of(request)).select_related("item__case", "preview__wrap")
    return get_object_or_404(found, public_id=public_id)


def _frame_panel(request: HttpRequest, frame: Frame, **more: Any) -> HttpResponse:
    """The panel with *frame* on the stage."""
    stage = page.stage(frame.item, person_of(request), frame.item.case.items.count())
    return panel(
        request, frame.item.case, chosen=str(frame.item.public_id), 
        film=film.film_context(frame.item, frame, user=person_of(request), session=session_of(request)),
        stage=film.frame_stage(frame, stage), **more,
    )  # fmt: skip


@require_safe
@requires(Perm.SEE_PREVIEWS)
@trusting_no_script
def film_frame(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The evidence of a case with one frame of a film on the stage."""
    found = _frame(request, public_id)
    if not request.headers.get("HX-Request"):
        read_case(found.item.case, actor=person_of(request))
    return _frame_panel(request, found)


@require_safe
@requires(Perm.SEE_PREVIEWS)
@picture_only
def frame_preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The preview of a frame: at most 24 pixels on its longer side, grey."""
    return HttpResponse(open_blob(_frame(request, public_id).preview), content_type="image/png")


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
@steps_up
@trusting_no_script
def frame_reveal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Open the rendition of one frame for some seconds, with a reason."""
    found = _frame(request, public_id)
    form = RevealForm(request.POST)
    if not form.is_valid():
        return _frame_panel(request, found, form=form, status=422)
    reason = RevealReason(form.cleaned_data["reason"])
    opened = actions.open_reveal(
        found.item, actor=person_of(request), session=session_of(request), reason=reason, frame=found
    )
    return after_step(request, opened)


def _playback(request: HttpRequest, public_id: UUID) -> Playback:
    found = Playback.objects.for_user(person_of(request)).filter(session_hash=session_of(request))
    return get_object_or_404(found.select_related("item__case"), public_id=public_id)


def _panel_url(playback: Playback) -> str:
    panel = reverse("case_evidence", args=[playback.item.case.public_id])
    return f"{panel}?item={playback.item.public_id}"


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
@steps_up
@trusting_no_script
def play(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Have a part of a film made, to be watched: with a reason, by a worker."""
    found = item_of(request, public_id)
    form = PlayForm(request.POST)
    if not form.is_valid():
        return panel(request, found.case, chosen=str(public_id), form=form, status=422)
    asked = actions.ask_playback(
        found, actor=person_of(request), session=session_of(request), reason=RevealReason(form.cleaned_data["reason"]),
        start_seconds=form.cleaned_data["at"] or 0.0, coloured=form.cleaned_data["coloured"],
    )  # fmt: skip
    if request.headers.get("HX-Request"):
        return panel(request, found.case, chosen=str(public_id))
    return redirect(_panel_url(asked))


@require_safe
@requires(Perm.REVEAL_EVIDENCE)
def playback(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far the making of a film is; the panel for a browser without scripts."""
    found = _playback(request, public_id)
    if not request.headers.get("HX-Request"):
        return redirect(_panel_url(found))
    context = {"playback": film.playback_context(found), "back_url": _panel_url(found)}
    return render(request, "evidence/_playback.html", context)


@require_POST
@requires(Perm.REVEAL_EVIDENCE)
@steps_up
def playback_open(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Begin to watch, on a page of its own: the only one that may load films."""
    found = _playback(request, public_id)
    reveal = actions.open_playback(found, actor=person_of(request), session=session_of(request))
    stage = reverse("reveal_stage", args=[reveal.public_id])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": stage})
    return redirect(stage)


@require_GET
@requires(Perm.REVEAL_EVIDENCE)
@picture_only
def reveal_film(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The film, or the part of it that the browser asks for; only under a living reveal of this session."""
    found = reveal_of(request, public_id)
    looked = living(actions.serve_playback, found, request)
    return _part(actions.open_film(looked), request.headers.get("Range", ""))


def _part(data: bytes, wanted: str) -> HttpResponse:
    """All of *data*, or the one range that is asked for (RFC 9110, 14.2); other ranges are answered with all of it."""
    found = re.fullmatch(r"bytes=(\d{1,12})-(\d{0,12})", wanted)
    first, last = (int(found[1]), int(found[2] or len(data) - 1)) if found else (0, len(data) - 1)
    last = min(last, len(data) - 1)
    headers = {"Accept-Ranges": "bytes"}
    if found is None or last < first <= len(data) - 1:
        return HttpResponse(data, content_type="video/mp4", headers=headers)
    if first >= len(data):
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return HttpResponse(data[first : last + 1], status=206, content_type="video/mp4", headers=headers)
