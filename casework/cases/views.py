"""The desk's doors: lists of cases, one case, and what somebody does on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest

from . import actions, forms, page, reading
from .models import Case
from .wording import row_of

ROWS = 50


def _case(request: DeskRequest, public_id: UUID) -> Case:
    return get_object_or_404(
        Case.objects.for_user(request.user).select_related("claimed_by"), public_id=public_id
    )


def _list(request: DeskRequest, cases: Any, **context: Any) -> HttpResponse:
    rows = Paginator(cases, ROWS).get_page(request.GET.get("page"))
    listed = [row_of(case, request.user) for case in rows]
    return render(request, "cases/list.html", {"rows": listed, "pager": rows, **context})


@require_safe
@requires(Perm.READ_CASES)
def queue(request: DeskRequest) -> HttpResponse:
    """What waits, most urgent first, under one filter."""
    chosen = request.GET.get("show", "all")
    counts = reading.counts(request.user)
    chips = page.filter_chips(counts, chosen, request.user)
    return _list(
        request, reading.queue(request.user, chosen), title=_("Queue"), chips=chips, counts=counts,
        empty=_("Nothing waits. New reports appear here by themselves."), can_take_next=True,
    )  # fmt: skip


@require_safe
@requires(Perm.CLAIM_CASE)
def mine(request: DeskRequest) -> HttpResponse:
    """What this person has claimed."""
    return _list(
        request, reading.mine(request.user), title=_("Mine"), can_take_next=True,
        empty=_("You have claimed nothing. Take the next case, or claim one in the queue."),
    )  # fmt: skip


@require_safe
@requires(Perm.CLAIM_CASE)
def held(request: DeskRequest) -> HttpResponse:
    """What was put aside, next date first. Clocks run on meanwhile."""
    return _list(request, reading.held(request.user), title=_("Held"), empty=_("Nothing is on hold."))


@require_safe
@requires(Perm.APPROVE_DECISION)
def approvals(request: DeskRequest) -> HttpResponse:
    """Decisions that wait for a second person other than their author."""
    return _list(
        request, reading.approvals(request.user), title=_("To approve"), empty=_("No decision waits for you.")
    )


@require_safe
@requires(Perm.DECIDE_CASE)
def to_confirm(request: DeskRequest) -> HttpResponse:
    """Decided cases in which somebody still has to see that the imagery is gone."""
    return _list(
        request,
        reading.effects_open(request.user),
        title=_("To confirm"),
        empty=_("Every effect is confirmed."),
    )


@require_safe
@requires(Perm.SEARCH_CASES)
def search(request: DeskRequest) -> HttpResponse:
    """Find a case by reference, digest, address, host or account; the search itself is logged."""
    form = forms.SearchForm(request.GET)
    query = form.cleaned_data["q"].strip() if form.is_valid() else ""
    if not query:
        return render(request, "cases/search.html", {"form": form})
    found = page.ranked(actions.search_cases(query, actor=request.user))
    rows = [row_of(case, request.user) for case in found[:ROWS]]
    return render(request, "cases/search.html", {"form": form, "query": query, "rows": rows})


@require_safe
@requires(Perm.READ_CASES)
def case(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One case: what there is, what we know, what to decide. Opening it is an entry of the log."""
    found = _case(request, public_id)
    actions.read_case(found, actor=request.user)
    return render(request, "cases/detail.html", page.case_context(found, request.user))


@require_POST
@requires(Perm.CLAIM_CASE)
def next_case(request: DeskRequest) -> HttpResponse:
    """Claim the most urgent free case and open it."""
    for candidate in reading.queue(request.user, "free")[:5]:
        try:
            actions.claim_case(
                candidate, actor=request.user, session=actions.session_hash(request.session.session_key)
            )
        except actions.ClaimedByOther:
            continue
        return redirect("case", candidate.public_id)
    return redirect("queue")


