"""Handing one message to its endpoint: signed, within limits, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .errors import BadStatus, OutboundError
from .http import Limits, request
from .models import Endpoint, Message
from .signing import headers_for

TEST = "outbox.test"
#: Codes of what went wrong that the outbox itself knows.
GONE, OFF = "status_410", "off"
#: A receiver that takes longer is tried again; the answer holds results and little else.
LIMITS = Limits(seconds=20.0, connect_seconds=5.0, read_seconds=15.0, size=64 * 1024)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. *code* is empty for a delivery; *answer* is what was said in it, as bytes."""

    seconds: float
    status: int | None = None
    code: str = ""
    sentence: str = ""
    answer: bytes = b""
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return not self.code


def hand_over(message: Message) -> Outcome:
    """Send *message* to its endpoint once. Never raises for what the network or the receiver does."""
    endpoint = Endpoint.objects.get(pk=message.endpoint_id)
    if not (endpoint.enabled or message.kind == TEST):
        return Outcome(0.0, code=OFF, sentence=_("The endpoint is switched off. Nothing was sent."))
    body = message.body.encode()
    headers = headers_for(str(message.public_id), body, endpoint.good_secrets())
    began = time.monotonic()
    try:
        answer = request(
            "POST", endpoint.url, headers={"Content-Type": "application/json", **headers}, body=body,
            limits=LIMITS, accept=range(200, 300), nets=endpoint.private_nets,
        )  # fmt: skip
    except BadStatus as error:
        return Outcome(
            time.monotonic() - began, error.status, error.code, error.sentence, retry_after=error.retry_after
        )
    except OutboundError as error:
        return Outcome(time.monotonic() - began, None, error.code, error.sentence)
    return Outcome(
        time.monotonic() - began, answer.status, sentence=_("The receiver took it."), answer=answer.body
    )
