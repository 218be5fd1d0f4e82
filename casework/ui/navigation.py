"""The rail: one table. An entry appears where its page exists and the person may use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Entry:
    """One rail entry, skipped when *url_name* does not resolve; *permission* is a value of ``Perm``."""

    label: StrOrPromise
    url_name: str
    icon: str
    permission: str
    key: str


RAIL = (
    Entry(_("Inbox"), "portal", "inbox", "use_portal", "g u"),
    Entry(_("Queue"), "queue", "queue-list", "read_cases", "g q"),
    Entry(_("Mine"), "mine", "user", "claim_case", "g m"),
    Entry(_("Held"), "held", "pause-circle", "claim_case", "g h"),
    Entry(_("To approve"), "approvals", "users", "approve_decision", "g a"),
    Entry(_("To confirm"), "to_confirm", "clipboard-document-check", "decide_case", "g c"),
    Entry(_("Escalations"), "escalations", "arrow-up-on-square-stack", "read_escalations", "g e"),
    Entry(_("Search"), "search", "magnifying-glass", "search_cases", "g s"),
    Entry(_("Models"), "models", "chart-bar", "read_models", "g o"),
    Entry(_("Banks"), "banks", "rectangle-stack", "read_banks", "g b"),
    Entry(_("Partners"), "partners", "building-office-2", "read_partners", "g n"),
    Entry(_("Legal"), "legal", "building-library", "read_legal", "g w"),
    Entry(_("Outbox"), "outbox", "paper-airplane", "read_outbox", "g x"),
    Entry(_("Log"), "log", "document-text", "read_log", "g l"),
    Entry(_("Trace a copy"), "evidence_traces", "finger-print", "trace_leaks", "g t"),
    Entry(_("People"), "people", "identification", "read_people", "g p"),
    Entry(_("API keys"), "api_keys", "key", "manage_api_keys", "g i"),
)

#: Pages of one's own, for everybody who is signed in: the menu under the name.
OWN = (
    (_("What I looked at"), "meter", "eye"),
    (_("Account"), "account", "user-circle"),
    (_("Two-step sign-in"), "mfa_index", "shield-check"),
    (_("Password"), "account_change_password", "lock-closed"),
    (_("Where I am signed in"), "usersessions_list", "computer-desktop"),
)
