"""StopNCII.org: hashes that adults made of their own pictures, on their own devices.

The protocol is that of ``https://api.stopncii.org/v1`` as Meta's open ThreatExchange client speaks it (domain.md 5.1):
``FetchHashes``, ``SubmitHashes``, ``SubmitFeedback``, each with a function key of its own beside the subscription key.
A record replaces the earlier one of the same type and value. Whether it is in force stands in ``hashStatus`` — that
client looks for it in ``hashValue`` and so never lets go of a withdrawn hash; here it is deleted.

A hash has no reviewed content behind it: whoever made it says what it shows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from casework.hashbanks.models import Verdict
from casework.outbox.http import request

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
    get_json,
    member,
    read_rows,
)

#: The first timestamp that the service knows.
BEGINNING = 10
PAGE_SIZE = 800
#: Withdrawals are told for so long; after that everything is read anew.
STALE_SECONDS = 30 * 24 * 3600
#: A page token is not good for long; an older one is not tried, and the set is begun again.
TOKEN_SECONDS = 15 * 60

SIGNALS = {"ImagePDQ": "pdq", "VideoMD5": "video_md5"}
_TYPES = {signal: name for name, signal in SIGNALS.items()}
_IN_FORCE = {"Active", "Received"}
_GONE = {"Withdrawn", "Deleted"}
#: What we say of a match, in the service's words: NotBlocked means that review was inconclusive.
_SAID = {
    Verdict.CONFIRMED: ("Blocked", ()),
    Verdict.DIFFERENT: ("NotBlocked", ("different_picture",)),
    Verdict.WRONG: ("NotBlocked", ("not_ncii",)),
}


class StopNCII:
    """A connection; *now* gives seconds since the epoch."""

    def __init__(self, connection: Connection, *, now: Callable[[], float] = time.time) -> None:
        self.connection = connection
        self.now = now

    def fetch(self, checkpoint: Mapping[str, Any]) -> Iterator[Page]:
        """Pages of 800 records; after 30 days without one, everything from the beginning."""
        state, first = self._begin(checkpoint)
        while True:
            answer = self._get_page(state)
            more = member(answer, "hasMoreRecords", bool)
            full = bool(state.get("full"))
            state = self._advance(state, answer, more=more)
            updates, faults, skipped = _read(member(answer, "hashRecords", list))
            yield Page(updates, state, more, first, full and not more, faults, skipped)
            if not more:
                return
            first = False

    def submit(self, offers: Sequence[Offer]) -> dict[str, str]:
        """Hashes of pictures that were confirmed here; the service gives no names back."""
        now = int(self.now())
        records = [
            {
                "lastModtimestamp": now,
                "signalType": _TYPES[offer.signal],
                "hashValue": offer.value.hex(),
                "CSPFeedbacks": [{"feedbackValue": "Blocked", "tags": []}],
            }
            for offer in offers
        ]
        self._post("SubmitHashes", "submit_key", {"count": len(records), "hashRecords": records})
        return {}

    def retract(self, offers: Sequence[Offer]) -> None:
        """What we submitted and no longer stand by is told as withdrawn."""
        self._tell([(offer.value, "Withdrawn", ()) for offer in offers])

    def send_feedback(self, opinions: Sequence[Opinion]) -> None:
        """Blocked or NotBlocked, for each hash."""
        self._tell([(opinion.value, *_SAID[opinion.verdict]) for opinion in opinions])

    def _tell(self, said: Sequence[tuple[bytes, str, tuple[str, ...]]]) -> None:
        feedbacks = [
            {"hashValue": value.hex(), "feedbackValue": word, "tags": list(tags)}
            for value, word, tags in said
        ]
        self._post("SubmitFeedback", "feedback_key", {"count": len(feedbacks), "hashFeedbacks": feedbacks})

    def _begin(self, checkpoint: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Where to start, and whether that begins a walk over everything."""
        now = self.now()
        if not checkpoint or now - float(checkpoint.get("at", 0)) > STALE_SECONDS:
            return {"since": BEGINNING, "token": "", "full": True}, True
        state = dict(checkpoint)
        if state.get("token") and now - float(state.get("at", 0)) > TOKEN_SECONDS:
            state["token"] = ""
        # A walk that lost its page begins again from its start: what came before comes once more.
        return state, bool(state.get("full")) and not state.get("token")

    def _get_page(self, state: Mapping[str, Any]) -> dict[str, Any]:
        query = {"startTimestamp": str(state["since"]), "pageSize": str(PAGE_SIZE)}
        if state.get("token"):
            query["nextPageToken"] = str(state["token"])
        url = f"{self.connection.base}/FetchHashes?{urlencode(query)}"
        return get_json(url, headers=self._keys("fetch_key"))

    def _advance(self, state: Mapping[str, Any], answer: Mapping[str, Any], *, more: bool) -> dict[str, Any]:
        now = self.now()
        if not more:
            since = max(int(state["since"]), int(member(answer, "nextSetTimestamp", int)))
            return {"since": since, "token": "", "at": now}
        token = member(answer, "nextPageToken", str)
        if not token or token == state.get("token"):
            raise BadAnswer(_("there is said to be a next page, but no way to it"))
        return {**state, "token": token, "at": now}

    def _post(self, endpoint: str, key: str, body: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json", **self._keys(key)}
        request(
            "POST",
            f"{self.connection.base}/{endpoint}",
            headers=headers,
            body=json.dumps(body).encode(),
            limits=PAGE_LIMITS,
            accept=(200, 201, 202, 204),
        )

    def _keys(self, name: str) -> dict[str, str]:
        return {
            "x-functions-key": self.connection.credentials.get(name, ""),
            "Ocp-Apim-Subscription-Key": self.connection.credentials.get("subscription_key", ""),
        }


def _read(records: Sequence[object]) -> tuple[list[Update], list[str], int]:
    return read_rows(records, SIGNALS, kind="signalType", value="hashValue", read=_updates_of)


def _updates_of(record: Mapping[str, Any], signal: str, value: bytes) -> list[Update] | str:
    status = record.get("hashStatus")
    if status in _GONE:
        return [Update(DELETED, signal, value)]
    if status in _IN_FORCE:
        return [Update(ACTIVE, signal, value, verdicts=_verdicts(record.get("CSPFeedbacks")))]
    return _("%(value)s…: its status “%(status)s” is not known") % {
        "value": value.hex()[:12], "status": clean(status, 30)
    }  # fmt: skip


def _verdicts(feedbacks: object) -> tuple[tuple[str, Verdict], ...]:
    """Who says that they reviewed a match and blocked it. "Not blocked" only means inconclusive, and is no verdict."""
    if not isinstance(feedbacks, list):
        return ()
    found = {
        clean(feedback.get("source") or _("a platform"))
        for feedback in feedbacks
        if isinstance(feedback, dict) and feedback.get("feedbackValue") == "Blocked"
    }
    return tuple((who, Verdict.CONFIRMED) for who in sorted(found))
