"""Doors to the directory of partners: reading for the desk, proposing and agreeing for those who answer for it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up

from . import actions, page
from .forms import ContactForm, DirectoryForm, KeyForm, PartnerForm, ReasonForm, VerifyForm
from .models import Contact, Partner, PartnerChange, PartnerKey


def _partner(request: DeskRequest, public_id: UUID) -> Partner:
    found = Partner.objects.for_user(request.user).select_related("organisation", "endpoint")
    return get_object_or_404(found, public_id=public_id)


def _contact(request: DeskRequest, public_id: UUID) -> Contact:
    found = Contact.objects.for_user(request.user).filter(ended_at__isnull=True)
    return get_object_or_404(found.select_related("partner__organisation", "user"), public_id=public_id)


def _key(request: DeskRequest, public_id: UUID) -> PartnerKey:
    found = PartnerKey.objects.for_user(request.user)
    return get_object_or_404(
        found.select_related("partner__organisation", "added_by", "verified_by", "revoked_by"),
        public_id=public_id,
    )


def _change(request: DeskRequest, public_id: UUID) -> PartnerChange:
    found = PartnerChange.objects.for_user(request.user)
    return get_object_or_404(
        found.select_related("partner__organisation", "proposed_by", "decided_by"), public_id=public_id
    )


def _taken(form: forms.Form, act: Callable[[], PartnerChange]) -> PartnerChange | None:
    """What *act* made; None where it refused by field, which then stands on the form (somebody was first)."""
    try:
        return act()
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return None


@require_safe
@requires(Perm.READ_PARTNERS)
def partners(request: DeskRequest) -> HttpResponse:
    """The directory, what waits in it for a second person, and a search."""
    form = DirectoryForm(request.GET or None, label_suffix="")
    asked = form.cleaned_data if form.is_valid() else {}
    return render(request, "partners/list.html", page.list_context(request.user, asked) | {"form": form})


@require_http_methods(["GET", "POST"])
@requires(Perm.PROPOSE_PARTNERS)
def create(request: DeskRequest) -> HttpResponseBase:
    """Propose a new partner."""
    form = PartnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = _taken(form, lambda: actions.propose_partner(actor=request.user, **form.cleaned_data))
        if made is not None:
            return redirect("partner_proposal", made.public_id)
    return render(request, "partners/form.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_PARTNERS)
def partner(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One partner: whether it can be sent something, who is there, keys, changes."""
    return _show(request, _partner(request, public_id))


def _show(
    request: DeskRequest, found: Partner, *, form: ReasonForm | None = None, status: int = 200
) -> HttpResponse:
    return render(
        request, "partners/detail.html", page.partner_context(found, request.user, form=form), status=status
    )


