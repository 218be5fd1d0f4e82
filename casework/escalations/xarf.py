"""Notices to hosts in XARF v4 (xarf.org, schemas 4.2.0): the address of what is there and what it is, never a picture.

XARF knows no type for intimate imagery of adults. We send ``exposed_data`` as the nearest one, say so in the
description, and add the tag ``ncii:...`` for machines. ``csam`` goes out only where the operator's legal basis allows.
Nothing here takes evidence, names or notes: what is not among the facts can't leak.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import rfc8785
from django.utils.translation import gettext as _

VERSION: Final = "4.2.0"
_DESCRIPTION: Final = 1000
_ORGANISATION: Final = 200
#: The schema's own pattern for ``domain``: names with two hyphens in a row (other scripts) don't fit and are left out.
_DOMAIN = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}", re.ASCII)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_.])?", re.ASCII)
_DIGESTS = {
    "md5": re.compile(r"[0-9a-f]{32}"),
    "sha1": re.compile(r"[0-9a-f]{40}"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
}
_WHAT_IT_IS = (
    "Intimate imagery published without the consent of the person depicted. XARF 4 has no type for this; exposed_data "
    "is the nearest. Please remove it, keep what your law asks you to keep, and do not ask us for copies."
)
_WHAT_CSAM_IS = (
    "Suspected child sexual abuse material. No copy is attached. Your law may ask you to report it yourself."
)


class BadNotice(Exception):
    """The facts can't become a notice. *field* is for programs, *sentence* for people; nothing was sent."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


class Origin(StrEnum):
    """What is known of how a picture was made; goes out as a tag."""

    SYNTHETIC = "synthetic"
    AUTHENTIC = "authentic"
    UNKNOWN = "unknown"


class Verified(StrEnum):
    """How we know that it is there."""

    BY_A_PERSON = "manual"
    BY_A_CRAWLER = "automated_crawler"
    BY_A_REPORT = "user_report"


class Found(StrEnum):
    """How child abuse material was recognised."""

    HASH = "hash_match"
    MODEL = "ai_detection"
    REVIEW = "manual_review"
    REPORT = "user_report"


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation as hosts see it: *contact* is an e-mail address, *domain* one that proves it."""

    name: str
    contact: str
    domain: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is. *source*: IP address or host name of the server; *seen_at*: when it was last found there."""

    url: str
    source: str
    seen_at: datetime
    verified: Verified
    public: bool | None = None
    hosting_provider: str = ""
    country: str = ""  # two letters


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice about one place. *id* stays the same when it is sent again. *more* is text that a person wrote."""

    id: uuid.UUID
    at: datetime
    reporter: Party
    sender: Party
    place: Place
    origin: Origin = Origin.UNKNOWN
    more: str = ""


@dataclass(frozen=True, slots=True)
class AbuseMaterial:
    """*classification*: baseline, A1, A2, B1 or B2. *digests* in hex by md5, sha1, sha256."""

    classification: str
    found: Found
    digests: tuple[tuple[str, str], ...] = ()
    cybertip_report: int | None = None


def adult_notice(notice: Notice) -> dict[str, Any]:
    """A notice of type ``exposed_data``. Raises ``BadNotice``."""
    said = _common(notice, _WHAT_IT_IS)
    said |= {
        "type": "exposed_data",
        "data_types": ["personal_information"],
        "exposure_method": "intentional_leak",
        "discovery_source": "user_report",
        "tags": [f"ncii:{notice.origin.value}"],
    }
    if notice.place.public is not None:
        said["accessibility"] = "public" if notice.place.public else "requires_authentication"
    return said


def abuse_notice(notice: Notice, material: AbuseMaterial, *, basis: str) -> dict[str, Any]:
    """A notice of type ``csam``. *basis* names the law that lets this operator send it; raises ``BadNotice`` without.

    *basis* is for our own record and stays here.
    """
    if not basis.strip():
        raise BadNotice(
            "basis",
            _(
                "Without a legal basis no notice about child abuse material is sent. Use a hotline or the police."
            ),
        )
    if material.classification not in ("baseline", "A1", "A2", "B1", "B2"):
        raise BadNotice("classification", _("Child abuse material needs a classification that XARF knows."))
    said = _common(notice, _WHAT_CSAM_IS)
    said |= {
        "type": "csam",
        "classification": material.classification,
        "detection_method": material.found.value,
        "tags": [f"origin:{notice.origin.value}"],
    }
    if material.digests:
        said["hash_values"] = _digests(material.digests)
    if material.cybertip_report is not None:
        said["ncmec_report_id"] = str(material.cybertip_report)
    return said


def as_bytes(notice: dict[str, Any]) -> bytes:
    """The notice as it travels, in an e-mail's attachment or a request's body: canonical JSON (RFC 8785)."""
    return rfc8785.dumps(notice)


def _common(notice: Notice, what: str) -> dict[str, Any]:
    url, place = _uri(notice.place.url), notice.place
    said: dict[str, Any] = {
        "xarf_version": VERSION,
        "report_id": str(notice.id),
        "timestamp": _stamp("at", notice.at),
        "reporter": _party("reporter", notice.reporter),
        "sender": _party("sender", notice.sender),
        "source_identifier": _source(place.source),
        "category": "content",
        "url": url,
        "verified_at": _stamp("place.seen_at", place.seen_at),
        "verification_method": place.verified.value,
        "evidence_source": "user_report",
        "description": f"{what} {notice.more.strip()}".strip()[:_DESCRIPTION],
    }
    domain = urlsplit(url).hostname or ""
    if _DOMAIN.fullmatch(domain):
        said["domain"] = domain
    if place.hosting_provider:
        said["hosting_provider"] = place.hosting_provider
    if place.country:
        said["country_code"] = place.country.upper()
    return said


def _party(field: str, party: Party) -> dict[str, str]:
    contact, domain = party.contact.strip(), _ascii_host(field, party.domain.strip().lower())
    if not party.name.strip() or "@" not in contact:
        raise BadNotice(field, _("A notice needs the organisation's name, an e-mail address and a domain."))
    return {"org": party.name.strip()[:_ORGANISATION], "contact": contact, "domain": domain}


def _source(text: str) -> str:
    """The server's address, or its name in ASCII."""
    source = text.strip().lower()
    try:
        return str(ip_address(source))
    except ValueError:
        return _ascii_host("place.source", source)


def _uri(url: str) -> str:
    """*url* in the characters of RFC 3986; raises ``BadNotice`` for what is no web address or holds a password."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise BadNotice("place.url", _("The address is no web address that can be sent to a host."))
    place = f"[{host}]" if ":" in host else _ascii_host("place.url", host)
    plain = (quote(part, safe="/%:@!$&'()*+,;=-._~?") for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, place + (f":{port}" if port else ""), *plain, ""))


def _ascii_host(field: str, host: str) -> str:
    try:
        plain = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain):
        raise BadNotice(field, _("A host's name can't be read."))
    return plain


def _digests(digests: tuple[tuple[str, str], ...]) -> dict[str, str]:
    for kind, value in digests:
        if kind not in _DIGESTS or not _DIGESTS[kind].fullmatch(value):
            raise BadNotice("digests", _("A digest is not one that XARF knows."))
    return dict(digests)


def _stamp(field: str, moment: datetime) -> str:
    if moment.utcoffset() is None:
        raise BadNotice(field, _("A date and time has no time zone."))
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
