"""The facts sheet as one HTML file: no script, nothing loaded from anywhere, every fact escaped."""

from __future__ import annotations

from html import escape

from .sheet import Section, Sheet

#: The file is opened from a disk, so what it may do stands in it.
_HEAD = (
    '<meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    '<meta name="referrer" content="no-referrer">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
)
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #999;padding:.3rem .5rem;text-align:start;vertical-align:top;overflow-wrap:anywhere;"
    "white-space:pre-line}"
    ".label{font-weight:bold;border:2px solid #111;padding:.2rem .6rem;display:inline-block}"
)


def page(sheet: Sheet, language: str) -> bytes:
    """The whole page in UTF-8; *language* is its BCP 47 tag."""
    body = "".join(_section(section) for section in sheet.sections)
    title = escape(sheet.title)
    return (
        f'<!doctype html>\n<html lang="{escape(language)}" dir="auto">\n<head>\n{_HEAD}<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<p class="label">{escape(sheet.label)}</p>\n<h1>{title}</h1>\n{body}</body>\n</html>\n'
    ).encode()


def _section(section: Section) -> str:
    words = "".join(f'<p dir="auto">{escape(text)}</p>\n' for text in section.paragraphs)
    return f"<h2>{escape(section.heading)}</h2>\n{words}{_table(section)}"


def _table(section: Section) -> str:
    if not section.rows:
        return ""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in section.head)
    rows = "".join(_row(row, named=not section.head) for row in section.rows)
    return (
        f"<table>\n{f'<thead><tr>{head}</tr></thead>' if head else ''}\n<tbody>\n{rows}</tbody>\n</table>\n"
    )


def _row(row: tuple[str, ...], *, named: bool) -> str:
    """A table without a head names what a row is about in its first cell."""
    first = f'<th scope="row">{escape(row[0])}</th>' if named else f'<td dir="auto">{escape(row[0])}</td>'
    rest = "".join(f'<td dir="auto">{escape(cell)}</td>' for cell in row[1:])
    return f"<tr>{first}{rest}</tr>\n"
