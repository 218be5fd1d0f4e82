"""The parts of the Graph API that ThreatExchange members use, for one privacy group."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from .validating import Asked, Told, ValidatingServer, need

TOKEN = "12345678|abcdefghijklmnopqrstuvwxyz"
GROUP = "987654321"
KEYS = {"access_token": TOKEN}
_TYPES = {"HASH_PDQ": 64, "HASH_MD5": 32, "HASH_SHA256": 64, "HASH_VIDEO_MD5": 32}
_SUBMITTED = {
    "access_token", "indicator", "type", "description", "share_level", "status", "privacy_type", "privacy_members",
    "tags",
}  # fmt: skip


class ThreatExchangeServer(ValidatingServer):
    """``rows`` are the privacy group's updates; a change moves its row to the end."""

    def __init__(self, *, page_size: int = 500) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.descriptors: dict[str, dict[str, str]] = {}
        self.reactions: list[tuple[str, str]] = []
        self.clock = 1_700_000_000
        self.page_size = page_size
        self.leads_to = ""

    def put(
        self, value: str, *, kind: str = "HASH_PDQ", status: str = "MALICIOUS", tags: tuple[str, ...] = ()
    ) -> str:
        """An indicator with one descriptor; the descriptor's id."""
        self.clock += 10
        number = str(4_000_000 + self.clock % 1_000_000)
        self.rows = [row for row in self.rows if (row["type"], row["indicator"]) != (kind, value)]
        self.rows.append({
            "id": str(3_000_000 + self.clock % 1_000_000), "indicator": value, "type": kind,
            "last_updated": self.clock, "should_delete": False,
            "descriptors": {"data": [{
                "id": number, "status": status, "owner": {"id": "555"},
                "tags": {"data": [{"id": "1", "text": tag} for tag in tags]},
            }]},
        })  # fmt: skip
        return number

    def take_back(self, value: str) -> None:
        """The indicator is gone; its row says so, for 90 days."""
        self.clock += 10
        for row in self.rows:
            if row["indicator"] == value:
                row |= {"should_delete": True, "last_updated": self.clock}
                row.pop("descriptors", None)
        self.rows.sort(key=lambda row: row["last_updated"])

    def answer(self, asked: Asked) -> Told:
        form = dict(parse_qsl(asked.body.decode("ascii"))) if asked.method == "POST" else asked.query
        if form.get("access_token") != TOKEN:
            return _error(190, "Invalid OAuth access token.")
        need(asked.method != "POST" or not asked.query, "the token stands in an address of a POST")
        if asked.method == "GET" and asked.path == f"/v24.0/{GROUP}/threat_updates/":
            return self._updates(asked)
        if asked.method == "POST" and asked.path == "/v24.0/threat_descriptors":
            return self._submit(form)
        number = asked.path.rpartition("/")[2]
        if asked.method == "POST" and set(form) == {"access_token", "reactions"}:
            need(form["reactions"] in ("HELPFUL", "NOT_HELPFUL", "DISAGREE_WITH_TAGS"), "no such reaction")
            self.reactions.append((number, form["reactions"]))
            return Told(b'{"success": true}')
        if asked.method == "DELETE" and number in self.descriptors:
            self.take_back(self.descriptors.pop(number)["indicator"])
            return Told(b'{"success": true}')
        return _error(100, "Unsupported request")

    def _updates(self, asked: Asked) -> Told:
        allowed = {"access_token", "start_time", "limit", "types", "fields", "after"}
        need(set(asked.query) <= allowed, "a parameter is not known")
        need(set(asked.query["types"].split(",")) <= set(_TYPES), "a type is not known")
        need("should_delete" in asked.query["fields"], "deletions are not asked for")
        since = int(asked.query.get("start_time", "0"))
        begin = int(asked.query.get("after", "c0").removeprefix("c"))
        rows = [row for row in self.rows if row["last_updated"] >= since]
        size = min(int(asked.query["limit"]), self.page_size)
        answer: dict[str, Any] = {"data": rows[begin : begin + size]}
        if begin + size < len(rows):
            here = self.leads_to or f"{self.address}{asked.path}"
            following = f"{here}?access_token={TOKEN}&after=c{begin + size}&limit={size}"
            answer["paging"] = {"cursors": {"after": f"c{begin + size}"}, "next": following}
        return Told(json.dumps(answer).encode())

    def _submit(self, form: dict[str, str]) -> Told:
        need(set(form) <= _SUBMITTED, "a field is not known")
        need(_SUBMITTED - {"tags"} <= set(form), "a field is missing")
        need(len(form["indicator"]) == _TYPES.get(form["type"]), "the indicator does not fit its type")
        need(form["share_level"] in ("WHITE", "GREEN", "AMBER", "RED"), "no such share level")
        need(
            (form["privacy_type"], form["privacy_members"]) == ("HAS_PRIVACY_GROUP", GROUP),
            "everybody would see it",
        )
        for (
            number,
            known,
        ) in self.descriptors.items():  # the same opinion of the same member is edited, not doubled
            if known["indicator"] == form["indicator"]:
                return Told(json.dumps({"success": True, "id": number}).encode())
        number = self.put(form["indicator"], kind=form["type"])
        self.descriptors[number] = form
        return Told(json.dumps({"success": True, "id": number}).encode())


def _error(code: int, message: str) -> Told:
    return Told(
        json.dumps({"error": {"message": message, "type": "OAuthException", "code": code}}).encode(), 400
    )
