"""Compiled translations: the `.mo` files that Django reads, made from the `.po` files in the repository.

`python -m casework.runtime.catalogues` compiles what is stale. It uses Babel as a library, because Babel's
command line knows only locales of the CLDR, and the pseudo-locale for right-to-left pages is not one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def stale_catalogues(locale: Path) -> list[Path]:
    """The ``.po`` files that are newer than what was compiled from them, or were never compiled."""
    return [
        source
        for source in sorted(locale.glob("*/LC_MESSAGES/*.po"))
        if not (made := source.with_suffix(".mo")).exists() or source.stat().st_mtime > made.stat().st_mtime
    ]


def compile_catalogue(source: Path) -> None:
    """Write the ``.mo`` file beside ``source`` by one rename, for other processes may be reading it."""
    with source.open("rb") as file:
        catalogue = read_po(file)
    with tempfile.NamedTemporaryFile(dir=source.parent, delete=False) as draft:
        write_mo(draft, catalogue)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(source.with_suffix(".mo"))


if __name__ == "__main__":
    for stale in stale_catalogues(LOCALE):
        sys.stdout.write(f"compiling {stale.relative_to(LOCALE)}\n")
        compile_catalogue(stale)
