"""StopNCII.org's API as domain.md 5.1 describes it."""

from __future__ import annotations

import json
import re
from typing import Any

from .validating import Asked, Breach, Told, ValidatingServer, need

FETCH, SUBMIT, FEEDBACK = "fetch-key", "submit-key", "feedback-key"
SUBSCRIPTION = "subscription-key"
KEYS = {"subscription_key": SUBSCRIPTION, "fetch_key": FETCH, "submit_key": SUBMIT, "feedback_key": FEEDBACK}
_FEEDBACK = {
    "Unknown", "None", "QualityUnknown", "PendingReview", "Blocked", "NotBlocked", "Withdrawn", "Deleted",
}  # fmt: skip
_LENGTH = {"ImagePDQ": 64, "VideoMD5": 32}


class StopNCIIServer(ValidatingServer):
    """``records`` are hashes with the time of their last change; a submission with the same type and value replaces."""

    def __init__(self, *, page_size: int | None = None) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.feedback: dict[str, dict[str, Any]] = {}
        self.clock = 1000
        #: The server may give fewer than were asked for.
        self.page_size = page_size
        self.token_is_good = True

    def put(self, value: str, *, kind: str = "ImagePDQ", status: str = "Active", **more: Any) -> None:
        """A record now; replaces the earlier one."""
        self.clock += 10
        self.records = [old for old in self.records if (old["signalType"], old["hashValue"]) != (kind, value)]
        record = {
            "lastModtimestamp": self.clock, "signalType": kind, "hashValue": value, "hashStatus": status,
            "caseNumbers": {"1234": status}, "CSPFeedbacks": [],
        }  # fmt: skip
        self.records.append(record | more)

    def answer(self, asked: Asked) -> Told:
        known = {
            ("GET", "/v1/FetchHashes"): (self._fetch, FETCH),
            ("POST", "/v1/SubmitHashes"): (self._submit, SUBMIT),
            ("POST", "/v1/SubmitFeedback"): (self._hear, FEEDBACK),
        }
        if (asked.method, asked.path) not in known:
            return Told(status=404)
        serve, key = known[asked.method, asked.path]
        if (
            asked.headers.get("x-functions-key") != key
            or asked.headers.get("ocp-apim-subscription-key") != SUBSCRIPTION
        ):
            return Told(status=401)
        return serve(asked)

    def _fetch(self, asked: Asked) -> Told:
        need(set(asked.query) <= {"startTimestamp", "pageSize", "nextPageToken"}, "a parameter is not known")
        need(re.fullmatch(r"\d+", asked.query.get("startTimestamp", "")), "startTimestamp is no number")
        need(re.fullmatch(r"\d+", asked.query.get("pageSize", "")), "pageSize is no number")
        since, size = int(asked.query["startTimestamp"]), int(asked.query["pageSize"])
        need(since >= 10, "startTimestamp is below 10")
        need(0 < size <= 1000, "pageSize is out of range")
        size = min(size, self.page_size or size)
        begin = self._position(asked.query.get("nextPageToken"), since)
        changed = sorted(
            (r for r in self.records if r["lastModtimestamp"] >= since), key=lambda r: r["lastModtimestamp"]
        )
        page = changed[begin : begin + size]
        more = begin + size < len(changed)
        return Told(
            json.dumps(
                {
                    "count": len(page),
                    "nextPageToken": f"token-{since}-{begin + size}" if more else "",
                    "nextSetTimestamp": max([since, *(r["lastModtimestamp"] for r in page)]),
                    "hasMoreRecords": more,
                    "hashRecords": page,
                }
            ).encode()
        )

    def _position(self, token: str | None, since: int) -> int:
        if token is None:
            return 0
        found = re.fullmatch(r"token-(\d+)-(\d+)", token)
        if not found or int(found[1]) != since or not self.token_is_good:
            raise Breach("nextPageToken was not given for this set")
        return int(found[2])

    def _submit(self, asked: Asked) -> Told:
        body = asked.json()
        need(set(body) == {"count", "hashRecords"}, "the body has other members")
        need(body["count"] == len(body["hashRecords"]), "count is not the number of records")
        for record in body["hashRecords"]:
            need(
                set(record) == {"lastModtimestamp", "signalType", "hashValue", "CSPFeedbacks"},
                "a record has other members",
            )
            need(record["signalType"] in _LENGTH, "signalType is not known")
            need(isinstance(record["lastModtimestamp"], int), "lastModtimestamp is no number")
            need(
                re.fullmatch(r"[0-9a-f]+", record["hashValue"])
                and len(record["hashValue"]) == _LENGTH[record["signalType"]],
                "hashValue is none",
            )
            for feedback in record["CSPFeedbacks"]:
                need(feedback["feedbackValue"] in _FEEDBACK, "feedbackValue is not known")
                need(isinstance(feedback["tags"], list), "tags is no list")
        for record in body["hashRecords"]:
            self.put(record["hashValue"], kind=record["signalType"], CSPFeedbacks=record["CSPFeedbacks"])
        return Told(b"{}")

    def _hear(self, asked: Asked) -> Told:
        body = asked.json()
        need(set(body) == {"count", "hashFeedbacks"}, "the body has other members")
        need(body["count"] == len(body["hashFeedbacks"]), "count is not the number of feedbacks")
        for feedback in body["hashFeedbacks"]:
            need(set(feedback) == {"hashValue", "feedbackValue", "tags"}, "a feedback has other members")
            need(feedback["feedbackValue"] in _FEEDBACK, "feedbackValue is not known")
            need(isinstance(feedback["tags"], list), "tags is no list")
            need(any(r["hashValue"] == feedback["hashValue"] for r in self.records), "there is no such hash")
        for feedback in body["hashFeedbacks"]:
            self.feedback[feedback["hashValue"]] = feedback
        return Told(b"{}")
