"""``python -m detection trace``: which of the marks that were given out a leaked copy carries."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from detection import watermark
from detection.commands import files
from detection.commands.files import printable
from detection.registration import MOST_GUESSES

NAMED, UNLISTED, SAME_PICTURE, NO_MARK = "named", "unlisted", "same_picture", "no_mark"

_CODE_TRIES = 2 * MOST_GUESSES + 4
"""Times the error correction is asked at most: at each placement, of the whole copy on two grids; both mirrored too."""

BY_CODE = _CODE_TRIES * 2.0**-63
"""Chance of a number that nobody put in: 2**-63 at each time (``markcode``)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a leaked copy says. ``mark_id`` is an issued mark (named) or one of this key that is not on the list
    (unlisted); ``chance`` bounds how likely such an answer is by accident; ``with_picture`` says whether the rendition
    was needed. ``similarity`` and ``shown`` are those of ``watermark.Reading``.
    """

    verdict: str
    mark_id: int | None
    chance: float
    with_picture: bool
    score: float
    similarity: float
    shown: float
    mirrored: bool


def main(arguments: Sequence[str]) -> int:
    """0 when the copy was read, whatever it says. Raises Refusal."""
    chosen = _parser().parse_args(arguments)
    key, issued = files.read_key(chosen.key), files.read_ids(chosen.issued)
    lock = files.lock_of(chosen)
    rendition = files.open_picture(chosen.rendition, lock)
    leaked = files.open_picture(chosen.leaked, lock)
    answer = read(leaked, rendition, issued, key)
    if chosen.json:
        print(json.dumps(as_json(chosen.leaked, answer, len(issued)), allow_nan=False))
    else:
        print("\n".join(printable(row) for row in as_rows(chosen.leaked, answer, len(issued))))
    return 0


def read(leaked: Image.Image, rendition: Image.Image, issued: Sequence[int], key: bytes) -> Answer:
    """The mark of a copy: laid over the picture it was made from, and if that names none, read by itself."""
    reading = watermark.recognise(leaked, rendition, issued, key=key)
    if reading.mark_id is not None:
        return _answer(NAMED, reading, reading.mark_id, reading.chance)
    if reading.unlisted is not None:
        return _answer(UNLISTED, reading, reading.unlisted, BY_CODE)
    for turned in (leaked, leaked.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
        value = watermark.read_whole(turned, key=key)
        if value is not None:
            verdict = NAMED if value in issued else UNLISTED
            return _answer(verdict, reading, value, BY_CODE, with_picture=False)
    return _answer(SAME_PICTURE if reading.same_picture else NO_MARK, reading, None, 1.0)


def _answer(
    verdict: str, reading: watermark.Reading, value: int | None, chance: float, *, with_picture: bool = True
) -> Answer:
    return Answer(
        verdict, value, chance, with_picture, reading.score, reading.similarity, reading.shown, reading.mirrored
    )  # fmt: skip


def as_json(name: str, answer: Answer, compared: int) -> dict[str, Any]:
    """The answer as JSON: file, verdict, id, confidence, chance, bound, and what it was read from.

    ``confidence`` is one less ``chance``, and null where no mark was read; ``bound`` is how often a copy without a mark
    may name anyone.
    """
    return {
        "file": name,
        "verdict": answer.verdict,
        "id": answer.mark_id,
        "confidence": None if answer.mark_id is None else 1.0 - answer.chance,
        "chance": None if answer.mark_id is None else answer.chance,
        "bound": watermark.CHANCE,
        "compared": compared,
        "with_picture": answer.with_picture,
        "score": answer.score,
        "similarity": answer.similarity,
        "shown": answer.shown,
        "mirrored": answer.mirrored,
    }


def as_rows(name: str, answer: Answer, compared: int) -> list[str]:
    """The answer for people, as rows of text."""
    bound = (
        f"  Of copies without a mark at most 1 in {round(1 / watermark.CHANCE):,} names anyone "
        f"({compared} issued ids compared)."
    )
    if answer.mark_id is None:
        words = {
            SAME_PICTURE: "the same picture, no mark readable",
            NO_MARK: "no mark: neither a mark nor the picture was found in it",
        }
        return [f"{name}: {words[answer.verdict]}", bound]
    said = "mark" if answer.verdict == NAMED else "a mark of this key that is not among the issued ones,"
    how = (
        f"laid over the picture, of which it shows {answer.shown:.0%}"
        if answer.with_picture
        else "read without the picture: the rendition given is not the one it was made from, or does not fit"
    )
    mirrored = ", mirrored" if answer.mirrored else ""
    return [
        f"{name}: {said} {answer.mark_id}",
        f"  confidence {_confidence(answer.chance)}: by accident at most {answer.chance:.1e} ({how}{mirrored})",
        bound,
    ]


def _confidence(chance: float) -> str:
    """In percent, rounded down: nothing is ever quite certain."""
    return f"{(1 - chance) * 100:.4f} %" if chance > 1e-6 else "above 99.9999 %"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m detection trace",
        description="Say which of the issued marks a leaked copy of a picture carries: it may have been cropped, "
        "scaled, framed, mirrored or saved again. Without a mark it says 'no mark', or 'the same picture, no mark "
        f"readable'. A copy without a mark names anyone in at most 1 of {round(1 / watermark.CHANCE):,} cases, over "
        "all the ids compared. Of a film take a frame first.",
        epilog="Exit code: 0 when the copy was read, whatever it says; 1 when it or the rendition could not be opened; "
        "2 for wrong use.",
    )
    parser.add_argument("leaked", metavar="LEAKED")
    files.add_key_option(parser)
    parser.add_argument(
        "--rendition",
        required=True,
        metavar="R.jpg",
        help="the picture without a mark: what was given to mark",
    )
    parser.add_argument(
        "--issued", type=Path, required=True, metavar="IDS.txt",
        help="the ids that were put into it, one a line, decimal or after 0x; # begins a remark; at most "
        f"{files.MOST_IDS}",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    files.add_sandbox_option(parser)
    return parser
