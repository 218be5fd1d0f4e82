"""``python -m detection match``: files against a list of known hashes."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from detection import index
from detection.commands import comparing, files, fingerprints, hashlist
from detection.commands.comparing import Comparison, Match, Rules
from detection.commands.files import Refusal, printable
from detection.examine import FILMS, PICTURES
from detection.sandbox import Lock

_WORDS = {
    comparing.MATCH: "MATCH",
    comparing.NO_MATCH: "no match",
    comparing.NOT_COMPARED: "NOT COMPARED",
}
_TOO_LARGE = "The file is larger than what is opened."


def main(arguments: Sequence[str]) -> int:
    """0 when every file was compared with the whole list, 1 when any could not be. Raises Refusal."""
    chosen = _parser().parse_args(arguments)
    rules = Rules(chosen.radius, chosen.quality, chosen.turns)
    known = _known(chosen.list, rules)
    complete = True
    with tempfile.TemporaryDirectory(prefix="casework-match-") as directory:
        index.build(Path(directory), ((line, one.value) for line, one in known.pdq.items()))
        stored = index.open_index(Path(directory))
        for name in chosen.files:
            told = compare(name, known, stored, rules, files.lock_of(chosen))
            complete = complete and not told.not_compared
            if chosen.json:
                print(json.dumps(as_json(told, known), allow_nan=False), flush=True)
            else:
                print("\n".join(as_rows(told)), end="\n\n", flush=True)
    return 0 if complete else 1


def compare(
    name: str, known: hashlist.HashList, stored: index.PdqIndex, rules: Rules, lock: Lock
) -> Comparison:
    """One file against the list; what goes wrong with the file is said by the Comparison.

    Raises sandbox.Unconfined and zygote.ZygoteLost, which no file is to blame for.
    """
    try:
        data, exact = files.read(name)
    except Refusal as error:
        return Comparison(name, None, (), (), dict.fromkeys(sorted(known.signals), str(error)))
    matches = list(comparing.exact_matches(exact, known))
    digested = tuple(sorted(known.signals - {"pdq"}))
    if "pdq" not in known.signals:
        return Comparison(name, exact, tuple(matches), digested, {})
    near, reason, notes = _near(data, known, stored, rules, lock)
    if reason:
        return Comparison(name, exact, tuple(matches), digested, {"pdq": reason}, notes)
    return Comparison(name, exact, (*matches, *near), ("pdq", *digested), {}, notes)


def _near(
    data: bytes | None, known: hashlist.HashList, stored: index.PdqIndex, rules: Rules, lock: Lock
) -> tuple[list[Match], str, tuple[str, ...]]:
    """As ``comparing.near_matches``, of the bytes (None: too many of them)."""
    if data is None:
        return [], _TOO_LARGE, ()
    prints = fingerprints.take(data, pictures=PICTURES, films=FILMS, lock=lock)
    if not isinstance(prints, fingerprints.Fingerprints):
        return [], prints.sentence, ()
    return comparing.near_matches(prints, known, stored, rules)


def as_json(told: Comparison, known: hashlist.HashList) -> dict[str, Any]:
    """One file as JSON: file, sha256, md5, verdict, matches, compared, not_compared, notes, list.

    Digests are null without bytes. ``verdict`` is match, no_match or not_compared; ``not_compared`` says for each
    signal of the list why it was not, also beside a match.
    """
    return {
        "file": told.file,
        "sha256": told.exact.sha256 if told.exact else None,
        "md5": told.exact.md5 if told.exact else None,
        "verdict": told.verdict,
        "matches": [_match_as_json(one) for one in told.matches],
        "compared": list(told.compared),
        "not_compared": told.not_compared,
        "notes": list(told.notes),
        "list": {"entries": known.entries, "left_out": len(known.faults)},
    }


def _match_as_json(one: Match) -> dict[str, Any]:
    return {
        "signal": one.known.signal,
        "distance": one.distance,
        "threshold": one.threshold,
        "quality": one.quality,
        "listed_quality": one.known.quality,
        "turn": one.turn,
        "at_seconds": one.at_seconds,
        "line": one.known.line,
        "value": one.known.value.hex(),
    }


def as_rows(told: Comparison) -> list[str]:
    """One file for people, as rows of text."""
    rows = [f"{printable(told.file)}: {_WORDS[told.verdict]}"]
    rows += [f"  {_in_words(one)}" for one in told.matches]
    rows += [f"  {signal} not compared: {printable(reason)}" for signal, reason in told.not_compared.items()]
    return rows + [f"  {printable(note)}" for note in told.notes]


def _in_words(one: Match) -> str:
    if one.quality is None:
        return f"{one.known.signal}: identical, line {one.known.line} of the list"
    listed = "not stated" if one.known.quality is None else str(one.known.quality)
    turned = "" if one.turn in (None, "original") else f", the picture {str(one.turn).replace('_', ' by ')}"
    at = "" if one.at_seconds is None else f", the frame at {one.at_seconds:.1f} s"
    return (
        f"{one.known.signal}: distance {one.distance} (threshold {one.threshold}), quality {one.quality} "
        f"(listed: {listed}), line {one.known.line} of the list{turned}{at}"
    )


def _known(path: Path, rules: Rules) -> hashlist.HashList:
    """The list; what it holds that is not compared is named on standard error. Raises Refusal."""
    try:
        with path.open("rb") as stream:
            known = hashlist.read_list(_lines(stream), least_quality=rules.quality)
    except OSError as error:
        raise Refusal(f"The list {path} cannot be read: {error.strerror}.") from None
    except hashlist.NoList as error:
        raise Refusal(f"{path} is no list of hashes: {error}.") from None
    for fault in known.faults:
        print(printable(f"{path} line {fault.line} is not compared: {fault.reason}."), file=sys.stderr)
    if not known.entries:
        raise Refusal(f"{path} holds no hash that can be compared.")
    return known


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long its beginning, so that it is not held in memory."""
    while line := stream.readline(hashlist.MOST_LINE + 1):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(hashlist.MOST_LINE)
        yield line


