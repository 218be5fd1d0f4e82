"""Mutate benign and hostile files and give them to each parser, for a while: `python -m tests.corpus.fuzz
--seconds 60`, or one of them: `--target exif`.

"files" opens whole pictures in the sandbox, "films" whole films; the other targets are those of ``parsers``. Every
case is repeatable: `--target T --seed N --only K` runs case K again and keeps its file in the temporary directory. Exit
code 1 when a child died, something took too long, or a parser raised what it does not declare.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.corpus import hostile, looking, parsers
from tests.corpus.pictures import FORMATS, benign, picture, saved

SLOW_SECONDS = 5.0
SLOW_PARSER_SECONDS = 1.0
"""CPU time that a parser may take for one small file; honest ones take thousandths."""
LARGEST_SEED_FILE = 300_000

Mutation = Callable[[bytearray, random.Random], bytearray]


def _flip(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 4, 40))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _overwrite(data: bytearray, rng: random.Random) -> bytearray:
    at = rng.randrange(len(data))
    telling = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", rng.randbytes(4))
    data[at : at + 4] = rng.choice(telling)
    return data


def _cut(data: bytearray, rng: random.Random) -> bytearray:
    return data[: rng.randrange(1, len(data))]


def _leave_out(data: bytearray, rng: random.Random) -> bytearray:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 200)]
    return data


def _repeat(data: bytearray, rng: random.Random) -> bytearray:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 2000)]
    return data


def _spoil_start(data: bytearray, rng: random.Random) -> bytearray:
    """Headers decide most: change only the first 200 bytes."""
    for _ in range(rng.randrange(1, 8)):
        data[rng.randrange(min(200, len(data)))] = rng.randrange(256)
    return data


MUTATIONS: tuple[Mutation, ...] = (_flip, _overwrite, _cut, _leave_out, _repeat, _spoil_start)


def seeds() -> list[bytes]:
    """What mutants are made of: every format small and plain, and every corpus file that is small enough."""
    small = picture(96, 64)
    plain = [saved(small, extension) for extension in FORMATS] + [benign("jpg")]
    made = (row.make() for row in hostile.ROWS)
    return plain * 10 + [data for data in made if 16 < len(data) < LARGEST_SEED_FILE]


def mutant(files: list[bytes], seed: int, number: int) -> bytes:
    """Case ``number`` of a campaign: the same for the same seed."""
    rng = random.Random(f"{seed} {number}")
    data = bytearray(rng.choice(files))
    for _ in range(rng.randrange(1, 4)):
        if len(data) > 1:
            data = rng.choice(MUTATIONS)(data, rng)
    return bytes(data)


def complaint(data: bytes) -> tuple[str, str]:
    """Outcome of one file that is opened whole, and what is wrong with that; empty when nothing is."""
    word, code, outcome, _ = looking.examined(data)
    if word == "died":
        return word, f"the child died: {code}"
    if outcome.usage.wall_seconds > SLOW_SECONDS:
        return word, f"took {outcome.usage.wall_seconds:.1f} s"
    return word, "an unknown exception" if code == "unexpected" else ""


def parsed(target: parsers.Target, data: bytes) -> tuple[str, str]:
    """The same for one parser. What it does not declare is raised on, with the bytes' place noted by the caller."""
    began = time.process_time()
    try:
        word = target.run(data)
    except parsers.Broken as error:
        return "broken", str(error)
    took = time.process_time() - began
    return word, f"took {took:.1f} s" if took > SLOW_PARSER_SECONDS else ""


WHOLE: dict[str, Callable[[], list[bytes]]] = {"files": seeds, "films": parsers.films}
NAMES = (*WHOLE, *parsers.TARGETS)


def files_of(name: str) -> list[bytes]:
    """What the mutants of a target are made of."""
    return WHOLE[name]() if name in WHOLE else parsers.TARGETS[name].seeds()


def case(name: str, data: bytes) -> tuple[str, str]:
    """One file given to a target."""
    return complaint(data) if name in WHOLE else parsed(parsers.TARGETS[name], data)


def campaign(
    name: str, seed: int, *, seconds: float = math.inf, most: float = math.inf
) -> tuple[Counter[str], list[str]]:
    """Run cases until the time is over or there were enough; gives how often each outcome came, and the complaints."""
    files = files_of(name)
    looking.warm_up()
    counts: Counter[str] = Counter()
    complaints = []
    stop_at = time.monotonic() + seconds
    while time.monotonic() < stop_at and counts.total() < most:
        number = counts.total()
        data = mutant(files, seed, number)
        here = f"target {name} seed {seed} case {number} ({len(data)} bytes)"
        try:
            word, wrong = case(name, data)
        except Exception as error:
            error.add_note(here)
            raise
        counts[word] += 1
        if wrong:
            complaints.append(f"{here}: {wrong}")
    return counts, complaints


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--target", choices=NAMES, action="append", help="one target; may be given more than once"
    )
    parser.add_argument("--only", type=int, help="run this one case of one target and keep its file")
    chosen = parser.parse_args()
    names = chosen.target or NAMES
    if chosen.only is not None:
        data = mutant(files_of(names[0]), chosen.seed, chosen.only)
        path = Path(tempfile.mkdtemp()) / f"mutant-{chosen.seed}-{chosen.only}"
        path.write_bytes(data)
        looking.warm_up()
        print(path, *case(names[0], data))
        return 0
    complaints = []
    for name in names:
        counts, found = campaign(name, chosen.seed, seconds=chosen.seconds * _share(name, names))
        print(
            f"{name}: {counts.total()} files: {dict(counts.most_common(6))}; {len(found)} complaints",
            flush=True,
        )
        complaints += found
    print(*complaints, sep="\n")
    return 1 if complaints else 0


def _share(name: str, names: Sequence[str]) -> float:
    """A third of the time for whole files, where native decoders are; the rest evenly."""
    whole = [one for one in names if one in WHOLE]
    if not whole or len(whole) == len(names):
        return 1 / len(names)
    return 1 / 3 / len(whole) if name in WHOLE else 2 / 3 / (len(names) - len(whole))


if __name__ == "__main__":
    sys.exit(main())
