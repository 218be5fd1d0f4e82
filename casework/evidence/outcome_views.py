"""The door through which a supervisor confirms what an item was in truth."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.cases.actions import read_case
from casework.scoring.actions import confirm_outcome
from casework.scoring.forms import OutcomeForm

from .assessing import scores_of
from .models import Item
from .outcomes import outcome_context


@require_http_methods(["GET", "POST"])
@requires(Perm.CONFIRM_OUTCOMES)
def outcome(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Say what an item was in truth. It measures the models; it decides nothing and changes no case."""
    item = get_object_or_404(Item.objects.for_user(request.user).select_related("case"), public_id=public_id)
    if request.method == "GET":
        read_case(item.case, actor=request.user)
        return _page(request, item)
    form = OutcomeForm(request.POST, auto_id=f"id_{request.POST.get('question', '')}_%s")
    if not form.is_valid() or item.state == Item.State.STORED:
        return _page(request, item, form)
    confirm_outcome(
        item.public_id, form.cleaned_data["question"], form.cleaned_data["truth"], case=item.case,
        scores=scores_of(item), actor=request.user,
    )  # fmt: skip
    messages.success(request, _("Confirmed. It counts when the models are measured the next time."))
    return redirect("evidence_item", item.public_id)


def _page(request: DeskRequest, item: Item, form: OutcomeForm | None = None) -> HttpResponse:
    context = outcome_context(item, request.user, bound=form) | {"item": item, "case": item.case}
    return render(request, "evidence/outcome.html", context, status=200 if form is None else 422)
