"""NCMEC's hash sharing API, version 2: status, members, entries by window and page, feedback and its reasons."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from .validating import Asked, Told, ValidatingServer, need

USER, PASSWORD = "casework", "a pass word"
KEYS = {"username": USER, "password": PASSWORD}
REASON = "01234567-abcd-0123-4567-012345678900"
_NS = "https://hashsharing.ncmec.org/hashsharing/v2"
_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class NCMECServer(ValidatingServer):
    """``entries`` by (member, id); they come in no order of time, as the real ones."""

    def __init__(self, *, page_size: int = 1000) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], dict[str, Any]] = {}
        self.votes: list[tuple[str, str, str, str]] = []
        self.clock = 1_000_000_000.0
        self.page_size = page_size

    def put(
        self, name: str, *, member: str = "42", kind: str = "image", deleted: bool = False, feedback: str = "",
        **fingerprints: str,
    ) -> None:  # fmt: skip
        """An entry now; replaces what it said before."""
        self.clock += 10
        self.entries[member, name] = {
            "at": self.clock, "kind": kind, "deleted": deleted, "fingerprints": fingerprints, "feedback": feedback,
        }  # fmt: skip

    def answer(self, asked: Asked) -> Told:
        both = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {both}":
            return Told(status=401)
        if asked.method == "GET" and asked.path == "/hs/v2/status":
            return _xml(
                f'<status xmlns="{_NS}"><username>{USER}</username><member id="7">A desk</member></status>'
            )
        if asked.method == "GET" and asked.path == "/hs/v2/members":
            return _xml(
                f'<members xmlns="{_NS}"><member id="7">A desk</member><member id="42">A site</member></members>'
            )
        if asked.method == "GET" and asked.path == "/hs/v2/entries":
            return self._page(asked)
        if asked.method == "GET" and (
            found := re.fullmatch(r"/hs/v2/feedback/(MD5|SHA1|PDQ)/reasons", asked.path)
        ):
            reason = f'<reason guid="{REASON}" name="Not as classified" type="{found[1]}"/>'
            return _xml(f'<availableFeedbackReasons xmlns="{_NS}">{reason}</availableFeedbackReasons>')
        if asked.method == "PUT":
            return self._vote(asked)
        return Told(status=404)

    def _page(self, asked: Asked) -> Told:
        query = asked.query
        need(
            {"from", "to"} <= set(query) <= {"from", "to", "start", "size", "max"}, "a parameter is not known"
        )
        need(all(re.fullmatch(_DATE, query[name]) for name in ("from", "to")), "a date is none")
        begin, end = (
            datetime.strptime(query[name], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
            for name in ("from", "to")
        )
        need(begin <= end, "the window ends before it begins")
        names = sorted(name for name, entry in self.entries.items() if begin <= entry["at"] <= end)
        start = int(query.get("start", "1"))
        page, after = names[start - 1 : start - 1 + self.page_size], start + self.page_size
        parts = [self._section("image", page), self._section("video", page)]
        if after <= len(names):
            following = (
                f"/v2/entries?from={query['from'].replace(':', '%3A')}&to={query['to'].replace(':', '%3A')}"
                f"&start={after}&size={self.page_size}&max={len(names)}"
            )
            parts.append(f"<paging><next>{escape(following)}</next></paging>")
        return _xml(f'<queryResult xmlns="{_NS}">{"".join(parts)}</queryResult>')

    def _section(self, kind: str, names: Iterable[tuple[str, str]]) -> str:
        mine = [(name, self.entries[name]) for name in names if self.entries[name]["kind"] == kind]
        rows = "".join(_entry(member, name, entry) for (member, name), entry in mine)
        return (
            f'<{kind}s count="{len(mine)}" maxTimestamp="2020-01-01T00:00:00Z">{rows}</{kind}s>'
            if mine
            else ""
        )

    def _vote(self, asked: Asked) -> Told:
        found = re.fullmatch(r"/hs/v2/entries/(\w+)/([\w.-]+)/(MD5|PDQ)/feedback", asked.path)
        if not found or (found[1], found[2]) not in self.entries:
            return Told(status=404)
        need(
            asked.headers.get("content-type", "").startswith("application/xml"),
            "the body is not said to be XML",
        )
        root = ET.fromstring(asked.body)
        need(root.tag == f"{{{_NS}}}feedbackSubmission" and len(root) == 1, "no feedback")
        vote = root[0].tag.rpartition("}")[2]
        reasons = [each.text or "" for each in root[0].iter(f"{{{_NS}}}guid")]
        need(vote in ("affirmative", "negative"), "no such vote")
        need(
            reasons == ([REASON] if vote == "negative" else []),
            "a vote against needs a known reason, one for none",
        )
        self.votes.append((found[1], found[2], found[3], vote))
        return _xml(f'<submissionResult xmlns="{_NS}"/>')


def _entry(member: str, name: str, entry: dict[str, Any]) -> str:
    tag = f"deleted{entry['kind'].title()}" if entry["deleted"] else entry["kind"]
    at = datetime.fromtimestamp(entry["at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f'<member id="{member}">A site</member><timestamp>{at}</timestamp><id>{name}</id>'
    if entry["deleted"]:
        return f"<{tag}>{head}</{tag}>"
    prints = "".join(f"<{kind}>{escape(value)}</{kind}>" for kind, value in entry["fingerprints"].items())
    return (
        f"<{tag}>{head}<classification>A1</classification><fingerprints>{prints}</fingerprints>"
        f"{entry['feedback']}</{tag}>"
    )


def _xml(text: str) -> Told:
    return Told(
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}'.encode(),
        headers={"Content-Type": "application/xml"},
    )
