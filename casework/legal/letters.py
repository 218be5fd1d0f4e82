"""Letters to authorities in words: composed from what the request says, changed by people, drawn as text or PDF."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO

from django.utils.translation import gettext as _

from casework.escalations.package.encryption import encrypt
from casework.escalations.package.pdf import document
from casework.escalations.package.sheet import Section, Sheet
from casework.ui.durations import utc_time

from .models import LegalClock, LegalLetter, LegalRequest
from .wording import GROUNDS

Kind = LegalLetter.Kind


def compose(request: LegalRequest, kind: str, grounds: Sequence[str] = ()) -> str:
    """The draft of a letter, in the language that is active. It names no case and nobody of the desk."""
    middle = {
        Kind.RECEIPT: _receipt,
        Kind.REFUSAL: lambda _request: [str(GROUNDS[code][1]) for code in grounds],
        Kind.COVER: _cover,
        Kind.PRESERVED: _preserved,
    }[Kind(kind)](request)
    return "\n\n".join([*_head(request), *middle])


def _head(request: LegalRequest) -> list[str]:
    theirs = request.authority_reference or _("none given")
    received = utc_time(request.received_at)
    return [
        _("To: %(authority)s, %(country)s") % {"authority": request.authority, "country": request.country},
        _("Your reference: %(theirs)s. Our reference: %(ours)s. Received: %(received)s (UTC).")
        % {"theirs": theirs, "ours": request.number, "received": received},
    ]


def _receipt(request: LegalRequest) -> list[str]:
    words = _(
        "We have received your request. Before anything is disclosed, two of us confirm its origin through a contact "
        "found independently of it. This letter says nothing about whether we hold what it asks for."
    )
    return [words]


def _cover(request: LegalRequest) -> list[str]:
    basis = request.citation or str(request.get_type_display())
    return [
        _("On the basis of %(basis)s we provide what was asked for, and nothing beyond it.")
        % {"basis": basis},
        _(
            "Each package lists its files with digests and is signed. Its reading instructions say how to verify it. "
            "Hashes and machine findings are leads and no proof of a fact."
        ),
    ]


def _preserved(request: LegalRequest) -> list[str]:
    clock = request.clocks.filter(kind=LegalClock.Kind.PRESERVE).first()
    until = utc_time(clock.due_at) if clock else ""
    return [
        _(
            "What we hold under the identifiers named is kept until %(until)s (UTC). It is deleted by its ordinary "
            "rules after that unless the preservation is renewed or process is served."
        )
        % {"until": until},
        _("This letter says nothing about whether we hold anything under these identifiers."),
    ]


def digest(text: str) -> str:
    """SHA-256 of a letter's text in hex: who releases it names the text they read."""
    return hashlib.sha256(text.encode()).hexdigest()


def as_pdf(letter: LegalLetter) -> bytes:
    """The letter on A4."""
    title = f"{letter.request.number}: {letter.get_kind_display()}"
    paragraphs = tuple(part.strip() for part in letter.text.split("\n\n") if part.strip())
    label = "" if letter.released_at else _("DRAFT, not released")
    return document(Sheet(title, label, (Section(_("Letter"), paragraphs),)))


def seals_of(request: LegalRequest) -> list[str]:
    """The authority's verified age recipients; empty without an entry in the directory that is in force."""
    partner = request.partner
    if partner is None or not partner.receives:
        return []
    return [key.recipient for key in partner.sealing_keys()]


def sealed(letter: LegalLetter) -> bytes:
    """The PDF, encrypted to the authority's verified keys. Raises ``BadRecipient`` where it has none."""
    into = BytesIO()
    encrypt([as_pdf(letter)], seals_of(letter.request), into)
    return into.getvalue()


def as_text(letter: LegalLetter) -> str:
    """The letter as plain text."""
    label = "" if letter.released_at else _("DRAFT, not released") + "\n\n"
    return f"{label}{letter.text}\n"
