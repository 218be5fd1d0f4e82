"""Who may do what: one enum of verbs, one table of grants, two decorators.

The table is meant to be read by somebody who does not program: a role may do exactly what stands beside it.
Rows (which case, which item) are decided by ``for_user`` on each queryset, never here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    """What a person is here to do. Everybody has at most one role; without one they see only their own account."""

    NONE = ""
    MODERATOR = "moderator"
    SENIOR = "senior"
    SUPERVISOR = "supervisor"
    LEGAL = "legal"
    PARTNER = "partner"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


ROLE_LABELS = {
    Role.NONE: _("no role"),
    Role.MODERATOR: _("moderator"),
    Role.SENIOR: _("senior moderator"),
    Role.SUPERVISOR: _("supervisor"),
    Role.LEGAL: _("legal liaison"),
    Role.PARTNER: _("partner"),
    Role.AUDITOR: _("auditor"),
    Role.ADMINISTRATOR: _("administrator"),
}


class Perm(StrEnum):
    """A verb that a door asks for before it does anything."""

    READ_CASES = "read_cases"  # see the queue and open a case
    SEARCH_CASES = "search_cases"  # find a case by reference, digest, address, host or account
    CLAIM_CASE = "claim_case"  # take a case, hold it, skip it, give it back
    TAKE_OVER_CASE = "take_over_case"  # take a case that somebody else has claimed
    DECIDE_CASE = "decide_case"  # decide, and confirm that an effect has happened
    APPROVE_DECISION = "approve_decision"  # be the second person where one is needed
    WRITE_NOTE = "write_note"  # leave a note on a case
    MESSAGE_REPORTER = "message_reporter"  # write to the status page of a report
    SEE_PREVIEWS = "see_previews"  # see previews of at most 24 pixels and what the signals say
    REVEAL_EVIDENCE = "reveal_evidence"  # open a rendition, with a reason, for seconds
    VERIFY_EVIDENCE = "verify_evidence"  # have the digest of an original checked again
    EXAMINE_AGAIN = "examine_again"  # have an item examined once more, with what was not there before
    TRACE_LEAKS = "trace_leaks"  # find out which reveal a copy that turned up outside came from
    READ_BANKS = "read_banks"  # see the banks of known hashes and look a hash up
    MANAGE_BANKS = "manage_banks"  # make and change banks, import and export lists, withdraw entries
    READ_MODELS = "read_models"  # read what each model is, how well it was measured, and who accepted that
    ACCEPT_CALIBRATION = "accept_calibration"  # put a proposed calibration in force, refuse it, or end it
    CONFIRM_OUTCOMES = "confirm_outcomes"  # say what an item was in truth, for measuring the models
    READ_LOG = "read_log"  # search and export the audit log
    READ_PEOPLE = "read_people"  # see who works here and what they may do
    MANAGE_PEOPLE = "manage_people"  # invite, change roles, deactivate
    GRANT_CLEARANCE = "grant_clearance"  # let somebody see restricted cases
    MANAGE_API_KEYS = "manage_api_keys"  # make and revoke keys of the REST API
    READ_OUTBOX = "read_outbox"  # see what leaves the product, where to, and how each attempt went
    TEND_OUTBOX = "tend_outbox"  # send a dead letter again; be the second person for a private network
    MANAGE_OUTBOX = "manage_outbox"  # make and change endpoints and their secrets
    READ_PARTNERS = "read_partners"  # see the directory of partners
    PROPOSE_PARTNERS = "propose_partners"  # propose a partner, a contact, a key, a change; suspend at once
    APPROVE_PARTNERS = "approve_partners"  # be the second person for a change; verify a key with the partner
    READ_ESCALATIONS = "read_escalations"  # see what was handed to whom, and what came back
    DRAFT_ESCALATION = (
        "draft_escalation"  # draft one, offer it for approval, write to the partner, withdraw it
    )
    APPROVE_ESCALATION = "approve_escalation"  # let somebody else's draft go, or give it back
    APPROVE_IMAGERY = "approve_imagery"  # be the third person, who lets pictures go along
    BREAK_GLASS = "break_glass"  # send without a second person where a life is in danger
    REVIEW_BREAK_GLASS = "review_break_glass"  # judge afterwards whether that was right
    USE_PORTAL = "use_portal"  # work with what one's own organisation was sent
    READ_LEGAL = "read_legal"  # see legal requests
    HANDLE_LEGAL = "handle_legal"  # enter, check, accept, refuse and answer legal requests
    REOPEN_LEGAL = "reopen_legal"  # have a legal request checked anew that somebody found not authentic


_DESK = {
    Perm.READ_CASES, Perm.SEARCH_CASES, Perm.WRITE_NOTE, Perm.SEE_PREVIEWS, Perm.READ_BANKS, Perm.READ_MODELS,
    Perm.READ_PARTNERS, Perm.READ_ESCALATIONS, Perm.DRAFT_ESCALATION,
}  # fmt: skip
_MODERATOR = _DESK | {
    Perm.CLAIM_CASE, Perm.DECIDE_CASE, Perm.MESSAGE_REPORTER, Perm.REVEAL_EVIDENCE, Perm.VERIFY_EVIDENCE,
}  # fmt: skip
_SENIOR = _MODERATOR | {
    Perm.TAKE_OVER_CASE, Perm.APPROVE_DECISION, Perm.APPROVE_ESCALATION, Perm.BREAK_GLASS,
}  # fmt: skip
#: Legal liaison and supervisors: each can be the second or third person for the other.
_OUTWARD = {
    Perm.APPROVE_ESCALATION, Perm.APPROVE_IMAGERY, Perm.BREAK_GLASS, Perm.PROPOSE_PARTNERS, Perm.APPROVE_PARTNERS,
    Perm.READ_LEGAL, Perm.HANDLE_LEGAL,
}  # fmt: skip

GRANTS: dict[Role, frozenset[Perm]] = {
    Role.NONE: frozenset(),
    Role.MODERATOR: frozenset(_MODERATOR),
    Role.SENIOR: frozenset(_SENIOR),
    Role.SUPERVISOR: frozenset(
        _SENIOR
        | _OUTWARD
        | {
            Perm.REVIEW_BREAK_GLASS,
            Perm.REOPEN_LEGAL,
            Perm.READ_LOG,
            Perm.READ_PEOPLE,
            Perm.GRANT_CLEARANCE,
            Perm.MANAGE_BANKS,
            Perm.EXAMINE_AGAIN,
            Perm.TRACE_LEAKS,
            Perm.ACCEPT_CALIBRATION,
            Perm.CONFIRM_OUTCOMES,
            Perm.READ_OUTBOX,
            Perm.TEND_OUTBOX,
        }
    ),
    Role.LEGAL: frozenset(_DESK | _OUTWARD | {Perm.REVEAL_EVIDENCE, Perm.VERIFY_EVIDENCE}),
    # A partner's people see the portal and nothing else.
    Role.PARTNER: frozenset({Perm.USE_PORTAL}),
    # An auditor reads everything that was done and changes nothing; pictures are not part of that.
    Role.AUDITOR: frozenset(
        {
            Perm.READ_CASES,
            Perm.SEARCH_CASES,
            Perm.READ_BANKS,
            Perm.READ_MODELS,
            Perm.READ_LOG,
            Perm.READ_PEOPLE,
            Perm.READ_PARTNERS,
            Perm.READ_ESCALATIONS,
            Perm.READ_LEGAL,
        }
    ),
    # An administrator configures and sees no case and no evidence.
    Role.ADMINISTRATOR: frozenset(
        {
            Perm.READ_PEOPLE,
            Perm.MANAGE_PEOPLE,
            Perm.MANAGE_API_KEYS,
            Perm.READ_BANKS,
            Perm.READ_MODELS,
            Perm.MANAGE_BANKS,
            Perm.READ_OUTBOX,
            Perm.TEND_OUTBOX,
            Perm.MANAGE_OUTBOX,
            Perm.READ_PARTNERS,
            Perm.PROPOSE_PARTNERS,
            Perm.APPROVE_PARTNERS,
        }
    ),
}

#: What a door declares when it is open to anybody, and when it is open to everybody who is signed in.
PUBLIC = "public"
SIGNED_IN = "signed in"

View = Callable[..., HttpResponseBase]


def requires(perm: Perm) -> Callable[[View], View]:
    """Declare and enforce the permission of a view: 403 for a signed-in person whose role lacks *perm*.

    For a partner's people there is nothing but the portal: they get 404, and do not learn what there is.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not (request.user.is_authenticated and request.user.may(perm)):
                if getattr(request.user, "role", Role.NONE) == Role.PARTNER:
                    raise Http404
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permission = perm  # type: ignore[attr-defined]
        return guarded

    return decorate


def open_to_everybody(view: View) -> View:
    """Declare a view public, aloud: no sign-in is asked."""
    opened = login_not_required(view)
    opened.permission = PUBLIC  # type: ignore[attr-defined]
    return opened


def open_to_signed_in(view: View) -> View:
    """Declare that a view needs a sign-in and no role (own account, own meter)."""
    view.permission = SIGNED_IN  # type: ignore[attr-defined]
    return view
