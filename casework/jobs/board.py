"""One page of memory that a steward shares with the cluster it forks: no lock and no database.

Workers tell that something moved; the steward tells that nothing new is to be begun. A lock would be the very
thing that a killed process leaves behind, so there is none: a lost beat means that two beats look like one.
"""

from __future__ import annotations

import mmap
import struct

_PAGE = mmap.mmap(-1, mmap.PAGESIZE)  # anonymous and shared: children see it after a fork
_BEATS = struct.Struct("=Q")
_CLOSING_AT = _BEATS.size


def beat() -> None:
    """A job was claimed, or left our hands."""
    _BEATS.pack_into(_PAGE, 0, (beats() + 1) & 0xFFFFFFFFFFFFFFFF)


def beats() -> int:
    """A number that changes with each beat."""
    count: int = _BEATS.unpack_from(_PAGE, 0)[0]
    return count


def close_doors(closed: bool = True) -> None:
    """From now on no worker of this steward claims anything."""
    _PAGE[_CLOSING_AT] = int(closed)


def doors_are_closed() -> bool:
    """Whether what still arrives is to be left to somebody else."""
    return bool(_PAGE[_CLOSING_AT])
