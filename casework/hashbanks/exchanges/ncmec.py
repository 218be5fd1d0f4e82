"""NCMEC hash sharing, version 2: what electronic service providers and NGOs report to NCMEC, as XML.

Addresses, paging and shapes are those of Meta's open client and its recorded answers (domain.md 4.5). Entries do not
come in the order of time, so the only safe checkpoint is the end of a window that was read to its last page.
An entry is known by member and id; a deletion names it and carries no fingerprints.

XML is read by expat with every document type refused: no entity is ever defined, so none is expanded or fetched.
"""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET  # noqa: S405 - the parser below refuses what makes XML dangerous
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from xml.parsers.expat import ExpatError

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.hashbanks.models import Verdict
from casework.outbox.http import Answer, request

from .base import (
    ACTIVE,
    DELETED,
    PAGE_LIMITS,
    BadAnswer,
    Connection,
    Offer,
    Opinion,
    Page,
    Update,
    clean,
    read_value,
)

NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
ENVIRONMENTS = {
    "https://report.cybertip.org/hashsharing": gettext_lazy("industry"),
    "https://hashsharing.ncmec.org/npo": gettext_lazy("NGO"),
    "https://hashsharing.ncmec.org/exploitative": gettext_lazy("exploitative"),
    "https://exttest.cybertip.org/hashsharing": gettext_lazy("industry, test"),
    "https://hashsharing-test.ncmec.org/npo": gettext_lazy("NGO, test"),
    "https://hashsharing-test.ncmec.org/exploitative": gettext_lazy("exploitative, test"),
}
#: What of an entry is matched here: (image or video, fingerprint) -> kind of hash.
FINGERPRINTS = {("image", "pdq"): "pdq", ("image", "md5"): "md5", ("video", "md5"): "video_md5"}
_NAMES = {"pdq": "PDQ", "md5": "MD5", "video_md5": "MD5"}
#: A page's address is not good for ever; after so long the window is begun again.
CURSOR_SECONDS = 6 * 3600
#: Entries are still being sorted in when they are very new.
_MARGIN = 5
_DEPTH, _ELEMENTS = 12, 200_000
_NEXT = re.compile(r"/v2/entries\?[!-~]{1,2000}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._:-]{1,80}", re.ASCII)
_DATE = "%Y-%m-%dT%H:%M:%SZ"