def _radius(text: str) -> int:
    number = _whole(text)
    if number > index.MAX_RADIUS:
        raise argparse.ArgumentTypeError(str(index.RadiusTooLarge(number, index.MAX_RADIUS)))
    return number


def _percent(text: str) -> int:
    number = _whole(text)
    if number > 100:
        raise argparse.ArgumentTypeError(f"a quality is a whole number from 0 to 100, not {number}")
    return number


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError(f"{printable(text[:40])!r} is not a whole number from 0 on")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m detection match",
        description="Compare files with a list of known hashes: SHA-256 and MD5 of the file, PDQ of the picture or of "
        "a film's frames. Says what matched, at which distance and where in the list, and tells 'no match' from what "
        "could not be compared. Of an animation the first frame is compared.",
        epilog="Exit code: 0 when every file was compared with every good line, whether it matched or not; 1 when a "
        "file could not be read, could not be opened, or has too little detail for PDQ; 2 for wrong use. Lines of the "
        "list that are not compared are named on standard error.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument(
        "--list", type=Path, required=True, metavar="HASHES.csv",
        help="the known hashes: a header with signal,value and if known quality, then one hash a line; signal is pdq, "
        "sha256 or md5, value is hexadecimal. Where there is a column status, only active ones count",
    )  # fmt: skip
    parser.add_argument(
        "--radius", type=_radius, default=index.MAX_RADIUS, metavar="BITS",
        help=f"PDQ hashes that differ in so many of 256 bits match (default and most: {index.MAX_RADIUS}, up to where "
        "every match is found)",
    )  # fmt: skip
    parser.add_argument(
        "--quality", type=_percent, default=50, metavar="N",
        help="PDQ hashes of a lower quality, of the files and of the list, are not compared (default: 50)",
    )  # fmt: skip
    parser.add_argument(
        "--turns", action="store_true", help="compare pictures also turned and mirrored, in all eight ways"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on a line for each file")
    files.add_sandbox_option(parser)
    return parser
