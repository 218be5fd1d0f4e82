"""Doors of secure links: token and code in, the same page as in the portal out; and the desk's form for one.

These pages are public: no script may write into them, nothing is kept by the browser, their titles say nothing.
"""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up
from casework.escalations import actions, portal_page, serving
from casework.escalations import portal_forms as forms
from casework.escalations.actions import links
from casework.escalations.models import Escalation, Line, SecureLink
from casework.reports.limits import Limit, TooOften, address_prefix, count
from casework.reports.views.public import View, public_page

#: Guessing at links: per address prefix, and all together.
LINK_PER_PREFIX = Limit("link-prefix", 30, 3600)
LINK_IN_ALL = Limit("link-all", 3000, 3600)
#: What one link may write.
LINE_PER_LINK = Limit("link-line", 30, 3600)
#: A name that says nothing. It is sent below its path only, which "__Host-" would not allow.
COOKIE = "__Secure-y" if settings.IS_SECURE else "y"
COOKIE_PATH = "/link/"


def _link_page(view: View) -> View:
    """A public page of ours; a limit that is used up is said in our words."""

    @wraps(view)
    def said(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except TooOften as error:
            minutes = max(1, round(error.wait / 60))
            response = render(request, "escalations/link/too_often.html", {"minutes": minutes}, status=429)
            response.headers["Retry-After"] = str(error.wait)
            return response

    return public_page(said)


def _with_link(view: View) -> View:
    """Give the view the link of this browser, for another half hour; without one, say that it is closed (404)."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        link = links.current(request.COOKIES.get(COOKIE, ""))
        if link is None:
            response: HttpResponseBase = render(request, "escalations/link/closed.html", status=404)
            return _kept(response, "")
        return _kept(view(request, link, *args, **kwargs), links.ticket(link))

    return opened


def _kept(response: HttpResponseBase, held: str) -> HttpResponseBase:
    """Keep a ticket in the browser until it ends, or (empty) have it dropped."""
    response.set_cookie(
        COOKIE, held, max_age=None if held else 0, path=COOKIE_PATH, secure=settings.IS_SECURE, httponly=True,
        samesite="Strict",
    )  # fmt: skip
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@_link_page
def open_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Ask for the code. Wrong code, dead, ended or unknown link: the same answer for the same work."""
    form = forms.CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        count(LINK_IN_ALL)
        count(LINK_PER_PREFIX, address_prefix(request))
        link = links.open_link(token, form.cleaned_data["code"])
        if link is not None:
            return _kept(redirect("link_page"), links.ticket(link))
        form.add_error(
            "code",
            _("This code does not open this link. A link ends on its day, or after five wrong codes."),
        )
    return render(request, "escalations/link/open.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@_link_page
@_with_link
def page(request: HttpRequest, link: SecureLink) -> HttpResponseBase:
    """The matter. Opening it is noted; the first time it counts as delivered."""
    actions.note_delivered(link.escalation, how="link")
    actions.note_read(link.escalation, actor=None)
    return _page(request, link)


@require_safe
@_link_page
@_with_link
def package(request: HttpRequest, link: SecureLink) -> HttpResponseBase:
    """The encrypted file."""
    ready = portal_page.package_of(link.escalation)
    if ready is None:
        raise Http404
    fetcher = serving.Fetcher(lambda: links.is_living(link), link=link)
    return serving.package_response(request, ready, fetcher)


@require_safe
@_link_page
@_with_link
def stamp(request: HttpRequest, link: SecureLink) -> HttpResponseBase:
    """The answer of the authority that stamped the package (RFC 3161)."""
    ready = portal_page.package_of(link.escalation)
    if ready is None or ready.stamp is None:
        raise Http404
    return serving.stamp_response(ready)


@require_POST
@_link_page
@_with_link
def acknowledge(request: HttpRequest, link: SecureLink) -> HttpResponseBase:
    """ "We have it", by somebody who says their name."""
    form = forms.AcknowledgeForm(request.POST, named=True)
    if not form.is_valid():
        return _page(request, link, status=422, acknowledge_form=form)
    with links.held(link) as found:
        actions.acknowledge(found, actor=None, **form.cleaned_data)
    return redirect("link_page")


@require_POST
@_link_page
@_with_link
def line(request: HttpRequest, link: SecureLink) -> HttpResponseBase:
    """A question or a word to the desk."""
    form = forms.WordForm(request.POST, named=True)
    if not form.is_valid():
        return _page(request, link, status=422, word_form=form)
    count(LINE_PER_LINK, str(link.public_id))
    with links.held(link) as found:
        actions.write_line(found, actor=None, side=Line.Side.PARTNER, **form.cleaned_data)
    return redirect("link_page")


@require_POST
@_link_page
@_with_link
def answer(request: HttpRequest, link: SecureLink) -> HttpResponseBase:
    """What became of it."""
    form = forms.AnswerForm(request.POST, named=True)
    if not form.is_valid():
        return _page(request, link, status=422, answer_form=form)
    with links.held(link) as found:
        actions.answer(found, actor=None, **form.cleaned_data)
    return redirect("link_page")


@require_POST
@_link_page
@_with_link
def decline(request: HttpRequest, link: SecureLink) -> HttpResponseBase:
    """That it is not for them; the link opens nothing any more."""
    form = forms.DeclineForm(request.POST, named=True)
    if not form.is_valid():
        return _page(request, link, status=422, decline_form=form)
    with links.held(link) as found:
        actions.decline(found, actor=None, **form.cleaned_data)
    return render(request, "escalations/link/closed.html", {"declined": True})


@require_POST
@_link_page
def close(request: HttpRequest) -> HttpResponseBase:
    """Close the page in this browser; the link goes on to work."""
    return _kept(render(request, "escalations/link/closed.html", {"by_hand": True}), "")


def _page(request: HttpRequest, link: SecureLink, *, status: int = 200, **unsent: Any) -> HttpResponse:
    found = link.escalation
    known = {"name": found.acknowledged_name, "reference": found.recipient_reference}
    context = {
        "link": link,
        "acknowledge_form": forms.AcknowledgeForm(named=True),
        "word_form": forms.WordForm(named=True, initial=known),
        "answer_form": forms.AnswerForm(named=True, initial=known),
        "decline_form": forms.DeclineForm(named=True, initial=known),
        **portal_page.matter(found),
        **unsent,
    }
    return render(request, "escalations/link/page.html", context, status=status)


# --- the desk ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.DRAFT_ESCALATION)
@steps_up
def new(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Make a link for one contact: the answer shows link and code, once."""
    found = get_object_or_404(Escalation.objects.for_user(request.user), public_id=public_id)
    form = forms.LinkForm(request.POST if request.method == "POST" else None, escalation=found)
    if request.method == "POST" and form.is_valid():
        try:
            link, token, code = links.make_link(found, actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            shown = {"link": link, "address": links.address_of(token), "code": links.shown_code(code)}
            return render(
                request, "escalations/link/made.html", {**shown, "mail_to": form.cleaned_data["mail_to"]}
            )
    context = {"escalation": found, "form": form}
    return render(request, "escalations/link/new.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def revoke(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """End a link now."""
    link = get_object_or_404(SecureLink.objects.for_user(request.user), public_id=public_id)
    links.revoke_link(link, actor=request.user)
    return redirect("escalation", link.escalation.public_id)
