"""An exact index of PDQ hashes: every hash within a Hamming radius of at most 31, and no other.

A directory of files that processes share by memory mapping:

- ``current``: one page that names the generation in force;
- ``base-N.pdq``: hashes, ids and tables of generation N; written once, never changed;
- ``journal-N.pdq``: what was added and removed since, appended record by record;
- ``writer.lock``, ``builder.lock``: held by whoever appends, and by whoever writes a new generation.

``build`` makes a generation from a list, ``PdqIndex.merge`` from the one in force and its journal. Readers keep
answering meanwhile and find the new one at their next question; so does whoever adds and removes. Rebuild in place:
a reader cannot find a directory that was deleted and made again.

The index is a copy. Whoever owns the hashes commits them first and then calls ``add`` or ``remove``; both may be
repeated, because an id that is stored twice is still one answer.
"""

from __future__ import annotations

from detection.index.answers import (
    IndexDamaged,
    IndexMissing,
    Match,
    RadiusTooLarge,
    TurnedMatch,
)
from detection.index.bands import MAX_RADIUS
from detection.index.directory import PdqIndex, build, open_index
from detection.index.hashes import Hashes

__all__ = [
    "MAX_RADIUS",
    "Hashes",
    "IndexDamaged",
    "IndexMissing",
    "Match",
    "PdqIndex",
    "RadiusTooLarge",
    "TurnedMatch",
    "build",
    "open_index",
]
