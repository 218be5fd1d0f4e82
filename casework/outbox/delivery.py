"""Handing one message over: to its endpoint, signed and within limits, or to the mail server. What came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .errors import BadStatus, OutboundError
from .http import Limits, request
from .mail import send_mail
from .models import Endpoint, Message
from .signing import headers_for

TEST = "outbox.test"
#: Codes of what went wrong that the outbox itself knows.
GONE, OFF, UNAGREED = "status_410", "off", "unagreed"
#: A receiver that takes longer is tried again; the answer holds results and little else.
LIMITS = Limits(seconds=20.0, connect_seconds=5.0, read_seconds=15.0, size=64 * 1024)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. *code* is empty for a delivery; *answer* is what was said in it, as bytes.

    *hopeless*: trying again can't help, a person has to do something.
    """

    seconds: float
    status: int | None = None
    code: str = ""
    sentence: str = ""
    answer: bytes = b""
    retry_after: float | None = None
    hopeless: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return not self.code


def hand_over(message: Message) -> Outcome:
    """Send *message* once. Never raises for what the network or the receiver does."""
    began = time.monotonic()
    if message.form == Message.Form.MAIL:
        said = send_mail(message.mail_to, message.body)
        return Outcome(
            time.monotonic() - began,
            said.status,
            said.code,
            said.sentence,
            said.answer,
            hopeless=said.hopeless,
        )
    assert message.endpoint_id is not None  # a CHECK: only mail has none
    endpoint = Endpoint.objects.get(pk=message.endpoint_id)
    if not (endpoint.enabled or message.kind == TEST):
        return Outcome(0.0, code=OFF, sentence=_("The endpoint is switched off. Nothing was sent."))
    if endpoint.waits:
        said_no = _(
            "Its address or secret was changed, and nobody else has agreed to that. Nothing was sent."
        )
        return Outcome(0.0, code=UNAGREED, sentence=said_no)
    body = message.body.encode()
    try:
        answer = request(
            "POST", endpoint.url, headers={"Content-Type": "application/json", **_proof(message, endpoint, body)},
            body=body, limits=LIMITS, accept=range(200, 300), nets=endpoint.private_nets,
        )  # fmt: skip
    except BadStatus as error:
        return Outcome(
            time.monotonic() - began, error.status, error.code, error.sentence,
            retry_after=error.retry_after, hopeless=error.code == GONE,
        )  # fmt: skip
    except OutboundError as error:
        return Outcome(time.monotonic() - began, None, error.code, error.sentence)
    return Outcome(
        time.monotonic() - began, answer.status, sentence=_("The receiver took it."), answer=answer.body
    )


def _proof(message: Message, endpoint: Endpoint, body: bytes) -> Mapping[str, str]:
    """The headers by which the receiver knows who sends and that it is the same message again."""
    if message.form == Message.Form.WEBHOOK:
        return headers_for(str(message.public_id), body, endpoint.good_secrets())
    key = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    return {"Idempotency-Key": str(message.public_id), **key}