class NCMEC:
    """A connection; *now* gives seconds since the epoch."""

    def __init__(self, connection: Connection, *, now: Callable[[], float] = time.time) -> None:
        self.connection = connection
        self.now = now

    def fetch(self, checkpoint: Mapping[str, Any]) -> Iterator[Page]:
        """The window from the checkpoint to now, a thousand entries a page."""
        state, first = self._begin(checkpoint)
        while True:
            following = str(state.get("next", ""))
            query = urlencode({"from": _date(state["from"]), "to": _date(state["to"])})
            tree = self._get(following or f"/v2/entries?{query}")
            coming = _text(tree.find("paging/next"))
            if coming and (not _NEXT.fullmatch(coming) or coming == following):
                raise BadAnswer(_("there is said to be a next page, but no way to it"))
            full = bool(state.get("full"))
            state = (
                {**state, "next": coming, "at": self.now()}
                if coming
                else {"from": state["to"], "at": self.now()}
            )
            updates, faults, skipped = _read(tree)
            yield Page(updates, state, bool(coming), first, full and not coming, faults, skipped)
            if not coming:
                return
            first = False

    def submit(self, offers: Sequence[Offer]) -> dict[str, str]:
        """Not spoken here: what is suspected to show minors is reported, not shared (``KindSpec.signals`` is empty)."""
        raise BadAnswer(_("this exchange takes no hashes from here"))

    def retract(self, offers: Sequence[Offer]) -> None:
        """Nothing was submitted."""
        raise BadAnswer(_("this exchange takes no hashes from here"))

    def send_feedback(self, opinions: Sequence[Opinion]) -> None:
        """An up or down vote on the fingerprint of each entry that holds it; a down vote needs a reason of theirs."""
        for opinion in opinions:
            kind = _NAMES[opinion.signal]
            reason = self._reason(kind) if opinion.verdict == Verdict.WRONG else ""
            for ref in opinion.refs:
                who, _slash, entry = ref.partition("/")
                path = f"/v2/entries/{quote(who, safe='')}/{quote(entry, safe='')}/{kind}/feedback"
                self._ask("PUT", path, _feedback(reason))

    def who_we_are(self) -> tuple[str, str]:
        """Our member id and name, as the service knows them."""
        found = self._get("/v2/status").find("member")
        if found is None:
            raise BadAnswer(_("it does not say who we are"))
        return clean(found.get("id", "")), clean(_text(found))

    def members(self) -> dict[str, str]:
        """Everybody who takes part: id -> name."""
        return {
            clean(each.get("id", "")): clean(_text(each)) for each in self._get("/v2/members").iter("member")
        }

    def reasons(self, kind: str) -> dict[str, str]:
        """What can be held against a fingerprint of *kind* (``MD5``, ``PDQ``): guid -> name."""
        tree = self._get(f"/v2/feedback/{kind}/reasons")
        return {clean(each.get("guid", "")): clean(each.get("name", "")) for each in tree.iter("reason")}

    def _reason(self, kind: str) -> str:
        wanted = self.connection.options.get("reason", "").strip().lower()
        for guid, name in self.reasons(kind).items():
            if wanted in (guid.lower(), name.lower()):
                return guid
        raise BadAnswer(_("“%(reason)s” is no reason that NCMEC knows for %(kind)s") % {
            "reason": clean(wanted), "kind": kind
        })  # fmt: skip

    def _begin(self, checkpoint: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        now = self.now()
        if not checkpoint:
            return {"from": 0, "to": now - _MARGIN, "full": True}, True
        state = dict(checkpoint)
        if state.get("next") and now - float(state.get("at", 0)) <= CURSOR_SECONDS:
            return state, False
        state = {"from": state["from"], "to": now - _MARGIN, "full": bool(state.get("full"))}
        return state, bool(state["full"])

    def _get(self, path: str) -> ET.Element:
        return parse_xml(self._ask("GET", path).body)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        headers = {"Accept": "application/xml", "Authorization": _basic(self.connection.credentials)}
        if body is not None:
            headers["Content-Type"] = "application/xml; charset=UTF-8"
        url = f"{self.connection.base}{path}"
        return request(
            method, url, headers=headers, body=body, limits=PAGE_LIMITS, accept=(200, 201, 202, 204)
        )


# --- XML ------------------------------------------------------------------------------------------------------------


class _Plain(ET.TreeBuilder):
    """Builds a tree without namespaces, and gives up at a document type, great depth or size."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.count = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise BadAnswer(_("it holds a document type"))

    def start(self, tag: Any, attrs: dict[Any, Any], /) -> ET.Element:
        self.depth += 1
        self.count += 1
        if self.depth > _DEPTH or self.count > _ELEMENTS:
            raise BadAnswer(_("it is nested too deeply or too long"))
        return super().start(str(tag).rpartition("}")[2], attrs)

    def end(self, tag: Any, /) -> ET.Element:
        self.depth -= 1
        return super().end(str(tag).rpartition("}")[2])


def parse_xml(data: bytes) -> ET.Element:
    """The root element, tags without namespaces. Raises BadAnswer for what is no plain XML."""
    try:
        parser = ET.XMLParser(target=_Plain())  # noqa: S314 - see _Plain
        parser.feed(data)
        root = parser.close()
    except (ET.ParseError, ExpatError, LookupError, ValueError):
        raise BadAnswer(_("it is not XML")) from None
    if not isinstance(root, ET.Element):
        raise BadAnswer(_("it is not XML"))
    return root


def _feedback(reason: str) -> bytes:
    root = ET.Element("feedbackSubmission", xmlns=NAMESPACE)
    vote = ET.SubElement(root, "negative" if reason else "affirmative")
    if reason:
        ET.SubElement(ET.SubElement(vote, "reasonIds"), "guid").text = reason
    return b"<?xml version='1.0' encoding='UTF-8'?>\n" + ET.tostring(root, encoding="unicode").encode()


def _read(tree: ET.Element) -> tuple[list[Update], list[str], int]:
    updates: list[Update] = []
    faults: list[str] = []
    skipped = 0
    for entry in [each for name in ("images", "videos") for each in tree.findall(f"{name}/*")]:
        who = entry.find("member")
        number, name = who.get("id", "") if who is not None else "", _text(entry.find("id"))
        if not (_NAME.fullmatch(number) and _NAME.fullmatch(name)):
            faults.append(_("an entry without a name"))
            continue
        ref = f"{number}/{name}"
        kind = entry.tag.lower()
        if kind.startswith("deleted"):
            updates.append(Update(DELETED, refs=(ref,)))
            continue
        found, wrong = _fingerprints(entry, kind, ref)
        faults += wrong
        skipped += not found and not wrong
        # An entry replaces what it said before: a fingerprint that it holds no longer is taken back.
        updates += [Update(DELETED, refs=(ref,)), *found]
    return updates, faults, skipped


def _fingerprints(entry: ET.Element, kind: str, ref: str) -> tuple[list[Update], list[str]]:
    tags = tuple(clean(text, 40) for text in [_text(entry.find("classification"))] if text)
    updates, faults = [], []
    for each in entry.findall("fingerprints/*"):
        signal = FINGERPRINTS.get((kind, each.tag.lower()))
        if signal is None or not _text(each):
            continue
        value = read_value(signal, _text(each))
        if isinstance(value, str):
            faults.append(f"{clean(ref)}: {value}")
        else:
            updates.append(Update(ACTIVE, signal, value, (ref,), tags, _verdicts(entry, each.tag)))
    return updates, faults


def _verdicts(entry: ET.Element, fingerprint: str) -> tuple[tuple[str, Verdict], ...]:
    found: set[tuple[str, Verdict]] = set()
    for tag, verdict in (("affirmativeFeedback", Verdict.CONFIRMED), ("negativeFeedback", Verdict.WRONG)):
        for vote in entry.findall(f"feedback/{tag}"):
            if vote.get("type", "").lower() == fingerprint.lower():
                found |= {(clean(_text(who) or who.get("id", "?")), verdict) for who in vote.iter("member")}
    return tuple(sorted(found))


def _text(element: ET.Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _date(seconds: object) -> str:
    # In UTC whatever the machine's zone is: the trailing Z says so.
    return datetime.fromtimestamp(float(str(seconds)), UTC).strftime(_DATE)


def _basic(credentials: Mapping[str, str]) -> str:
    both = f"{credentials.get('username', '')}:{credentials.get('password', '')}"
    return "Basic " + b64encode(both.encode()).decode("ascii")
