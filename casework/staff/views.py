"""Doors of people: where somebody lands, their own account, who works here and what they may do."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.tokens import default_token_generator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.accounts.models import User
from casework.accounts.permissions import (
    GRANTS,
    ROLE_LABELS,
    Perm,
    Role,
    open_to_everybody,
    open_to_signed_in,
    requires,
)
from casework.accounts.requests import DeskRequest

from . import actions, forms


@require_safe
@open_to_signed_in
def home(request: DeskRequest) -> HttpResponseBase:
    """Send each person to the page their day starts on."""
    starts = [(Perm.READ_CASES, "queue"), (Perm.READ_PEOPLE, "people"), (Perm.USE_PORTAL, "portal")]
    return redirect(next((name for perm, name in starts if request.user.may(perm)), "account"))


@require_http_methods(["GET", "POST"])
@open_to_signed_in
def account(request: DeskRequest) -> HttpResponse:
    """One's own account: role and rights, time zone, and the way to password, second factors and sessions."""
    form = forms.TimeZoneForm(request.POST or None, initial={"timezone": request.user.timezone})
    if request.method == "POST" and form.is_valid():
        actions.choose_time_zone(request.user, form.cleaned_data["timezone"])
        return redirect("account")
    rights = sorted(perm.value.replace("_", " ") for perm in GRANTS[Role(request.user.role)])
    return render(request, "staff/account.html", {"form": form, "rights": rights})


@require_safe
@requires(Perm.READ_PEOPLE)
def people(request: DeskRequest) -> HttpResponse:
    """Everybody who can sign in, and what their role may do."""
    listed = User.objects.for_user(request.user).select_related("organisation").order_by("-is_active", "name")
    matrix = [(perm.value.replace("_", " "), [perm in GRANTS[role] for role in Role]) for perm in Perm]
    roles = [ROLE_LABELS[role] for role in Role]
    return render(request, "staff/people.html", {"people": listed, "roles": roles, "matrix": matrix})


@require_http_methods(["GET", "POST"])
@requires(Perm.MANAGE_PEOPLE)
def add_person(request: DeskRequest) -> HttpResponse:
    """Invite somebody: the page that answers shows, once, the link under which they choose a password."""
    form = forms.PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = actions.create_person(actor=request.user, **form.cleaned_data)
        return render(
            request, "staff/invited.html", {"person": person, "link": _welcome_link(request, person)}
        )
    return render(request, "staff/add_person.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@requires(Perm.READ_PEOPLE)
def person(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """One person: role, clearance, standing."""
    return _person_page(request, _person(request, public_id))


@require_POST
@requires(Perm.MANAGE_PEOPLE)
def change_role(request: DeskRequest, public_id: UUID) -> HttpResponse:
    found = _person(request, public_id)
    form = forms.RoleForm(request.POST)
    if not form.is_valid():
        return _person_page(request, found, form=form, status=422)
    actions.change_role(found, form.cleaned_data["role"], actor=request.user)
    return redirect("person", public_id)


@require_POST
@requires(Perm.GRANT_CLEARANCE)
def change_clearance(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Clear somebody for restricted cases (``cleared=yes``) or take that back."""
    actions.change_clearance(
        _person(request, public_id), request.POST.get("cleared") == "yes", actor=request.user
    )
    return redirect("person", public_id)


@require_POST
@requires(Perm.MANAGE_PEOPLE)
def set_standing(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """Let somebody sign in (``active=yes``) or end every session of theirs now."""
    actions.set_standing(_person(request, public_id), request.POST.get("active") == "yes", actor=request.user)
    return redirect("person", public_id)


@require_POST
@requires(Perm.MANAGE_PEOPLE)
def invite_again(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """A fresh link to choose a password, shown once; an older one stops working with the first use of either."""
    found = _person(request, public_id)
    actions.note_invitation(found, actor=request.user)
    return render(request, "staff/invited.html", {"person": found, "link": _welcome_link(request, found)})


@require_http_methods(["GET", "POST"])
@open_to_everybody
def welcome(request: HttpRequest, public_id: UUID, token: str) -> HttpResponse:
    """Somebody invited chooses a password; the link works once and for two days."""
    person = actions.invited_person(public_id)
    if person is None or not default_token_generator.check_token(person, token):
        raise Http404
    form = forms.ChoosePasswordForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        actions.choose_first_password(person, form.cleaned_data["password"])
        return redirect("account_login")
    return render(
        request, "staff/welcome.html", {"form": form, "person": person}, status=422 if form.errors else 200
    )


def _person(request: DeskRequest, public_id: UUID) -> User:
    return get_object_or_404(User.objects.for_user(request.user), public_id=public_id)


def _person_page(
    request: DeskRequest, found: User, *, form: forms.RoleForm | None = None, status: int = 200
) -> HttpResponse:
    rights = sorted(perm.value.replace("_", " ") for perm in GRANTS[Role(found.role)])
    role_form = form or forms.RoleForm(initial={"role": found.role})
    return render(
        request, "staff/person.html", {"person": found, "form": role_form, "rights": rights}, status=status
    )


def _welcome_link(request: DeskRequest, person: User) -> str:
    token = default_token_generator.make_token(person)
    return request.build_absolute_uri(reverse("welcome", args=[person.public_id, token]))
