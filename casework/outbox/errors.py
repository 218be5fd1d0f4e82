"""What can go wrong on the way out. Each error has a code for programs and a sentence for people.

Sentences name the host and never the whole address, whose query may hold a key.
"""

from __future__ import annotations


class OutboundError(Exception):
    """A request that led to nothing. *code* is for programs, *sentence* is shown to people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Refused(OutboundError):
    """We do not send this: the address is not allowed, or the server wants to send us elsewhere."""


class Unreachable(OutboundError):
    """Nobody answered, or whoever answered could not prove who they are, or what came was no HTTP."""


class TooSlow(OutboundError):
    """The whole exchange took longer than it may."""


class TooLarge(OutboundError):
    """The answer, unpacked, holds more than it may."""


class BadStatus(OutboundError):
    """The server answered that it did not do it. *retry_after*: seconds it asked us to wait, if it did."""

    def __init__(self, status: int, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"status_{status}", sentence)
        self.status = status
        self.retry_after = retry_after
