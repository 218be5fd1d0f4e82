"""Meta ThreatExchange: a privacy group's signals, read by ``/threat_updates`` and contributed as descriptors.

Fields, paging and deletions follow the Graph API's reference and Meta's open client. Deletions are told for 90 days,
so a checkpoint older than 85 is given up and everything is read anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.utils.translation import gettext as _

from casework.hashbanks.models import Verdict
from casework.outbox.errors import BadStatus
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
    as_object,
    clean,
    member,
    read_rows,
)

STALE_SECONDS = 85 * 24 * 3600
PAGE_SIZE = 500
#: A cursor that is older is not tried.
CURSOR_SECONDS = 30 * 60
_FIELDS = "id,indicator,type,last_updated,should_delete,descriptors{id,status,tags,owner{id}}"
#: Type there -> kinds here; an MD5 is of a film only where it is tagged so.
TYPES = {"HASH_PDQ": "pdq", "HASH_SHA256": "sha256", "HASH_MD5": "md5", "HASH_VIDEO_MD5": "video_md5"}
_NAMES = {signal: name for name, signal in TYPES.items()}
_FILM_TAG = "media_type_video"
_REACTIONS = {Verdict.CONFIRMED: "HELPFUL", Verdict.WRONG: "DISAGREE_WITH_TAGS"}
#: Never kept from an address of the server: they are keys.
_SECRET = {"access_token", "appsecret_proof"}
#: Codes of Graph API errors, which all come as status 400.
_NO_ACCESS, _TOO_MANY = {10, 102, 190, 200}, {4, 17, 32, 341, 368, 613}


class ThreatExchange:
    """A connection; *now* gives seconds since the epoch."""

    def __init__(self, connection: Connection, *, now: Callable[[], float] = time.time) -> None:
        self.connection = connection
        self.now = now

    def fetch(self, checkpoint: Mapping[str, Any]) -> Iterator[Page]:
        """Pages of updates in the order in which they happened."""
        state, first = self._begin(checkpoint)
        while True:
            answer = self._get_page(state)
            full = bool(state.get("full"))
            rows = member(answer, "data", list)
            state, more = self._advance(state, answer, rows)
            updates, faults, skipped = _read(rows)
            yield Page(updates, state, more, first, full and not more, faults, skipped)
            if not more:
                return
            first = False

    def submit(self, offers: Sequence[Offer]) -> dict[str, str]:
        """One descriptor for each hash, visible to the privacy group only; its id is the name."""
        names = {}
        for offer in offers:
            fields = {
                "indicator": offer.value.hex(),
                "type": _NAMES[offer.signal],
                "description": "Confirmed by review: non-consensual intimate imagery",
                "share_level": "RED",
                "status": "MALICIOUS",
                "privacy_type": "HAS_PRIVACY_GROUP",
                "privacy_members": self._group(),
                "tags": ",".join(
                    tag for tag in (self.connection.options.get("tag", ""), self._film(offer)) if tag
                ),
            }
            answer = as_object(self._post("threat_descriptors", fields))
            names[offer.key] = clean(member(answer, "id", (str, int)))
        return names

    def retract(self, offers: Sequence[Offer]) -> None:
        """Delete our descriptors."""
        for offer in offers:
            url = f"{self.connection.base}/{_id(offer.ref)}?{urlencode({'access_token': self._token()})}"
            self._ask("DELETE", url)

    def send_feedback(self, opinions: Sequence[Opinion]) -> None:
        """A reaction on each descriptor that vouches for the hash."""
        for opinion in opinions:
            for ref in opinion.refs:
                self._post(_id(ref), {"reactions": _REACTIONS[opinion.verdict]})

    def _begin(self, checkpoint: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        now = self.now()
        if not checkpoint or now - float(checkpoint.get("at", 0)) > STALE_SECONDS:
            return {"since": 0, "newest": 0, "cursor": {}, "full": True}, True
        state = dict(checkpoint)
        if state.get("cursor") and now - float(state.get("at", 0)) > CURSOR_SECONDS:
            state["cursor"] = {}
        return state, bool(state.get("full")) and not state.get("cursor")

    def _get_page(self, state: Mapping[str, Any]) -> dict[str, Any]:
        query = {"fields": _FIELDS, "limit": str(PAGE_SIZE), "types": ",".join(TYPES)}
        if state.get("since"):
            query["start_time"] = str(state["since"])
        query |= {str(name): str(value) for name, value in dict(state.get("cursor") or {}).items()}
        query["access_token"] = self._token()
        return as_object(
            self._ask("GET", f"{self.connection.base}/{self._group()}/threat_updates/?{urlencode(query)}")
        )

    def _advance(
        self, state: Mapping[str, Any], answer: Mapping[str, Any], rows: Sequence[object]
    ) -> tuple[dict[str, Any], bool]:
        times = [row.get("last_updated") for row in rows if isinstance(row, dict)]
        newest = max([int(state.get("newest", 0)), *(int(at) for at in times if isinstance(at, int))])
        following = member(member(answer, "paging", dict, {}), "next", str, "")
        if not following:
            return {"since": newest, "newest": newest, "cursor": {}, "at": self.now()}, False
        # Only the cursor of the server's address is used: requests with our token go where we were told to go.
        cursor = {
            name: value
            for name, value in parse_qsl(urlsplit(following).query)[:20]
            if name not in _SECRET and len(value) <= 2000
        }
        if not cursor or cursor == state.get("cursor"):
            raise BadAnswer(_("there is said to be a next page, but no way to it"))
        return {**state, "newest": newest, "cursor": cursor, "at": self.now()}, True

    def _post(self, path: str, fields: Mapping[str, str]) -> Answer:
        body = urlencode({**fields, "access_token": self._token()}).encode()
        return self._ask("POST", f"{self.connection.base}/{path}", body)

    def _ask(self, method: str, url: str, body: bytes | None = None) -> Answer:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = request(method, url, headers=headers, body=body, limits=PAGE_LIMITS, accept=(200, 400))
        if answer.status == 400:
            raise _graph_error(answer)
        return answer

    def _group(self) -> str:
        return _id(self.connection.options.get("privacy_group", ""))

    def _token(self) -> str:
        return self.connection.credentials.get("access_token", "")

    @staticmethod
    def _film(offer: Offer) -> str:
        return _FILM_TAG if offer.signal == "video_md5" else ""


def _graph_error(answer: Answer) -> BadStatus:
    """What a 400 of the Graph API means, as the status that HTTP has for it."""
    try:
        error = member(as_object(answer), "error", dict, {})
    except BadAnswer:
        error = {}
    code = error.get("code")
    if code in _NO_ACCESS:
        return BadStatus(401, _("ThreatExchange did not accept our keys (error %(code)d).") % {"code": code})
    if code in _TOO_MANY:
        return BadStatus(429, _("ThreatExchange asks us to wait (error %(code)d).") % {"code": code})
    return BadStatus(
        400, _("ThreatExchange did not understand us (error %(code)s).") % {"code": clean(code, 20)}
    )


def _id(text: str) -> str:
    """An id of the Graph API: digits, or nothing of the address would be as we mean it."""
    if not text.isascii() or not text.isdigit():
        raise BadAnswer(_("“%(id)s” is no id") % {"id": clean(text, 30)})
    return text


def _read(rows: Sequence[object]) -> tuple[list[Update], list[str], int]:
    return read_rows(rows, TYPES, kind="type", value="indicator", read=_updates_of)


def _updates_of(row: Mapping[str, Any], signal: str, value: bytes) -> list[Update]:
    # A row without descriptors is one that nobody vouches for (issue 834 of the client's repository).
    descriptors = [each for each in _data(row.get("descriptors")) if isinstance(each, dict)]
    standing = [each for each in descriptors if each.get("status") != "NON_MALICIOUS"]
    tags = {clean(tag) for each in standing for tag in _tags(each.get("tags"))}
    if row.get("should_delete") or not standing:
        # A deletion carries no tags, so an MD5 is dropped as either kind.
        kinds = ("md5", "video_md5") if signal == "md5" else (signal,)
        return [Update(DELETED, kind, value) for kind in kinds]
    kind = "video_md5" if signal == "md5" and _FILM_TAG in tags else signal
    refs = tuple(str(each["id"]) for each in standing if str(each.get("id", "")).isdigit())
    against = [each for each in descriptors if each.get("status") == "NON_MALICIOUS"]
    verdicts = tuple((_owner(each), Verdict.WRONG) for each in against)
    return [Update(ACTIVE, kind, value, refs, tuple(sorted(tags))[:20], verdicts)]


def _data(value: object) -> Sequence[object]:
    """The Graph API wraps lists as {"data": [...]}."""
    inner = value.get("data") if isinstance(value, dict) else value
    return inner if isinstance(inner, list) else ()


def _tags(value: object) -> list[str]:
    return [str(tag.get("text", "") if isinstance(tag, dict) else tag) for tag in _data(value)]


def _owner(descriptor: Mapping[str, Any]) -> str:
    owner = descriptor.get("owner")
    return _("member %(id)s") % {"id": clean(owner.get("id", "?") if isinstance(owner, dict) else "?", 40)}
