"""Translations are compiled when they are newer than what was made from them, and only then."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

from casework.runtime.catalogues import compile_catalogue, stale_catalogues

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "one kite"
msgid_plural "%(n)d kites"
msgstr[0] "ein Drachen"
msgstr[1] "%(n)d Drachen"

#, fuzzy
msgid "a guess"
msgstr "geraten"
"""


def source(tmp_path: Path, locale: str = "ar_XB") -> Path:
    path = tmp_path / locale / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(PO)
    return path


def test_a_compiled_catalogue_translates_even_for_a_locale_nobody_speaks(tmp_path: Path) -> None:
    compile_catalogue(source(tmp_path))
    spoken = gettext.translation("django", tmp_path, ["ar_XB"])
    assert spoken.ngettext("one kite", "%(n)d kites", 3) == "%(n)d Drachen"
    assert spoken.gettext("a guess") == "a guess"


def test_only_a_changed_catalogue_is_stale(tmp_path: Path) -> None:
    path = source(tmp_path)
    assert stale_catalogues(tmp_path) == [path]
    compile_catalogue(path)
    assert stale_catalogues(tmp_path) == []
    later = path.with_suffix(".mo").stat().st_mtime + 5
    os.utime(path, (later, later))
    assert stale_catalogues(tmp_path) == [path]


def test_compiling_leaves_nothing_else_behind(tmp_path: Path) -> None:
    path = source(tmp_path)
    compile_catalogue(path)
    assert {file.name for file in path.parent.iterdir()} == {"django.po", "django.mo"}
