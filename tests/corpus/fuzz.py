"""Mutate benign and hostile pictures and open them in the sandbox, for a while: `python -m
tests.corpus.fuzz --seconds 60`.

Every case is repeatable: `--seed N --only K` runs case K again and keeps its file in the temporary
directory. Exit code 1 when a child died, took more than five seconds, or raised what `opening` does not
know.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.corpus import hostile, looking
from tests.corpus.pictures import FORMATS, benign, picture, saved

SLOW_SECONDS = 5.0
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
    """Outcome of one file, and what is wrong with that; empty when nothing is."""
    word, code, outcome, _ = looking.examined(data)
    if word == "died":
        return word, f"the child died: {code}"
    if outcome.usage.wall_seconds > SLOW_SECONDS:
        return word, f"took {outcome.usage.wall_seconds:.1f} s"
    return word, "an unknown exception" if code == "unexpected" else ""


def campaign(seed: int, seconds: float, first: int = 0) -> tuple[Counter[str], list[str]]:
    """Run cases until the time is over; gives how often each outcome came, and the complaints."""
    files = seeds()
    looking.warm_up()
    counts: Counter[str] = Counter()
    complaints = []
    stop_at = time.monotonic() + seconds
    while time.monotonic() < stop_at:
        number = first + counts.total()
        data = mutant(files, seed, number)
        word, wrong = complaint(data)
        counts[word] += 1
        if wrong:
            complaints.append(f"seed {seed} case {number} ({len(data)} bytes): {wrong}")
    return counts, complaints


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run this one case and keep its file")
    chosen = parser.parse_args()
    if chosen.only is not None:
        data = mutant(seeds(), chosen.seed, chosen.only)
        path = Path(tempfile.mkdtemp()) / f"mutant-{chosen.seed}-{chosen.only}"
        path.write_bytes(data)
        looking.warm_up()
        print(path, *complaint(data))
        return 0
    counts, complaints = campaign(chosen.seed, chosen.seconds)
    print(f"{counts.total()} files: {dict(counts)}; {len(complaints)} complaints")
    print(*complaints, sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
