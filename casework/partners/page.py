"""What the pages of the directory show."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from . import reading, values
from .forms import ReasonForm
from .models import Contact, Partner, PartnerChange, PartnerKey
from .wording import LABELS, day, told

_STATE_TONES = {
    Partner.State.ACTIVE: "good",
    Partner.State.PROPOSED: "info",
    Partner.State.SUSPENDED: "danger",
}


def _state(partner: Partner) -> dict[str, str]:
    return {"text": partner.get_state_display(), "tone": _STATE_TONES[Partner.State(partner.state)]}


def rights(user: User) -> dict[str, bool]:
    """What the reader may do in the directory."""
    return {
        "may_propose": user.may(Perm.PROPOSE_PARTNERS),
        "may_approve": user.may(Perm.APPROVE_PARTNERS),
        "may_invite": user.may(Perm.MANAGE_PEOPLE),
    }


def list_context(user: User, asked: dict[str, Any]) -> dict[str, Any]:
    """The directory with what to look after, and what waits for a second person."""
    rows = [_row(partner) for partner in reading.directory(user, asked)]
    changes = [_change_line(change, user) for change in reading.open_changes()]
    keys = [_key_line(key, user) for key in reading.keys_to_verify()]
    return {"rows": rows, "waiting": changes + keys} | rights(user)


def _row(partner: Partner) -> dict[str, Any]:
    return {
        "partner": partner,
        "kind": partner.organisation.get_kind_display(),
        "state": _state(partner),
        "concerns": reading.concerns(partner),
        **{name: told(name, getattr(partner, name)) for name in ("countries", "languages", "accepts", "channel")},
    }  # fmt: skip


def _change_line(change: PartnerChange, user: User) -> dict[str, Any]:
    return {
        "url": reverse("partner_proposal", args=[change.public_id]),
        "what": f"{change.partner.organisation.name}: {change.get_kind_display()}",
        "who": change.proposed_by.name,
        "when": change.proposed_at,
        "own": change.proposed_by_id == user.pk,
    }


def _key_line(key: PartnerKey, user: User) -> dict[str, Any]:
    return {
        "url": reverse("partner_key", args=[key.public_id]),
        "what": _("%(partner)s: a key to verify") % {"partner": key.partner.organisation.name},
        "who": key.added_by.name,
        "when": key.added_at,
        "own": key.added_by_id == user.pk,
    }


def partner_context(partner: Partner, user: User, *, form: ReasonForm | None = None) -> dict[str, Any]:
    """One partner: whether it can be sent something, its fields, contacts, keys, and what waits."""
    return {
        "partner": partner,
        "state": _state(partner),
        "blocked": reading.blocked(partner),
        "soon": reading.ending_soon(partner),
        "facts": _facts(partner),
        "contacts": [_contact(contact) for contact in reading.contacts_of(partner)],
        "keys": [_key(key) for key in partner.keys.select_related("added_by", "verified_by")],
        "waiting": [_change_line(change, user) for change in reading.open_changes(partner)],
        "history": reading.settled_changes(partner),
        "form": form or ReasonForm(label_suffix=""),
    } | rights(user)


def _facts(partner: Partner) -> list[dict[str, Any]]:
    shown = values.of_partner(partner)
    unseen = {"name"} | ({"endpoint"} if not partner.endpoint_id else set())
    return [
        {"label": LABELS[name], "value": told(name, shown[name])}
        for name in values.PARTNER_FIELDS
        if name not in unseen
    ]


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "contact": contact,
        "languages": told("languages", contact.languages),
        "sign_in": contact.user.email if contact.user else "",
    }


def _key(key: PartnerKey) -> dict[str, Any]:
    return {"key": key, "short": " ".join(key.fingerprint.split()[:4]), "state": _key_state(key)}


def _key_state(key: PartnerKey) -> dict[str, str]:
    if key.revoked_at is not None:
        return {"text": _("revoked"), "tone": ""}
    if key.verified_at is None:
        return {"text": _("waits to be verified"), "tone": "caution"}
    if not key.usable:
        return {"text": _("to be verified again"), "tone": "danger"}
    return {"text": _("verified"), "tone": "good"}


def key_context(key: PartnerKey, user: User, *, verify: Any, reason: Any) -> dict[str, Any]:
    """One key: its fingerprint to read aloud, the number to call, and who verified it how and when."""
    partner = key.partner
    mine = key.added_by_id == user.pk
    return {
        "key": key,
        "partner": partner,
        "state": _key_state(key),
        "rows": _rows(key.fingerprint),
        "facts": _key_facts(key),
        "call": _call(partner),
        "verify": verify,
        "form": reason,
        "may_verify": user.may(Perm.APPROVE_PARTNERS) and key.revoked_at is None and not mine,
        "mine": mine and key.revoked_at is None,
        "may_propose": user.may(Perm.PROPOSE_PARTNERS),
    }


def _rows(fingerprint: str) -> list[list[str]]:
    """The sixteen groups in four rows of four."""
    groups = fingerprint.split()
    return [groups[at : at + 4] for at in range(0, len(groups), 4)]


def _call(partner: Partner) -> list[dict[str, Any]]:
    names = ("call_back_number", "call_back_source", "call_back_found_at")
    shown = values.of_partner(partner)
    return (
        [{"label": LABELS[name], "value": told(name, shown[name])} for name in names]
        if shown[names[0]]
        else []
    )


def _key_facts(key: PartnerKey) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = [
        {"label": _("Entered by"), "value": key.added_by.name},
        {"label": _("Entered"), "at": key.added_at},
    ]
    if key.verified_at is not None and key.verified_by is not None:
        facts += [
            {"label": _("Verified by"), "value": key.verified_by.name, "sub": key.get_verified_how_display()},
            {"label": _("With"), "value": key.verified_with},
            {"label": _("Verified"), "at": key.verified_at},
            {"label": _("Compare it again by"), "value": day(timezone.localtime(key.expires_at).date())},
        ]
    if key.revoked_at is not None and key.revoked_by is not None:
        facts += [
            {"label": _("Revoked by"), "value": key.revoked_by.name},
            {"label": _("Revoked"), "at": key.revoked_at},
        ]
    return facts


def change_context(change: PartnerChange, user: User, *, form: ReasonForm) -> dict[str, Any]:
    """A change with old and new side by side, and whether the reader may settle it."""
    fields = change.content["fields"]
    now = reading.as_it_stands(change)
    open_ = change.decided_at is None and change.withdrawn_at is None
    mine = change.proposed_by_id == user.pk
    return {
        "change": change,
        "partner": change.partner,
        "rows": [_both(name, both, now) for name, both in fields.items()],
        "stale": open_ and any(now.get(name, both["from"]) != both["from"] for name, both in fields.items()),
        "contact": reading.contact_name(change),
        "why": change.content["why"],
        "form": form,
        "mine": mine and open_,
        "may_settle": open_ and not mine and user.may(Perm.APPROVE_PARTNERS),
    }


def _both(name: str, both: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    moved = name in now and now[name] != both["from"]
    return {
        "label": LABELS[name],
        "was": told(name, both["from"]),
        "to": told(name, both["to"]),
        "now": told(name, now[name]) if moved else "",
    }
