"""The desk's doors to escalations: the list, a case's panel, a draft up to its preview, one escalation."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.cases.actions import drop_draft, read_case
from casework.cases.models import Case

from . import actions, draft_page, page, reading
from .fitting import fitting
from .forms import DigestForm, FilterForm
from .models import Escalation, State, Urgency

ROWS = 50


def found(request: DeskRequest, public_id: UUID) -> Escalation:
    """The escalation of an address, 404 where it does not exist for this person."""
    rows = Escalation.objects.for_user(request.user).select_related(
        "case", "partner__organisation", "drafted_by"
    )
    return get_object_or_404(rows, public_id=public_id)


def _case(request: DeskRequest, public_id: UUID) -> Case:
    return get_object_or_404(Case.objects.for_user(request.user), public_id=public_id)


@require_safe
@requires(Perm.READ_ESCALATIONS)
def escalations(request: DeskRequest) -> HttpResponse:
    """What waits for somebody, what is under way, and everything there ever was."""
    counts = reading.counts(request.user)
    tab = request.GET.get("show", "") or page.first_tab(request.user, counts)
    form = FilterForm(request.GET)
    rows = reading.narrowed(reading.listed(request.user, tab), form.cleaned_data if form.is_valid() else {})
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "tabs": page.tabs(request.user, tab, counts), "tab": tab, "late": counts["late"], "pager": shown,
        "rows": page.rows_of(shown, request.user, tab), "empty": page.empty_words(tab), "form": form,
        "partners": reading.partners_named(request.user), "states": State.choices, "urgencies": Urgency.choices,
    }  # fmt: skip
    return render(request, "escalations/list.html", context)


@require_safe
@requires(Perm.READ_ESCALATIONS)
def panel(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """What was drafted or sent of one case: a panel of its page that is also a page."""
    case = _case(request, public_id)
    if not request.htmx:  # the case page, which loads the panel, has its own entry
        read_case(case, actor=request.user)
    rows = page.rows_of(reading.of_case(case, request.user), request.user, "case")
    name = "escalations/_panel.html" if request.htmx else "escalations/panel.html"
    return render(request, name, {"case": case, "rows": rows})


@require_http_methods(["GET", "POST"])
@requires(Perm.DRAFT_ESCALATION)
def start(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """To whom, on what basis, how urgent: with three answers a draft begins."""
    case = _case(request, public_id)
    country = draft_page.country_of(request.POST if request.method == "POST" else request.GET)
    fits = fitting(case, request.user, country)
    form = draft_page.start_form(case, request.user, fits, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = actions.draft_escalation(case, actor=request.user, jurisdiction=country, **form.cleaned_data)
        return redirect("escalation_edit", made.public_id)
    context = draft_page.start_context(case, request.user, fits, form) | {"country": country}
    return render(request, "escalations/start.html", context, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_ESCALATIONS)
def escalation(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One escalation: where it stands, the way it went, its package, what was written, what may be done."""
    shown = found(request, public_id)
    read_case(shown.case, actor=request.user)
    return render(request, "escalations/detail.html", page.detail_context(shown, request.user))


@require_http_methods(["GET", "POST"])
@requires(Perm.DRAFT_ESCALATION)
def edit(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Write a draft. Only its author does; everybody else is led to what it says."""
    own = found(request, public_id)
    if request.method != "POST":
        if not page.allowed(own, request.user)["edit"]:
            return redirect("escalation", public_id)
        read_case(own.case, actor=request.user)
        return render(request, "escalations/edit.html", draft_page.edit_context(own, request.user))
    draft_page.keep_typed(own, "edit", request.POST, request.user)
    form = draft_page.draft_form(own, request.user, request.POST)
    if not form.is_valid():
        context = draft_page.edit_context(own, request.user, form)
        return render(request, "escalations/edit.html", context, status=422)
    actions.change_draft(own, actor=request.user, **draft_page.changes(own, form, request.user))
    drop_draft(own.case, draft_page.draft_name(own, "edit"), actor=request.user)
    if "look" in request.POST:
        return redirect("escalation_preview", public_id)
    messages.info(request, _("Kept. Nothing leaves before somebody else has agreed."))
    return redirect("escalation_edit", public_id)


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def keep(request: DeskRequest, public_id: UUID, form: str) -> HttpResponse:
    """Keep what is being typed. Answered without a body; the page says "kept"."""
    draft_page.keep_typed(found(request, public_id), form, request.POST, request.user)
    return HttpResponse(status=204)


@require_safe
@requires(Perm.READ_ESCALATIONS)
def preview(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Exactly what would leave, field by field, and what stays here: the case is read by that."""
    shown = found(request, public_id)
    read_case(shown.case, actor=request.user)
    return render(request, "escalations/preview.html", draft_page.preview_context(shown, request.user))


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def offer(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Its author has seen what would leave, and offers it for approval."""
    own = found(request, public_id)
    form = DigestForm(request.POST)
    if not form.is_valid():
        return redirect("escalation_preview", public_id)
    actions.note_preview(own, actor=request.user, digest=form.cleaned_data["digest"])
    actions.offer(own, actor=request.user)
    messages.success(request, _("It waits for the word of a second person now."))
    return redirect("escalation", public_id)
