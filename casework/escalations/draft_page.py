"""What the pages show on which a draft begins, is written, is looked at as it would leave, and is approved."""

from __future__ import annotations

from typing import Any

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.cases.actions import keep_draft
from casework.cases.models import Case, Draft, Locator
from casework.evidence.models import Item
from casework.reports.models import PassingOn, Report
from casework.reports.passing import passing_on

from . import forms, reading, rules
from .actions.drafting import ready
from .choosing import FIELDS, Preview, minimum, preview
from .fitting import Fit
from .models import Escalation, State
from .page import allowed, facts_of, header_of
from .requests import answerable

#: Forms whose text is kept while it is typed.
KEPT = ("edit", "glass")
#: What carries several values in a form.
SEVERAL = ("items", "pictures", "locators", "fields_chosen")


def country_of(sent: QueryDict) -> str:
    """The country that was named, two capital letters; empty for none and for what is none."""
    form = forms.CountryForm(sent)
    return str(form.cleaned_data["country"]) if form.is_valid() else ""


def start_form(case: Case, user: User, fits: list[Fit], data: QueryDict | None = None) -> forms.StartForm:
    """The form of the first page; only partners that can be sent something are among its choices."""
    partners = [fit.partner for fit in fits if fit.choosable]
    return forms.StartForm(data, partners=partners, requests=_requests(case, user))


def _requests(case: Case, user: User, escalation: Escalation | None = None) -> list[tuple[str, str]]:
    """The legal requests that this person may choose, as a form offers them; with the one that a draft rests on."""
    partner = escalation.partner if escalation is not None else None
    found = {str(key): words for key, words in answerable(case, partner=partner, user=user)}
    if escalation is not None and escalation.legal_request is not None:
        found.setdefault(
            str(escalation.legal_request), escalation.authority or _("the one it was drafted for")
        )
    return list(found.items())


def start_context(case: Case, user: User, fits: list[Fit], form: forms.StartForm) -> dict[str, Any]:
    """Where a draft begins: the directory beside the case, and the two other answers."""
    return {
        "case": case,
        "form": form,
        "fits": [fit for fit in fits if fit.choosable],
        "unfit": [fit for fit in fits if not fit.choosable],
        "picked": form["partner"].value(),
        "consents": consents(case, user),
    }


def consents(case: Case, user: User) -> list[dict[str, str]]:
    """What the reporters of a case chose on their status page about passing it on, newest of each kind, in words."""
    newest = passing_on(case) if Report.objects.for_user(user).of_case(case).exists() else {}
    return [
        {
            "label": str(kind.label),
            "value": str(PassingOn.Choice(newest[kind]).label) if kind in newest else _("not said"),
        }
        for kind in PassingOn.Kind
    ]


def draft_form(escalation: Escalation, user: User, data: QueryDict | None = None) -> forms.DraftForm:
    """The form of a draft, with what was typed last and not saved yet, as far as it belongs to this version."""
    case = escalation.case
    initial = forms.initial_of(escalation)
    kept = kept_words(escalation, "edit", user)
    if str(kept.get("version", "")) == str(escalation.version):
        initial |= kept
    return forms.DraftForm(
        data,
        initial=initial,
        items=[(str(item.public_id), item_words(item)) for item in _items(case, user)],
        locators=[(str(each.public_id), each.value) for each in case.locators.all()],
        tlps=forms.tlps_up_to(escalation.partner.tlp_ceiling),
        silent_until=reading.silent_until(escalation),
        requests=_requests(case, user, escalation),
    )


def edit_context(escalation: Escalation, user: User, form: forms.DraftForm | None = None) -> dict[str, Any]:
    """Everything ``escalations/edit.html`` needs."""
    form = form or draft_form(escalation, user)
    least = minimum(escalation)
    return {
        "escalation": escalation,
        "case": escalation.case,
        "header": header_of(escalation),
        "form": form,
        "items": _item_rows(escalation, form, user),
        "places": _place_rows(escalation.case, form),
        "picks": _field_rows(form, least),
        "consents": consents(escalation.case, user),
        "imagery_possible": escalation.partner.imagery_allowed,
        "may": allowed(escalation, user),
    }


def preview_context(escalation: Escalation, user: User, **sent: Any) -> dict[str, Any]:
    """What would leave, to the letter, and what this person may do about it."""
    shown = preview(escalation, viewer=user)
    changed = bool(escalation.previewed_digest) and escalation.previewed_digest != shown.digest
    is_draft = escalation.state in (State.DRAFT, State.RETURNED)
    found = ready(escalation, user) if is_draft else []
    unreviewed = reading.unreviewed_of(user) if user.may(Perm.BREAK_GLASS) else None
    pictures_wait = escalation.with_pictures and escalation.imagery_approved_by_id is None
    return {
        "escalation": escalation,
        "case": escalation.case,
        "header": header_of(escalation),
        "facts": facts_of(escalation),
        "preview": shown,
        "leaving": [field for field in shown.fields if field.included],
        "staying": [field for field in shown.fields if not field.included],
        "consents": consents(escalation.case, user),
        "pictures": _pictures(escalation, user),
        "may": allowed(escalation, user),
        "problems": found,
        "warnings": rules.warnings(escalation),
        "changed": changed and is_draft,
        "differs": not is_draft and escalation.approved_digest not in ("", shown.digest),
        "is_draft": is_draft,
        "pictures_wait": pictures_wait,
        "own_pictures": escalation.imagery_approved_by_id == user.pk,
        "blocked": bool(found) or changed or pictures_wait or escalation.imagery_approved_by_id == user.pk,
        "offered": escalation.offered_at is not None,
        "digest_form": forms.DigestForm(initial={"digest": shown.digest}),
        "return_form": sent.get("return") or forms.ReasonForm(auto_id="return_%s"),
        "refuse_form": sent.get("refuse") or forms.ReasonForm(auto_id="refuse_%s"),
        "imagery_form": sent.get("imagery") or _imagery_form(shown),
        "glass_form": sent.get("glass") or _glass_form(escalation, user, shown),
        "unreviewed": unreviewed,
        "glass_blocked": bool(found) or pictures_wait or unreviewed is not None,
        "opened": next(iter(sent), ""),
    }


