"""What a partner's person reads of what was sent to them, in the portal and behind a secure link alike.

People of the desk are "the desk" here. Of the case there is what was approved to leave and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.sessions.backends.base import SessionBase
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.audit import identity
from casework.audit.notes import BadNote
from casework.audit.reading import newest_checkpoint
from casework.escalations.models import Download, Escalation, Line, Package, State
from casework.escalations.package.facts import Tlp
from casework.escalations.package.identity import verifier
from casework.escalations.package.sheet import sharing_words
from casework.partners.models import Contact, Partner, agreed_until_today
from casework.privacy.keyring import KeyMissing

OPEN_STATES = (State.SENT, State.DELIVERED, State.ACKNOWLEDGED)
TABS = {"open": _("Open"), "mine": _("I have it"), "answered": _("Answered")}
PAGE = 30


def works_for_a_partner(user: User) -> bool:
    """Whether this person is a contact, not ended, of a partner in force whose organisation is theirs."""
    return Contact.objects.filter(
        user=user,
        ended_at__isnull=True,
        partner__state=Partner.State.ACTIVE,
        partner__organisation=user.organisation_id or 0,
    ).exists()


def inbox(user: User, tab: str) -> QuerySet[Escalation]:
    """The matters of one tab, the most urgent first: what is overdue or due next stands at the top."""
    rows = Escalation.objects.for_user(user).select_related("claimed_by")
    if tab == "mine":
        rows = rows.filter(claimed_by=user)
    elif tab == "answered":
        return rows.filter(state=State.ANSWERED).order_by("-answered_at", "-pk")
    return rows.filter(state__in=OPEN_STATES).order_by(F("answer_due_at").asc(nulls_last=True), "-pk")


def inbox_page(user: User, tab: str, page: str | None) -> dict[str, Any]:
    """The context of ``escalations/portal/inbox.html``."""
    counts = {each: inbox(user, each).count() for each in TABS}
    own = Partner.objects.filter(organisation=user.organisation_id or 0)
    return {
        "organisation": user.organisation,
        "ran_out": own.exclude(agreed_until_today()).exists(),
        "tab": tab,
        "tabs": [
            {"label": words, "url": f"?show={each}", "current": each == tab, "count": counts[each]}
            for each, words in TABS.items()
        ],
        "page": Paginator(inbox(user, tab), PAGE).get_page(page),
        "without_second_factor": not is_mfa_enabled(user),
    }


def is_still_open(request: HttpRequest, escalation: Escalation) -> bool:
    """Whether the person of a running request may go on: their session, their account, and the matter, asked anew."""
    session: SessionBase = request.session
    if session.session_key is None or not session.exists(session.session_key):
        return False
    user = User.objects.filter(pk=request.user.pk or 0, is_active=True).first()
    if user is None or user.get_session_auth_hash() != request.user.get_session_auth_hash():  # type: ignore[union-attr]
        return False
    return Escalation.objects.for_user(user).filter(pk=escalation.pk).exists()


def package_of(escalation: Escalation) -> Package | None:
    """The file that is ready to be fetched."""
    return escalation.packages.filter(state=Package.State.READY).first()


def downloads_left(escalation: Escalation) -> int:
    """How many more fetches may begin."""
    begun = Download.objects.filter(package__escalation=escalation).count()
    return max(0, escalation.download_limit - begun)


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the conversation. ``who`` is a name of the partner's own side, and empty for the desk."""

    line: Line
    ours: bool
    who: str


def conversation(escalation: Escalation) -> list[Said]:
    """What was asked and answered, oldest first, without a name of anybody at the desk."""
    return [
        Said(line, ours, (line.author.name if line.author else line.author_name) if ours else "")
        for line in escalation.lines.select_related("author")
        for ours in [line.side == Line.Side.PARTNER]
    ]


def matter(escalation: Escalation) -> dict[str, Any]:
    """The context of ``escalations/portal/_matter.html``: what may be told of it, the file, the conversation."""
    package = package_of(escalation)
    return {
        "escalation": escalation,
        "fields": set(escalation.fields),
        "tlp_words": sharing_words(Tlp(escalation.tlp)),
        "package": package,
        "downloads_left": downloads_left(escalation),
        "key_fingerprints": [each["fingerprint"] for each in package.recipients] if package else [],
        "signer_key": _signer_key(),
        "log_key": _log_key() if "log_proofs" in escalation.fields else "",
        "same_file": _same_file(escalation, package),
        "conversation": conversation(escalation),
        "is_open": escalation.state in OPEN_STATES,
        "may_acknowledge": escalation.state in (State.SENT, State.DELIVERED),
    }


def _signer_key() -> str:
    try:
        return verifier().vkey
    except KeyMissing:
        return ""


def _log_key() -> str:
    try:
        return identity.verifier(newest_checkpoint()).vkey
    except (KeyMissing, BadNote):
        return ""


def _same_file(escalation: Escalation, package: Package | None) -> bool | None:
    """Whether the digest that the partner gave is our file's; None while nothing was said."""
    if not escalation.acknowledged_sha256 or package is None:
        return None
    return escalation.acknowledged_sha256 == package.sha256
