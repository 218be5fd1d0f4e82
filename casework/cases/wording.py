"""How a case reads: rows of the queue, its header, its decisions. No rule lives here, only words."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from .models import Case
from .priority import because
from .reading import holder_of

LIKELY = 0.8


def who_reported(case: Case) -> str:
    """Who came to us, in words."""
    if case.trusted_flagger:
        return _("Trusted flagger")
    return _("Person depicted") if case.from_depicted_person else _("Somebody else")


def what_there_is(case: Case) -> str:
    """How many places and files the case names."""
    parts = []
    if case.locator_count:
        parts.append(ngettext("%(n)d place", "%(n)d places", case.locator_count) % {"n": case.locator_count})
    if case.item_count:
        parts.append(ngettext("%(n)d file", "%(n)d files", case.item_count) % {"n": case.item_count})
    return ", ".join(parts) or _("nothing to look at yet")


def badges(case: Case) -> list[dict[str, str]]:
    """What stands out about a case, as words with a tone; no red, since this is the daily work."""
    found = []
    if case.restricted:
        found.append({"text": _("restricted"), "tone": "caution", "icon": "lock-closed"})
    if case.danger_indicated:
        found.append({"text": _("in danger"), "tone": "danger", "icon": "exclamation-triangle"})
    if case.explicit_score is not None and case.explicit_score >= LIKELY:
        found.append({"text": _("explicit"), "tone": ""})
    if case.synthetic_found:
        found.append({"text": _("AI-made likely"), "tone": ""})
    if case.known_matches:
        found.append({"text": _("known ×%(n)d") % {"n": case.known_matches}, "tone": "info"})
    if case.status == Case.Status.APPROVAL:
        found.append({"text": _("second person"), "tone": "info", "icon": "users"})
    return found


def row_of(case: Any, viewer: User) -> dict[str, Any]:
    """The variables of ``components/queue_row.html`` for a case from ``with_priority``."""
    holder = holder_of(case)
    if holder is None:
        held = ""
    else:
        held = _("you") if holder == viewer else _("%(name)s is on it") % {"name": holder.first_name}
    may_claim = viewer.may(Perm.CLAIM_CASE) and holder is None and case.status in Case.OPEN
    return {
        "url": reverse("case", args=[case.public_id]),
        "reference": case.number,
        "key": str(case.public_id),
        "due_at": case.due_at,
        "started_at": case.clock_started,
        "who": who_reported(case),
        "what": what_there_is(case),
        "because": " · ".join(because(case)),
        "badges": badges(case),
        "restricted": case.restricted,
        "holder": held,
        "claim_url": reverse("case_claim", args=[case.public_id]) if may_claim else "",
    }


def state_words(case: Case, viewer: User) -> str:
    """Where the case stands, in the header."""
    holder = holder_of(case)
    if case.status in Case.OPEN and holder is not None:
        if holder == viewer:
            return _("Under review by you")
        return _("Under review by %(name)s") % {"name": holder.name}
    return str(Case.Status(case.status).label).capitalize()
