"""The whole corpus. `python -m tests.corpus.hostile DIRECTORY` writes it as files; nothing of it is
ever committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.corpus import animations, damaged, films, jpeg_bombs, oddities, png_bombs
from tests.corpus.pictures import Hostile

ROWS: list[Hostile] = [
    *damaged.ROWS,
    *png_bombs.ROWS,
    *jpeg_bombs.ROWS,
    *animations.ROWS,
    *oddities.ROWS,
    *films.ROWS,
]


def write_all(directory: Path) -> list[Path]:
    """Every file of the corpus in a directory, named by row and name."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for row in ROWS:
        path = directory / row.id
        path.write_bytes(row.make())
        paths.append(path)
    return paths


if __name__ == "__main__":
    print(len(write_all(Path(sys.argv[1]))), "files")