def _imagery_form(shown: Preview) -> forms.ImageryForm:
    return forms.ImageryForm(initial={"digest": shown.digest}, auto_id="imagery_%s")


def _glass_form(escalation: Escalation, user: User, shown: Preview) -> forms.GlassForm:
    kept = kept_words(escalation, "glass", user) if user.may(Perm.BREAK_GLASS) else {}
    return forms.GlassForm(initial={**kept, "digest": shown.digest})


def draft_name(escalation: Escalation, form: str) -> str:
    """Under which name a case's drafts hold what is typed into one form of this escalation."""
    return f"{form}-{escalation.pk}"


def keep_typed(escalation: Escalation, form: str, typed: QueryDict, user: User) -> None:
    """Keep what is being typed, so that a lost connection, a conflict or a new sign-in loses nothing."""
    if form not in KEPT:
        raise Http404
    content: dict[str, Any] = {name: typed.get(name, "") for name in typed if name != "csrfmiddlewaretoken"}
    content |= {name: typed.getlist(name) for name in SEVERAL if form == "edit"}
    keep_draft(escalation.case, draft_name(escalation, form), content, actor=user)


def kept_words(escalation: Escalation, form: str, user: User) -> dict[str, Any]:
    """What this person typed last into one form and has not sent; empty for nothing."""
    kept = Draft.objects.filter(person=user, case=escalation.case, form=draft_name(escalation, form)).first()
    return dict(kept.content) if kept else {}


def changes(escalation: Escalation, form: forms.DraftForm, user: User) -> dict[str, Any]:
    """A valid form as what ``change_draft`` takes."""
    names = (
        "version", "basis", "authority", "urgency", "jurisdiction", "jurisdiction_how", "offence_hint", "facts", "tlp",
        "consent", "consent_how", "nondisclosure_until", "legal_request",
    )  # fmt: skip
    return {name: form.cleaned_data[name] for name in names} | {
        "items": chosen_items(escalation, form, user),
        "locators": chosen_locators(escalation, form),
        "fields": form.cleaned_data["fields_chosen"],
        "reasons": form.reasons(),
        "imagery_why": form.reasons().get("imagery", ""),
    }


def chosen_items(escalation: Escalation, form: forms.DraftForm, user: User) -> dict[Item, bool]:
    """The items of a valid form, and whether the picture goes along."""
    wanted, pictures = set(form.cleaned_data["items"]), set(form.cleaned_data["pictures"])
    found = Item.objects.for_user(user).filter(case=escalation.case, public_id__in=wanted)
    return {item: str(item.public_id) in pictures for item in found}


def chosen_locators(escalation: Escalation, form: forms.DraftForm) -> list[Locator]:
    """The places of a valid form."""
    return list(escalation.case.locators.filter(public_id__in=form.cleaned_data["locators"]))


def item_words(item: Item) -> str:
    """An item in words: its number, its format, its size in pixels; never its name, which somebody may have typed."""
    size = f" · {item.width} × {item.height}" if item.width and item.height else ""
    return _("Item %(n)d") % {"n": item.position} + f" · {item.format or item.get_state_display()}{size}"


def _items(case: Case, user: User) -> list[Item]:
    return list(Item.objects.for_user(user).filter(case=case))


def _pictures(escalation: Escalation, user: User) -> list[dict[str, str]]:
    """The items whose picture is to go along, for who judges that: previews, and the way to the item."""
    chosen = escalation.chosen_items.filter(with_picture=True).values("item")
    return [
        {
            "words": item_words(item),
            "url": reverse("evidence_item", args=[item.public_id]),
            "preview_url": reverse("evidence_preview", args=[item.public_id]) if item.preview_id else "",
        }
        for item in Item.objects.for_user(user).filter(pk__in=chosen)
    ]


def _item_rows(escalation: Escalation, form: forms.DraftForm, user: User) -> list[dict[str, Any]]:
    chosen, pictures = _values(form, "items"), _values(form, "pictures")
    return [
        {
            "value": str(item.public_id),
            "words": item_words(item),
            "preview_url": reverse("evidence_preview", args=[item.public_id]) if item.preview_id else "",
            "chosen": str(item.public_id) in chosen,
            "with_picture": str(item.public_id) in pictures,
            "may_go": escalation.is_tip or item.rendition_id is not None,
        }
        for item in _items(escalation.case, user)
    ]


def _place_rows(case: Case, form: forms.DraftForm) -> list[dict[str, Any]]:
    chosen = _values(form, "locators")
    return [
        {"locator": each, "value": str(each.public_id), "chosen": str(each.public_id) in chosen}
        for each in case.locators.all()
    ]


def _field_rows(form: forms.DraftForm, least: list[str]) -> list[dict[str, Any]]:
    chosen = _values(form, "fields_chosen")
    return [
        {
            "code": code,
            "label": field.label,
            "explanation": field.explanation,
            "chosen": code in chosen,
            "minimum": code in least,
            "why": form[f"why_{code}"],
        }
        for code, field in FIELDS.items()
    ]


def _values(form: forms.DraftForm, name: str) -> set[str]:
    return {str(value) for value in form[name].value() or ()}
