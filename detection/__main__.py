"""``python -m detection FILE...``: examine files and print what was found, for people or as JSON lines.

``match``, ``mark`` and ``trace`` as first argument are commands of their own (``detection.commands``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from detection import assessment, commands, digests, examine, pdq, providers, sandbox, wire, zygote
from detection.commands.files import printable
from detection.findings import Examination, Failure, Film, Hash, Signal, Status
from detection.limits import DEFAULT, Limits
from detection.models import Shelf, open_shelf
from detection.trust import NOBODY, BadTrustList, Trust, read_trust

MODELS = Path(__file__).resolve().parents[1] / "var" / "models"
_CHUNK = 1 << 20

_MARKS = {
    Status.FOUND: "found",
    Status.NOT_FOUND: "not found",
    Status.NOT_APPLICABLE: "not applicable",
    Status.FAILED: "FAILED",
    Status.NOT_CHECKED: "NOT CHECKED",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What is said about one file. ``examination`` is None when there were no bytes to examine."""

    file: str
    examination: Examination | None
    errors: tuple[Failure, ...]

    @property
    def was_examined(self) -> bool:
        """Whether the file was read and opened."""
        return self.examination is not None and self.examination.media is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every file was examined, 1 when any could not be read or opened, 2 for a wrong command line."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in commands.NAMES:
        return commands.run(given[0], given[1:])
    chosen = _parser().parse_args(given)
    try:
        models = open_shelf(chosen.models, cards=chosen.cards, providers=chosen.provider or (providers.CPU,))
    except providers.ProviderMissing as error:
        print(error, file=sys.stderr)
        return 2
    for refusal in models.refused:
        print(f"A model card is not used: {refusal}", file=sys.stderr)
    try:
        trust = read_trust(chosen.trust)
    except BadTrustList as error:
        print(error, file=sys.stderr)
        return 2
    lock = sandbox.Lock.WEAK if chosen.weak_sandbox else sandbox.Lock.FULL
    complete = True
    for name in chosen.files:
        try:
            line = read_file(name, models, lock, trust=trust)
        except sandbox.Unconfined as error:
            print(f"Nothing was opened: {error}. See --weak-sandbox.", file=sys.stderr)
            return 1
        except zygote.ZygoteLost as error:
            print(f"{name} was not opened: {error}.", file=sys.stderr)
            return 1
        complete = complete and line.was_examined
        if chosen.json:
            print(json.dumps(as_json(line, show_prompts=chosen.show_prompts), allow_nan=False), flush=True)
        else:
            print("\n".join(as_table(line, show_prompts=chosen.show_prompts)), end="\n\n", flush=True)
    return 0 if complete else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m detection",
        description="Examine pictures and films: digests, perceptual hashes, provenance, metadata, invisible "
        "watermarks, forensics, what models say, and one assessment of it all.",
        epilog="Further commands, each with its own --help: match (files against a list of known hashes), mark (put "
        "an invisible mark into a picture), trace (read it in a leaked copy). A file of such a name is ./match.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object on a line for each file")
    parser.add_argument(
        "--models",
        type=Path,
        default=MODELS,
        metavar="DIR",
        help="where the models are (default: var/models)",
    )
    parser.add_argument(
        "--cards",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="cards of further models (docs/models.md); may be given more than once",
    )
    parser.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="NAME",
        help="on what models run, by the names of onnxruntime (default: CPUExecutionProvider)",
    )
    parser.add_argument(
        "--trust",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a trust list: PEM certificates that signers of Content Credentials may chain to; may be given more "
        "than once",
    )
    parser.add_argument(
        "--show-prompts",
        action="store_true",
        help="also print prompts, names and serial numbers from the file",
    )
    parser.add_argument(
        "--weak-sandbox", action="store_true", help="go on where the kernel refuses a system-call filter"
    )
    return parser


def read_file(
    name: str, models: Shelf, lock: sandbox.Lock, limits: Limits = DEFAULT, *, trust: Trust = NOBODY
) -> Line:
    """Examine one file; whatever goes wrong with it becomes an error of its line.

    Raises sandbox.Unconfined and zygote.ZygoteLost, which no file is to blame for.
    """
    try:
        with Path(name).open("rb") as stream:
            data = stream.read(limits.max_bytes + 1)
            if len(data) > limits.max_bytes:
                return _too_large(name, data, stream)
    except OSError as error:
        return Line(name, None, (Failure("unreadable", f"The file cannot be read: {error.strerror}."),))
    outcome = examine.examine_in_child(data, models=models, limits=limits, lock=lock, trust=trust)
    if isinstance(outcome, sandbox.ChildDied):
        exact = digests.of_bytes(data)
        return _unexamined(name, exact, Failure("ended_the_reader", outcome.sentence, quarantine=True))
    return Line(name, outcome, outcome.errors)


