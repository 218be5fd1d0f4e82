"""Doors to what leaves: messages and their attempts, and the endpoints they go to."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.accounts.stepup import steps_up

from . import actions, wording
from .forms import AgreeForm, EndpointForm, ReplayForm, RotateForm
from .models import Endpoint, Message

PAGE = 50
#: Dead letters first, then what waits, then the rest, newest first.
_RANK = Case(
    When(state=Message.State.DEAD, then=Value(0)),
    When(state=Message.State.WAITING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def _message(request: DeskRequest, public_id: UUID) -> Message:
    found = Message.objects.for_user(request.user).select_related("endpoint")
    return get_object_or_404(found, public_id=public_id)


def _endpoint(request: DeskRequest, public_id: UUID) -> Endpoint:
    people = ("net_proposed_by", "net_approved_by", "address_by", "secret_by", "agreed_by")
    found = Endpoint.objects.for_user(request.user).select_related(*people)
    return get_object_or_404(found, public_id=public_id)


@require_safe
@requires(Perm.READ_OUTBOX)
def messages_list(request: DeskRequest) -> HttpResponse:
    """Everything that leaves, dead letters first."""
    found = Message.objects.for_user(request.user).select_related("endpoint").order_by(_RANK, "-pk")
    state = request.GET.get("state", "")
    if state in Message.State.values:
        found = found.filter(state=state)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    states = [{"value": value, "text": text} for value, text in Message.State.choices]
    context = {"page": page, "lines": wording.lines(page, request.user), "states": states}
    return render(request, "outbox/list.html", context | {"chosen": state, "mail": wording.mail_warning()})


@require_safe
@requires(Perm.READ_OUTBOX)
def message(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One message with each attempt in words."""
    return _show(request, _message(request, public_id), ReplayForm(label_suffix=""))


@require_POST
@requires(Perm.TEND_OUTBOX)
def replay(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Send a dead letter again, with a reason."""
    found = _message(request, public_id)
    form = ReplayForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show(request, found, form, status=422)
    again = actions.replay_message(found, actor=request.user, reason=form.cleaned_data["reason"])
    said = _("A worker sends it again now.") if again else _("It was not given up: nothing was changed.")
    messages.info(request, said)
    return redirect("outbox_message", public_id)


def _show(request: DeskRequest, found: Message, form: ReplayForm, *, status: int = 200) -> HttpResponse:
    (line,) = wording.lines([found], request.user)
    context = {"line": line, "attempts": wording.attempts(found.tries.all()), "form": form}
    context["may_replay"] = found.state == Message.State.DEAD and request.user.may(Perm.TEND_OUTBOX)
    return render(request, "outbox/message.html", context, status=status)


@require_safe
@requires(Perm.READ_OUTBOX)
def endpoints(request: DeskRequest) -> HttpResponse:
    """Where things go."""
    found = Endpoint.objects.for_user(request.user)
    context = {"endpoints": found, "may_manage": request.user.may(Perm.MANAGE_OUTBOX)}
    return render(request, "outbox/endpoints.html", context)


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_OUTBOX)
@steps_up
def create(request: DeskRequest) -> HttpResponseBase:
    """Make an endpoint, switched off; its secret is on this answer and nowhere else."""
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made, secret = actions.create_endpoint(actor=request.user, **form.cleaned_data)
        return _show_endpoint(request, made, secret=secret)
    return render(request, "outbox/endpoint_form.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_OUTBOX)
def endpoint(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One endpoint; never its secrets."""
    return _show_endpoint(request, _endpoint(request, public_id))


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_OUTBOX)
@steps_up
def change(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Change name, address or private network."""
    found = _endpoint(request, public_id)
    form = EndpointForm(request.POST or None, endpoint=found)
    if request.method == "POST" and form.is_valid():
        actions.change_endpoint(found, actor=request.user, **form.cleaned_data)
        return redirect("endpoint", public_id)
    context = {"form": form, "endpoint": found}
    return render(request, "outbox/endpoint_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.MANAGE_OUTBOX)
@steps_up
def switch(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Switch on or off, by the button that was pressed."""
    found = _endpoint(request, public_id)
    if not actions.switch_endpoint(found, actor=request.user, on=request.POST.get("on") == "yes"):
        messages.error(request, _("Another endpoint is the platform's. Switch that one off first."))
    return redirect("endpoint", public_id)


@require_POST
@requires(Perm.MANAGE_OUTBOX)
@steps_up
def rotate(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """A new secret, on this answer and nowhere else."""
    found = _endpoint(request, public_id)
    form = RotateForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show_endpoint(request, found, form=form, status=422)
    secret = actions.rotate_secret(found, actor=request.user, keep_hours=form.cleaned_data["keep_hours"])
    return _show_endpoint(request, _endpoint(request, public_id), secret=secret)


@require_POST
@requires(Perm.TEND_OUTBOX)
@steps_up
def allow_net(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """The second person's word for a private network."""
    seen = {name: request.POST.get(name, "") for name in ("net", "host")}
    if not actions.approve_net(_endpoint(request, public_id), actor=request.user, **seen):
        messages.info(request, _("Nothing was allowed: what you were shown does not wait (any more)."))
    return redirect("endpoint", public_id)


@require_POST
@requires(Perm.TEND_OUTBOX)
@steps_up
def agree(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """The second person's word for another address or secret of a partner's system."""
    form = AgreeForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else 0
    if not actions.agree_endpoint(_endpoint(request, public_id), actor=request.user, version=version):
        messages.info(request, _("Nothing was agreed to: what you were shown does not wait (any more)."))
    return redirect("endpoint", public_id)


@require_POST
@requires(Perm.MANAGE_OUTBOX)
def test(request: DeskRequest, public_id: UUID) -> HttpResponseBase:
    """Send a message that asks for nothing."""
    sent = actions.send_test(_endpoint(request, public_id), actor=request.user)
    return redirect("outbox_message", sent.public_id)


def _show_endpoint(
    request: DeskRequest,
    found: Endpoint,
    *,
    secret: str = "",
    form: RotateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    may_manage = request.user.may(Perm.MANAGE_OUTBOX)
    may_tend = request.user.may(Perm.TEND_OUTBOX)
    waits = bool(found.private_net) and found.net_approved_by_id is None
    context = {
        "endpoint": found, "facts": wording.facts(found, whole=may_manage), "secret": secret, "may_manage": may_manage,
        "may_allow": waits and may_tend and found.net_proposed_by_id != request.user.pk,
        "change": wording.change_words(found),
        "may_agree": found.waits and may_tend and request.user.pk not in found.changed_by,
        "form": form or RotateForm(label_suffix=""),
    }  # fmt: skip
    return render(request, "outbox/endpoint.html", context, status=status)
