"""What the corpus and the fuzzer run in the child: everything that is made of the pixels, as a worker
makes it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from PIL import Image

from detection import digests, opening, perceptual, renditions, sandbox, wire
from detection.findings import Examination
from detection.limits import DEFAULT, Limits
from tests.corpus.pictures import DERIVED, QUARANTINE, STORE_ONLY


def look(data: bytes, limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    opened = opening.open_media(data, limits)
    image = opened.frames[0]
    renditions.prepare_planes(opened.frames, 224, 224)
    exact = digests.of_bytes(data)
    return wire.to_wire(
        Examination(
            exact.sha256,
            exact.md5,
            exact.size,
            opened.media,
            perceptual.hashes(image),
            (),
            opened.notes,
            renditions.preview(image),
            renditions.rendition(image, limits),
        )
    )


def warm_up() -> None:
    opening.warm_up()
    perceptual.hashes(Image.new("RGB", (32, 32)))


def examined(data: bytes, limits: Limits = DEFAULT) -> tuple[str, str, sandbox.Outcome, Examination | None]:
    """Outcome in the words of the corpus, failure code or cause of death, the raw outcome, and what was
    derived.
    """
    outcome = sandbox.run(partial(look, data, limits), limits)
    if isinstance(outcome, sandbox.Answer):
        return DERIVED, "", outcome, wire.from_wire(outcome.document, outcome.parts, limits)
    if isinstance(outcome, sandbox.Refused):
        word = QUARANTINE if outcome.failure.quarantine else STORE_ONLY
        return word, outcome.failure.code, outcome, None
    return "died", outcome.cause, outcome, None
