"""Hasher-Matcher-Actioner 2 (Open Media Match): one of its banks, read by content number and contributed to by signal.

HMA has no call that lists a bank, and tells no deletions. So each run walks the content numbers from 1 until many in a
row are not there, and what does not come is gone. That is one request for each content: fit for banks of thousands.
HMA has no sign-in of its own; where a proxy asks for one, the key is sent as the Authorization header.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from casework.outbox.errors import BadStatus
from casework.outbox.http import Answer, Limits, request

from .base import (
    ACTIVE,
    BadAnswer,
    Connection,
    Offer,
    Opinion,
    Page,
    Update,
    as_object,
    clean,
    member,
    read_value,
)

#: Contents of one page: each is a request, and a page has to fit into a job.
PAGE_SIZE = 20
#: So many numbers in a row without content are the end.
GAP = 200
MOST_CONTENTS = 200_000
SIGNALS = ("pdq", "video_md5")
_LIMITS = Limits(seconds=4.0, connect_seconds=3.0, size=1024 * 1024)
_ENABLED = 1


class HMA:
    """A connection; *now* gives seconds since the epoch."""

    def __init__(self, connection: Connection, *, now: Callable[[], float] = time.time) -> None:
        self.connection = connection
        self.now = now

    def fetch(self, checkpoint: Mapping[str, Any]) -> Iterator[Page]:
        """A walk over every content, twenty to a page."""
        number, last = int(checkpoint.get("next", 1)), int(checkpoint.get("last", 0))
        first = number == 1
        while True:
            # A bank that was renamed answers 404 for every content, and would look empty.
            self._ask("GET", "")
            updates: list[Update] = []
            faults: list[str] = []
            upto = min(number + PAGE_SIZE, last + GAP + 1)
            for each in range(number, max(upto, number + 1)):
                content = self._content(each)
                if content is None:
                    continue
                last = max(last, each)
                found, wrong = self._read(each, content)
                updates += found
                faults += wrong
            number = max(upto, number + 1)
            more = number <= last + GAP
            if more and number > MOST_CONTENTS:
                raise BadAnswer(_("the bank holds more contents than can be read one by one"))
            yield Page(updates, {"next": number, "last": last} if more else {}, more, first, not more, faults)
            if not more:
                return
            first = False

    def submit(self, offers: Sequence[Offer]) -> dict[str, str]:
        """Each hash as a content of its own, whose number is the name."""
        names = {}
        for offer in offers:
            body = json.dumps({offer.signal: offer.value.hex()}).encode()
            answer = as_object(self._ask("POST", "/signal", body))
            names[offer.key] = str(member(answer, "id", int))
        return names

    def retract(self, offers: Sequence[Offer]) -> None:
        """Delete the contents that we added; one that is gone already is fine."""
        for offer in offers:
            if not offer.ref.isdigit():
                raise BadAnswer(_("“%(id)s” is no id") % {"id": clean(offer.ref, 30)})
            self._ask("DELETE", f"/content/{offer.ref}", missing=True)

    def send_feedback(self, opinions: Sequence[Opinion]) -> None:
        """HMA 2 has no call for it, so nothing is ever asked to be sent (``KindSpec.verdicts`` is empty)."""
        raise BadAnswer(_("this exchange takes no feedback"))

    def _content(self, number: int) -> dict[str, Any] | None:
        answer = self._ask("GET", f"/content/{number}?include_signals=true", missing=True)
        return None if answer.status == 404 else as_object(answer)

    def _read(self, number: int, content: Mapping[str, Any]) -> tuple[list[Update], list[str]]:
        bank = content.get("bank")
        name = bank.get("name") if isinstance(bank, dict) else bank
        until = member(content, "disable_until_ts", int, _ENABLED)
        # Numbers are shared by all banks; 0 means switched off, 1 on, anything else off until then.
        if name != self.connection.options.get("bank") or until == 0 or until > self.now():
            return [], []
        updates, faults = [], []
        for signal, text in sorted(member(content, "signals", dict, {}).items()):
            value = read_value(str(signal), text) if signal in SIGNALS else None
            if isinstance(value, str):
                faults.append(value)
            elif value is not None:
                updates.append(Update(ACTIVE, str(signal), value, refs=(str(number),)))
        return updates, faults

    def _ask(self, method: str, path: str, body: bytes | None = None, *, missing: bool = False) -> Answer:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key := self.connection.credentials.get("authorization"):
            headers["Authorization"] = key
        url = f"{self.connection.base}/c/bank/{self.connection.options.get('bank', '')}{path}"
        answer = request(method, url, headers=headers, body=body, limits=_LIMITS, accept=(200, 201, 404))
        if answer.status == 404 and not missing:
            raise BadStatus(404, _("There is no such bank at the other side (404)."))
        return answer
