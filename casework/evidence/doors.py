"""What the doors to evidence share: who asks, what exists for them, and how pictures and panels are served."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from csp.constants import NONE, SELF
from csp.decorators import csp, csp_update
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from casework.accounts.models import User
from casework.cases.actions import session_hash
from casework.cases.models import Case
from casework.privacy.keyring import KeyMissing

from . import actions, page
from .models import Item, Reveal
from .sealing import Doubt

View = Callable[..., HttpResponse]
Served = TypeVar("Served")


def session_of(request: HttpRequest) -> str:
    """The hash of this browser's session, as reveals and playbacks are bound to it."""
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


def person_of(request: HttpRequest) -> User:
    """Who asks, for doors that ``requires`` guards."""
    assert isinstance(request.user, User)  # ``requires`` has let nobody else in
    return request.user


def item_of(request: HttpRequest, public_id: UUID) -> Item:
    """The item, where it exists for who asks; else 404."""
    return get_object_or_404(
        Item.objects.for_user(person_of(request)).select_related("case", "preview__wrap"), public_id=public_id
    )


def reveal_of(request: HttpRequest, public_id: UUID) -> Reveal:
    """The reveal, where it is one of who asks; else 404."""
    found = Reveal.objects.for_user(person_of(request)).select_related(
        "item__case", "item__rendition__wrap", "frame__rendition__wrap", "person", "mark"
    )
    return get_object_or_404(found, public_id=public_id)


def panel(
    request: HttpRequest, case: Case, *, chosen: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    """The evidence of a case: as a fragment for htmx, else as a page."""
    context = page.panel_context(case, person_of(request), session=session_of(request), chosen=chosen, **more)
    fragment = bool(request.headers.get("HX-Request"))
    return render(
        request, "evidence/_swap.html" if fragment else "evidence/case.html", context, status=status
    )


def after_step(request: HttpRequest, reveal: Reveal) -> HttpResponse:
    """The stage after a step of a reveal: as a fragment, or by its own address."""
    if request.headers.get("HX-Request"):
        return panel(request, reveal.item.case, chosen=str(reveal.item.public_id))
    return redirect("reveal_stage", reveal.public_id)


def living(serve: Callable[..., Served], found: Reveal, request: HttpRequest) -> Served:
    """What *serve* gives for a reveal that lives; a refusal is 403, and an entry unless it was closed just now."""
    try:
        return serve(found, actor=person_of(request), session=session_of(request))
    except actions.RevealDenied as denied:
        if denied.why != actions.JUST_CLOSED:
            actions.record_refused(found, actor=person_of(request), why=denied.why)
        raise PermissionDenied from denied
