"""What the corpus and the fuzzer run in the child: everything that reads the bytes, as a worker does it."""

from __future__ import annotations

from functools import partial
from typing import Any

from detection import digests, examine, provenance, sandbox, wire
from detection.findings import Examination, Failure
from detection.limits import DEFAULT, Limits
from detection.looking import warm_up_films
from tests.corpus.pictures import DERIVED, QUARANTINE, STORE_ONLY


def look(data: bytes, limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    """Every reader a worker lets near the bytes: pixels, metadata, and Content Credentials in the same child."""
    seen = examine.look(data, digests.of_bytes(data), limits)
    media = seen.examination.media
    if media is not None:
        provenance.check(data, media.mime)
    return wire.to_wire(seen.examination)


def warm_up() -> None:
    """As the process that films are opened in: of which every picture's could be."""
    warm_up_films()


def examined(data: bytes, limits: Limits = DEFAULT) -> tuple[str, str, sandbox.Outcome, Examination | None]:
    """Outcome in the words of the corpus, failure code or cause of death, the raw outcome, and what was
    derived.
    """
    outcome = sandbox.run(partial(look, data, limits), limits)
    if isinstance(outcome, sandbox.Answer):
        examination = wire.from_wire(outcome.document, outcome.parts, limits)
        if examination.media is not None:
            return DERIVED, "", outcome, examination
        return *_closed(examination.errors[0]), outcome, None
    if isinstance(outcome, sandbox.Refused):
        return *_closed(outcome.failure), outcome, None
    return "died", outcome.cause, outcome, None


def _closed(failure: Failure) -> tuple[str, str]:
    return QUARANTINE if failure.quarantine else STORE_ONLY, failure.code
