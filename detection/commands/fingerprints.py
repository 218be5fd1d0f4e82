"""The PDQ hashes of a file and nothing else: opened in a confined child, as an examination opens it.

Of an animation the first frame counts; of a film the frames that an examination samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detection import fields, looking, opening, pdq, wire
from detection.fields import Malformed
from detection.findings import Failure, Hash
from detection.limits import DEFAULT, Limits
from detection.sandbox import ChildDied, Given, Lock, Refused
from detection.zygote import Zygote

_LONGEST_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """``frames``: a hash for each frame, with its seconds from the start (None: a picture). ``turns``: of a picture
    turned and mirrored in all eight ways, as ``pdq.DIHEDRAL`` names them; none of a film. ``notes``: what was left out.
    """

    frames: tuple[tuple[float | None, Hash], ...]
    turns: tuple[Hash, ...]
    notes: tuple[Failure, ...]


def take(
    data: bytes, *, pictures: Zygote, films: Zygote, limits: Limits = DEFAULT, lock: Lock = Lock.FULL
) -> Fingerprints | Failure | ChildDied:
    """The hashes of a file. *pictures* and *films* are where the children come from.

    Failure says why it cannot be opened; ChildDied means that the child ended without an answer. Raises
    sandbox.Unconfined, and zygote.ZygoteLost when no process can be had.
    """
    readers = films if looking.may_be_film(data) else pictures
    with readers.talk(work, data, {}, limits, lock=lock) as talk:
        outcome = talk.hear()
        if isinstance(outcome, Refused):
            return outcome.failure
        if isinstance(outcome, ChildDied):
            return outcome
        try:
            return from_wire(outcome.document, limits)
        except Malformed as error:
            return ChildDied("answer", f"The reader's answer is malformed: {error}.", talk.end())


def work(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Given:
    """In the child: open the file and hash what it shows. Raises opening.Unopenable."""
    if looking.may_be_film(data):
        from detection import video  # a picture's process does without its decoders

        if video.claims(data):
            film = video.look(data, limits, ())
            frames = [
                {"at_seconds": frame.at_seconds, "hash": wire.hash_to_wire(one)}
                for frame in film.film.frames
                for one in frame.hashes
                if one.algorithm == "pdq"
            ]
            return _document(frames, (), film.notes), ()
    opened = opening.open_media(data, limits)
    turns = pdq.dihedral_hashes(opened.frames[0])
    return _document([{"at_seconds": None, "hash": wire.hash_to_wire(turns[0])}], turns, opened.notes), ()


def _document(
    frames: list[dict[str, Any]], turns: tuple[Hash, ...], notes: tuple[Failure, ...]
) -> dict[str, Any]:
    return {
        "frames": frames,
        "turns": [wire.hash_to_wire(one) for one in turns],
        "notes": [wire.failure_to_wire(one) for one in notes],
    }


def from_wire(document: Mapping[str, Any], limits: Limits = DEFAULT) -> Fingerprints:
    """What a child of ``work`` said, checked. Raises Malformed."""
    frames = tuple(_frame(one) for one in fields.listing(document, "frames", limits.max_film_frames))
    turns = tuple(_pdq(one) for one in fields.listing(document, "turns", len(pdq.DIHEDRAL)))
    is_picture = len(frames) == 1 and frames[0][0] is None
    if not frames or len(turns) != (len(pdq.DIHEDRAL) if is_picture else 0):
        raise Malformed("not the hashes of a picture or of a film")
    if not is_picture and any(at_seconds is None for at_seconds, _hash in frames):
        raise Malformed("a film's frame without its time")
    notes = tuple(wire.failure_from_wire(one) for one in fields.listing(document, "notes", wire.MOST_ERRORS))
    return Fingerprints(frames, turns, notes)


def _frame(document: Any) -> tuple[float | None, Hash]:
    at_seconds = fields.optional_number(document, "at_seconds", 0, _LONGEST_SECONDS)
    return at_seconds, _pdq(fields.get(document, "hash", (dict,)))


def _pdq(document: Any) -> Hash:
    one = wire.hash_from_wire(document)
    if one.algorithm != "pdq" or one.quality is None:
        raise Malformed("not a PDQ hash with its quality")
    return one
