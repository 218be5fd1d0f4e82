"""Doors to a report to NCMEC: filled in while it is a draft, read afterwards, tried again when it failed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up
from casework.partners.models import Channel

from . import tip_page
from .actions import tips
from .models import Escalation


def _found(request: DeskRequest, public_id: UUID) -> Escalation:
    rows = Escalation.objects.for_user(request.user).filter(channel=Channel.CYBERTIP)
    return get_object_or_404(rows.select_related("case", "partner__organisation"), public_id=public_id)


@require_safe
@requires(Perm.READ_ESCALATIONS)
def tip(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """The report in plain words, how far it came, each call; for the author of a draft its form."""
    return _show(request, _found(request, public_id))


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def describe(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Keep what only a person knows."""
    escalation = _found(request, public_id)
    form, files = tip_page.forms_of(escalation, request.POST)
    if not all([form.is_valid(), *(file.is_valid() for file in files)]):
        return _show(request, escalation, forms=(form, files), status=422)
    tips.describe_tip(
        escalation, actor=request.user, version=form.cleaned_data["version"], content=form.content(files)
    )
    messages.success(request, _("Kept. Read the preview before you offer it."))
    return redirect("escalation_tip", public_id)


@require_safe
@requires(Perm.READ_ESCALATIONS)
@steps_up
def xml(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """The report as it is sent, as text. Reading it is an entry of the log."""
    escalation = _found(request, public_id)
    tips.note_xml_read(escalation, actor=request.user)
    return render(request, "escalations/tip/xml.html", tip_page.xml_context(escalation))


@require_POST
@requires(Perm.DRAFT_ESCALATION)
def again(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Try a report that failed again at once."""
    tried = tips.try_again(_found(request, public_id), actor=request.user)
    said = _("A worker tries it again now.") if tried else _("It did not fail: nothing was changed.")
    messages.info(request, said)
    return redirect("escalation_tip", public_id)


def _show(request: DeskRequest, escalation: Escalation, *, status: int = 200, **sent: object) -> HttpResponse:
    context = tip_page.context_of(escalation, request.user, **sent)  # type: ignore[arg-type]
    return render(request, "escalations/tip/detail.html", context, status=status)
