"""Collect the texts for translators: `make messages`; with --check, fail when the collection is out of date.

Babel reads Python; Django's own `templatize` turns a template into something that Babel reads. Beside the
template of all catalogues (casework/locale/django.pot) this makes a pseudo-locale, `ar_XB`: each text is
longer, accented, in brackets, and runs from right to left, so what is not translated or does not fit shows.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "casework" / "locale"
TEMPLATE = LOCALE / "django.pot"
PSEUDO = LOCALE / "ar_XB" / "LC_MESSAGES" / "django.po"
KEYWORDS = DEFAULT_KEYWORDS | {
    "_now": None,  # gettext beside a lazy `_`
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "pgettext_lazy": ((1, "c"), 2),
}
ACCENTED = str.maketrans("aceinouyACEINOUY", "áçéíñóúýÁÇÉÍÑÓÚÝ")
KEPT = re.compile(r"%\([^)]*\)[-+ #0-9.]*[a-zA-Z]|%[%ds]|\{[^}]*\}|<[^>]*>|&[a-z#0-9]+;")


def main() -> int:
    """Write the catalogues, or with --check say whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when something is out of date"
    )
    check = parser.parse_args().check
    settings.configure(USE_I18N=True)
    collected = collect()
    stale = [
        path for path, text in texts(collected).items() if not path.exists() or path.read_bytes() != text
    ]
    if check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.stderr.write(
            f"Texts changed since {names} was written. Run `make messages` and commit the result.\n"
        )
        return 1
    for path in [] if check else stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(texts(collected)[path])
        sys.stdout.write(f"wrote {path.relative_to(ROOT)} ({len(collected)} texts)\n")
    return 0


def collect() -> Catalog:
    """All texts of the Python files and templates, in the order of the files' names."""
    catalogue = Catalog(project="Casework", charset="utf-8", fuzzy=False)
    for path in sorted([*ROOT.glob("casework/**/*.py"), *ROOT.glob("detection/**/*.py")]):
        add(
            catalogue,
            path,
            extract("python", io.BytesIO(path.read_bytes()), KEYWORDS, ["Translators:"]),
        )
    for path in sorted(ROOT.glob("templates/**/*.*")):
        if path.suffix in (".html", ".txt"):
            add(catalogue, path, extract_template(path))
    return catalogue


def add(catalogue: Catalog, path: Path, found: Iterable[tuple[int, object, list[str], str | None]]) -> None:
    """Enter what was ``found`` in ``path``, without line numbers, which would change with every edit."""
    for _line, message, comments, context in found:
        flags = ["python-format"] if "%(" in str(message) else []
        where = [(str(path.relative_to(ROOT)), None)]
        catalogue.add(message, None, where, flags, auto_comments=comments, context=context)  # type: ignore[arg-type]


def extract_template(path: Path) -> Iterator[tuple[int, object, list[str], str | None]]:
    """The texts of one Django template.

    Only the calls are kept of what `templatize` returns, one a line: the fillers between them are not Python.
    """
    calls = re.findall(
        r"""\b(?:_|n?p?gettext)\((?:u?"(?:[^"\\]|\\.)*"|u?'(?:[^'\\]|\\.)*'|[\s,]|\w)*\)""",
        templatize(path.read_text(), origin=str(path)),
    )
    source = "\n".join(" ".join(call.splitlines()) for call in calls)
    yield from extract("python", io.BytesIO(source.encode()), KEYWORDS, [])


def texts(collected: Catalog) -> dict[Path, bytes]:
    """What each file should contain."""
    pseudo = Catalog(charset="utf-8", fuzzy=False)
    for message in collected:
        if message.id:
            forms = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            said = tuple(pretend(text) for text in forms)
            translation = said if message.pluralizable else said[0]
            pseudo.add(message.id, translation, flags=message.flags, context=message.context)
    return {TEMPLATE: _po(collected), PSEUDO: _po(pseudo)}


def pretend(text: str) -> str:
    """``text`` as a translation into no language: accented, longer, in brackets; placeholders as they are.

    >>> pretend("Case %(number)s")
    '[Çásé %(number)s ~~~~]'
    """
    parts = KEPT.split(text)
    kept = [*KEPT.findall(text), ""]
    accented = "".join(part.translate(ACCENTED) + keep for part, keep in zip(parts, kept, strict=True))
    inner = accented.strip()
    before, after = accented[: len(accented) - len(accented.lstrip())], accented[len(accented.rstrip()) :]
    filler = "~" * (1 + len(inner) // 5)
    return f"{before}[{inner} {filler}]{after}" if inner else accented


def _po(catalogue: Catalog) -> bytes:
    """``catalogue`` as a file; the header has no dates, which would differ at every run."""
    written = io.BytesIO()
    write_po(written, catalogue, width=100, omit_header=True, include_lineno=False)
    header = (
        'msgid ""\nmsgstr ""\n"Project-Id-Version: Casework\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    )
    return header.encode() + written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