def _too_large(name: str, start: bytes, stream: BinaryIO) -> Line:
    exact = digests.of_chunks(chain([start], iter(partial(stream.read, _CHUNK), b"")))
    return _unexamined(name, exact, Failure("too_large", "The file is larger than what is opened.", True))


def _unexamined(name: str, exact: digests.Digests, failure: Failure) -> Line:
    empty = Examination(exact.sha256, exact.md5, exact.size, None, (), (), (failure,))
    return Line(name, empty, (failure,))


def as_json(line: Line, *, show_prompts: bool) -> dict[str, Any]:
    """The line as JSON: file, sha256, md5, media, hashes, turns, signals, film, assessment, errors.

    Digests are null without bytes. The turns are the PDQ hashes of the picture turned and mirrored, by name; the film
    has no pictures. The assessment knows this file alone: no other case and no bank was asked.
    """
    found = line.examination
    return {
        "file": line.file,
        "sha256": found.sha256 if found else None,
        "md5": found.md5 if found else None,
        "media": wire.media_to_wire(found.media) if found and found.media else None,
        "hashes": [wire.hash_to_wire(one) for one in found.hashes] if found else [],
        "turns": _turns_as_json(found.turns) if found else {},
        "signals": [_signal_as_json(one, show_prompts) for one in found.signals] if found else [],
        "film": _film_as_json(found.film) if found and found.film else None,
        "assessment": _assessment(found).as_dict() if found else None,
        "errors": [wire.failure_to_wire(one) for one in line.errors],
    }


def _assessment(found: Examination) -> assessment.Assessment:
    return assessment.assess(assessment.facts_of(one) for one in found.signals)


def _turns_as_json(turns: Sequence[Hash]) -> dict[str, str]:
    return {name: one.value for name, one in zip(pdq.DIHEDRAL, turns, strict=False)}


def _film_as_json(film: Film) -> dict[str, Any]:
    document = wire.film_to_wire(film, [])
    pictures = ("preview", "rendition")
    document["frames"] = [
        {name: value for name, value in frame.items() if name not in pictures} for frame in document["frames"]
    ]
    return document


def _signal_as_json(signal: Signal, show_prompts: bool) -> dict[str, Any]:
    document = wire.signal_to_wire(signal)
    if not show_prompts:
        document["sensitive"] = {"hidden": True} if signal.sensitive else {}
    return document


def as_table(line: Line, *, show_prompts: bool) -> list[str]:
    """The line for people, as rows of text. Control characters of names and texts are not printed."""
    rows = [printable(line.file)]
    found = line.examination
    if found is not None:
        rows += [_row("SHA-256", found.sha256), _row("MD5", found.md5)]
        if found.media is not None:
            media = found.media
            frames = f", {media.frames} frames" if media.frames > 1 else ""
            rows.append(
                _row(
                    "picture" if found.film is None else "frames",
                    f"{media.format}, {media.width} x {media.height}{frames}",
                )
            )
        for one in found.hashes:
            quality = "" if one.quality is None else f" (quality {one.quality})"
            rows.append(_row(one.algorithm, f"{one.value}{quality}"))
        if found.film is not None:
            rows.append(_row("film", _film_in_words(found.film)))
        for signal in found.signals:
            rows += _signal_rows(signal, show_prompts)
        rows += [_row("assessment", sentence) for sentence in assessment.explain(_assessment(found))]
    return rows + [_row("problem", f"{one.sentence} [{one.code}]") for one in line.errors]


def _film_in_words(film: Film) -> str:
    duration = "of unknown length" if film.duration is None else f"{film.duration:.1f} s"
    sound = "with sound" if film.has_sound else "without sound"
    times = ", ".join(f"{frame.at_seconds:.1f}" for frame in film.frames)
    return f"{film.container}, {film.codec}, {duration}, {sound}; looked at after {times} s"


def _signal_rows(signal: Signal, show_prompts: bool) -> list[str]:
    reason = f" ({signal.reason})" if signal.reason else ""
    rows = [_row(signal.name, f"{_MARKS[signal.status]:<14} {signal.sentence}{reason}")]
    if signal.sensitive:
        shown = (
            json.dumps(dict(signal.sensitive), ensure_ascii=False)
            if show_prompts
            else "hidden (--show-prompts)"
        )
        rows.append(_row("", f"{'':<14} sensitive: {shown}"))
    return rows


def _row(label: str, text: str) -> str:
    return f"  {label:<20} {printable(text)}"


if __name__ == "__main__":
    sys.exit(main())