@require_POST
@requires(Perm.CLAIM_CASE)
def claim(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _case(request, public_id)
    actions.claim_case(found, actor=request.user, session=actions.session_hash(request.session.session_key))
    return redirect("case", found.public_id)


@require_POST
@requires(Perm.CLAIM_CASE)
def heartbeat(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Lengthen the lease while the page is open. A lost lease answers 409 in words, as JSON for the script."""
    found = _case(request, public_id)
    form = forms.ClaimTokenForm(request.POST)
    if not form.is_valid() or form.cleaned_data["token"] is None:
        return JsonResponse({"detail": _("This page holds no claim.")}, status=400)
    try:
        until = actions.renew_claim(found, actor=request.user, token=form.cleaned_data["token"])
    except actions.LeaseLost as lost:
        return JsonResponse({"detail": lost.sentence}, status=409)
    return JsonResponse({"until": until.isoformat()})


@require_POST
@requires(Perm.CLAIM_CASE)
def release(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _case(request, public_id)
    form = forms.ClaimTokenForm(request.POST)
    if form.is_valid() and form.cleaned_data["token"]:
        actions.release_case(found, actor=request.user, token=form.cleaned_data["token"])
    return redirect("queue")


@require_POST
@requires(Perm.TAKE_OVER_CASE)
def take_over(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _case(request, public_id)
    form = forms.ReasonForm(request.POST)
    if not form.is_valid():
        return render(
            request, "cases/detail.html", page.case_context(found, request.user, take_over=form), status=422
        )
    actions.take_over_case(
        found,
        actor=request.user,
        reason=form.cleaned_data["reason"],
        session=actions.session_hash(request.session.session_key),
    )
    return redirect("case", found.public_id)


@require_POST
@requires(Perm.CLAIM_CASE)
def hold(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _case(request, public_id)
    form = forms.HoldForm(request.POST)
    if not form.is_valid():
        return render(
            request, "cases/detail.html", page.case_context(found, request.user, hold=form), status=422
        )
    data = form.cleaned_data
    actions.hold_case(
        found, actor=request.user, token=data["token"], until=form.until(), reason=data["reason"]
    )
    return redirect("queue")


@require_POST
@requires(Perm.CLAIM_CASE)
def skip(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Pass to a colleague: nobody is asked why."""
    found = _case(request, public_id)
    form = forms.ClaimTokenForm(request.POST)
    if not form.is_valid():
        return redirect("case", found.public_id)
    actions.skip_case(found, actor=request.user, token=form.cleaned_data["token"])
    return redirect("queue")


@require_POST
@requires(Perm.DECIDE_CASE)
def decide(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _case(request, public_id)
    form = forms.DecisionForm(request.POST, case=found)
    page.keep_typed(found, "decision", request.POST, request.user)
    if not form.is_valid():
        return render(
            request, "cases/detail.html", page.case_context(found, request.user, decision=form), status=422
        )
    data = dict(form.cleaned_data)
    overrides = page.decision_named(found, data.pop("overrides"))
    actions.decide_case(found, actor=request.user, overrides=overrides, **data)
    return redirect(page.after_decision(found, request.user))


@require_POST
@requires(Perm.APPROVE_DECISION)
def review(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _case(request, public_id)
    form = forms.ReviewForm(request.POST)
    if not form.is_valid():
        return render(
            request, "cases/detail.html", page.case_context(found, request.user, review=form), status=422
        )
    data = form.cleaned_data
    shown = page.decision_to_review(found, data["decision"])
    actions.review_decision(
        shown, actor=request.user, approved=data["approved"] == "yes", reason=data["reason"]
    )
    return redirect("case", found.public_id)


@require_POST
@requires(Perm.DECIDE_CASE)
def settle(request: DeskRequest, public_id: UUID, effect_id: UUID) -> HttpResponse:
    """Somebody looked at the place named and says what they saw."""
    found = _case(request, public_id)
    effect = page.effect_of(found, effect_id)
    form = forms.EffectForm(request.POST)
    if not form.is_valid():
        return render(request, "cases/detail.html", page.case_context(found, request.user), status=422)
    data = form.cleaned_data
    actions.settle_effect(
        effect, actor=request.user, confirmed=data["happened"] == "yes", remark=data["remark"]
    )
    return redirect("case", found.public_id)


@require_POST
@requires(Perm.WRITE_NOTE)
def note(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _case(request, public_id)
    form = forms.NoteForm(request.POST)
    if not form.is_valid():
        return render(
            request, "cases/detail.html", page.case_context(found, request.user, note=form), status=422
        )
    actions.write_note(found, form.cleaned_data["text"], actor=request.user)
    return redirect("case", found.public_id)


@require_POST
@requires(Perm.WRITE_NOTE)
def draft(request: DeskRequest, public_id: UUID, form: str) -> HttpResponse:
    """Keep what is being typed. Answered without a body; the page says "kept"."""
    found = _case(request, public_id)
    page.keep_typed(found, form, request.POST, request.user)
    return HttpResponse(status=204)