@require_http_methods(["GET", "POST"])
@requires(Perm.PROPOSE_PARTNERS)
def change(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Propose other values for a partner's fields."""
    found = _partner(request, public_id)
    form = PartnerForm(request.POST or None, partner=found)
    if request.method == "POST" and form.is_valid():
        made = _taken(form, lambda: actions.propose_edit(found, actor=request.user, **form.cleaned_data))
        if made is not None:
            return redirect("partner_proposal", made.public_id)
    context = {"form": form, "partner": found}
    return render(request, "partners/form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.PROPOSE_PARTNERS)
def suspend(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Suspend at once, with a reason. One person is enough: stopping is always safe."""
    found = _partner(request, public_id)
    form = ReasonForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show(request, found, form=form, status=422)
    actions.suspend_partner(found, actor=request.user, reason=form.cleaned_data["reason"])
    messages.info(request, _("Suspended. Nothing is sent to it, and its people are signed out."))
    return redirect("partner", public_id)


@require_POST
@requires(Perm.PROPOSE_PARTNERS)
def resume(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Ask that a suspended partner be taken up again."""
    found = _partner(request, public_id)
    form = ReasonForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show(request, found, form=form, status=422)
    made = actions.ask_to_resume(found, actor=request.user, why=form.cleaned_data["reason"])
    return redirect("partner_proposal", made.public_id)


@require_http_methods(["GET", "POST"])
@requires(Perm.PROPOSE_PARTNERS)
def contact_add(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Propose a new contact."""
    return _propose_contact(request, _partner(request, public_id), None)


@require_http_methods(["GET", "POST"])
@requires(Perm.PROPOSE_PARTNERS)
def contact_change(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Propose other values for a contact, its sign-in included."""
    found = _contact(request, public_id)
    return _propose_contact(request, found.partner, found)


def _propose_contact(request: DeskRequest, of: Partner, contact: Contact | None) -> HttpResponseBase:
    form = ContactForm(request.POST or None, partner=of, contact=contact)
    if request.method == "POST" and form.is_valid():
        made = _taken(
            form, lambda: actions.propose_contact(of, contact, actor=request.user, **form.cleaned_data)
        )
        if made is not None:
            return redirect("partner_proposal", made.public_id)
    context = {
        "form": form,
        "partner": of,
        "contact": contact,
        "ending": ReasonForm(auto_id="end_%s", label_suffix=""),
    }
    context |= page.rights(request.user)
    return render(request, "partners/contact_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.PROPOSE_PARTNERS)
def contact_end(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """End a contact at once."""
    found = _contact(request, public_id)
    form = ReasonForm(request.POST, auto_id="end_%s", label_suffix="")
    if not form.is_valid():
        context = {
            "form": ContactForm(partner=found.partner, contact=found),
            "ending": form,
            "contact": found,
        }
        context |= {"partner": found.partner, **page.rights(request.user)}
        return render(request, "partners/contact_form.html", context, status=422)
    actions.end_contact(found, actor=request.user, reason=form.cleaned_data["reason"])
    messages.info(request, _("Ended. A sign-in of theirs opens nothing any more."))
    return redirect("partner", found.partner.public_id)


@require_http_methods(["GET", "POST"])
@requires(Perm.PROPOSE_PARTNERS)
@steps_up
def key_add(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Enter an age recipient; from then on nothing is sent until another person has verified it."""
    found = _partner(request, public_id)
    form = KeyForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        made = actions.add_key(found, form.cleaned_data["recipient"], actor=request.user)
        return redirect("partner_key", made.public_id)
    context = {"form": form, "partner": found}
    return render(request, "partners/key_form.html", context, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_PARTNERS)
def key(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One key: its fingerprint to read aloud, and who verified it."""
    return _show_key(request, _key(request, public_id))


def _show_key(
    request: DeskRequest,
    found: PartnerKey,
    *,
    verify: VerifyForm | None = None,
    reason: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = page.key_context(
        found,
        request.user,
        verify=verify or VerifyForm(label_suffix=""),
        reason=reason or ReasonForm(label_suffix=""),
    )
    return render(request, "partners/key.html", context, status=status)


@require_POST
@requires(Perm.APPROVE_PARTNERS)
@steps_up
def key_verify(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Say that the fingerprint was compared with the partner, as somebody other than who entered the key."""
    found = _key(request, public_id)
    form = VerifyForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show_key(request, found, verify=form, status=422)
    actions.verify_key(found, actor=request.user, **form.cleaned_data)
    messages.success(request, _("Verified. It is used for a year from now."))
    return redirect("partner_key", public_id)


@require_POST
@requires(Perm.PROPOSE_PARTNERS)
def key_revoke(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Revoke at once, with a reason."""
    found = _key(request, public_id)
    form = ReasonForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show_key(request, found, reason=form, status=422)
    actions.revoke_key(found, actor=request.user, reason=form.cleaned_data["reason"])
    messages.info(request, _("Revoked. Nothing is encrypted to it any more."))
    return redirect("partner", found.partner.public_id)


@require_safe
@requires(Perm.READ_PARTNERS)
def proposal(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One change, old and new side by side."""
    found = _change(request, public_id)
    context = page.change_context(found, request.user, form=ReasonForm(label_suffix=""))
    return render(request, "partners/change.html", context)


@require_POST
@requires(Perm.APPROVE_PARTNERS)
@steps_up
def agree(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Agree as second person."""
    found = actions.agree_change(_change(request, public_id), actor=request.user)
    messages.success(request, _("Agreed. It holds from now on."))
    return redirect("partner", found.public_id)


@require_POST
@requires(Perm.APPROVE_PARTNERS)
def refuse(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Refuse as second person, with a reason."""
    found = _change(request, public_id)
    form = ReasonForm(request.POST, label_suffix="")
    if not form.is_valid():
        context = page.change_context(found, request.user, form=form)
        return render(request, "partners/change.html", context, status=422)
    actions.refuse_change(found, actor=request.user, reason=form.cleaned_data["reason"])
    messages.info(request, _("Refused. Everything stays as it is."))
    return redirect("partner", found.partner.public_id)


@require_POST
@requires(Perm.PROPOSE_PARTNERS)
def withdraw(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Take back what one proposed oneself."""
    found = _change(request, public_id)
    actions.withdraw_change(found, actor=request.user)
    messages.info(request, _("Taken back. Everything stays as it is."))
    return redirect("partner", found.partner.public_id)
