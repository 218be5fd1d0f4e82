"""A page of a file that holds one number, changed at once for every process that maps it.

The number and its checksum share one aligned 64-bit word: the processor stores it in one piece, and a disk writes it
within one sector. So a reader, or a start after a power cut, finds the old number or the new one.
"""

from __future__ import annotations

import mmap
import os
import zlib
from pathlib import Path

import numpy as np

from detection.index.answers import IndexDamaged

SIZE = 4096
_MAGIC_BYTES = 8
_LARGEST = 2**32 - 1


class Page:
    """The first page of the file at *path*, mapped; *salt* ties the number to the file it belongs to."""

    def __init__(self, path: Path, magic: bytes, *, salt: int) -> None:
        """FileNotFoundError when there is no file, IndexDamaged when it is not one of ours."""
        self.path, self.salt = path, salt
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if os.fstat(file).st_size < SIZE:
                raise IndexDamaged(path, "is cut short")
            self._map = mmap.mmap(file, SIZE, mmap.MAP_SHARED)
        finally:
            os.close(file)
        if self._map[:_MAGIC_BYTES] != magic:
            raise IndexDamaged(path, "is of another kind or version")
        self._word = np.frombuffer(self._map, dtype=np.uint64, count=1, offset=_MAGIC_BYTES)

    def read(self) -> int:
        """The number now; IndexDamaged when its checksum does not fit."""
        word = int(self._word[0])
        number = word & _LARGEST
        if word != _sealed(number, self.salt):
            raise IndexDamaged(self.path, "has a damaged first page")
        return number

    def write(self, number: int) -> None:
        """Store *number*: other processes see it at once, and it is on disk when this returns."""
        self._word[0] = _sealed(number, self.salt)
        self._map.flush()


def first_page(magic: bytes, number: int, *, salt: int) -> bytes:
    """The bytes of a new page."""
    return (magic + _sealed(number, salt).to_bytes(8, "little")).ljust(SIZE, b"\0")


def _sealed(number: int, salt: int) -> int:
    if not 0 <= number <= _LARGEST:
        raise OverflowError(f"{number} does not fit into 32 bits")
    return number | zlib.crc32(number.to_bytes(4, "little"), salt) << 32
