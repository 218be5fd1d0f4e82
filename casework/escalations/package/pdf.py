"""The facts sheet as a PDF, the same bytes for the same facts.

Drawn in Noto Sans (SIL Open Font License), of which the glyphs that are used are embedded. What that font can't draw,
and scripts that need shaping or run from right to left, are not drawn as boxes: their code points stand in their place,
and the page says that ``facts.html`` holds the text itself.
"""

from __future__ import annotations

import io
import re
import unicodedata
from functools import lru_cache
from html import escape
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _
from pymupdf_fonts import NotoSans_Bold, NotoSans_Regular
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from .sheet import Section, Sheet

REGULAR, BOLD = "NotoSans", "NotoSans-Bold"
MARGIN = 18 * mm
_HEADING = 12
#: Code points up to here that Noto Sans has need no shaping: Latin, Greek, Cyrillic, punctuation, symbols.
_PLAIN = re.compile(r"[\u0020-\u007e\u00a0-\u052f\u1e00-\u218f\u2190-\u22ff\u2c60-\u2c7f\ua720-\ua7ff]")
#: Signs that order or join letters draw nothing by themselves, and could make a text look like another.
_HIDDEN = ("Cf", "Cc", "Co", "Cs", "Cn")
#: A cell higher than a page can't be laid out; a row is broken into several. In points, beside a head on an A4 page.
_TALLEST = 500
#: Laying out takes longer than the text grows, so it is cut roughly first: at so many lines, at so many letters.
_CELL_LINES, _CELL_LETTERS = 40, 1500
#: What a table keeps free to the left and to the right in a cell, in points.
_PADDING = 6


def document(sheet: Sheet, *, whole: str = "facts.html") -> bytes:
    """The sheet on A4, each page with its label and number; *whole* is the file that holds every letter of it."""
    fonts = _fonts()
    texts = [text for section in sheet.sections for text in _texts(section)]
    story: list[Any] = [Paragraph(_drawable(sheet.title), _style(16, bold=True))]
    if any(_not_drawn(text) for text in [sheet.title, *texts]):
        words = _("Some letters can't be drawn here and stand as [U+…]. The file %(name)s holds them.")
        story.append(Paragraph(_drawable(words % {"name": whole}), _style(9, bold=True)))
    for section in sheet.sections:
        story += [Spacer(1, 4 * mm), Paragraph(_drawable(section.heading), _style(_HEADING, bold=True))]
        story += [
            Paragraph(_drawable(part), _style(9)) for text in section.paragraphs for part in _lines(text)
        ]
        if section.rows:
            story += [Spacer(1, 2 * mm), _table(section)]
    written = io.BytesIO()
    template = SimpleDocTemplate(
        written,
        pagesize=A4,
        invariant=1,  # no clock and no random id in the file
        title=sheet.title,
        author="",
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
    )

    def edge(canvas: Any, _document: Any) -> None:
        canvas.setFont(fonts[1], 9)
        canvas.drawString(MARGIN, A4[1] - MARGIN / 2, sheet.label)
        canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, str(canvas.getPageNumber()))

    template.build(story, onFirstPage=edge, onLaterPages=edge)
    return written.getvalue()


def _table(section: Section) -> LongTable:
    width = A4[0] - 2 * MARGIN
    shares = _widths([*([section.head] if section.head else []), *section.rows])
    widths = [width * share for share in shares]
    rows: list[list[Any]] = (
        [[Paragraph(_drawable(cell), _style(8, bold=True)) for cell in section.head]] if section.head else []
    )
    for row in section.rows:
        rows += _parts(row, widths)
    table = LongTable(rows, colWidths=widths, repeatRows=1 if section.head else 0)
    table.setStyle(
        TableStyle([("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    )
    return table


def _widths(rows: list[tuple[str, ...]]) -> list[float]:
    """The shares of the columns in a table's width, by their longest cells within bounds."""
    longest = [min(max(map(len, column)), 50) for column in zip(*rows, strict=True)]
    shares = [max(length, 10) for length in longest]
    return [share / sum(shares) for share in shares]


def _parts(row: tuple[str, ...], widths: list[float]) -> list[list[Any]]:
    """*row* as rows of which none is higher than a page, broken between lines, or words where there are any."""
    columns = [
        [piece for part in _cut(cell) for piece in _pieces(part, width - 2 * _PADDING)]
        for cell, width in zip(row, widths, strict=True)
    ]
    return [list(part) for part in zip_longest(*columns, fillvalue="")]


def _cut(text: str) -> list[str]:
    pieces = []
    for part in _lines(text):
        while len(part) > _CELL_LETTERS:
            at = part.rfind(" ", 1, _CELL_LETTERS)
            at = _CELL_LETTERS if at < 0 else at
            pieces.append(part[:at])
            part = part[at:]  # noqa: PLW2901
        pieces.append(part)
    return pieces


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return ["\n".join(lines[at : at + _CELL_LINES]) for at in range(0, len(lines), _CELL_LINES)]


def _pieces(text: str, width: float) -> list[Any]:
    """*text* as it is drawn in a column of *width*, in pieces that each fit on a page."""
    whole, pieces = Paragraph(_drawable(text), _style(8)), []
    while whole.wrap(width, _TALLEST)[1] > _TALLEST:
        first, whole = whole.split(width, _TALLEST)
        pieces.append(first)
    return [*pieces, whole]


def _texts(section: Section) -> list[str]:
    return [
        section.heading,
        *section.paragraphs,
        *section.head,
        *(cell for row in section.rows for cell in row),
    ]


def _drawable(text: str) -> str:
    """*text* as markup of a paragraph, with code points in place of what is not drawn."""
    shown = "".join(f"[U+{ord(letter):04X}]" if _is_lost(letter) else letter for letter in text)
    return escape(shown).replace("\n", "<br/>")


def _not_drawn(text: str) -> bool:
    return any(_is_lost(letter) for letter in text)


def _is_lost(letter: str) -> bool:
    if letter == "\n":
        return False
    hidden = unicodedata.category(letter) in _HIDDEN
    return hidden or not _PLAIN.match(letter) or ord(letter) not in _glyphs()


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    _fonts()
    faces = [pdfmetrics.getFont(name).face.charToGlyph for name in (REGULAR, BOLD)]
    return frozenset(faces[0]) & frozenset(faces[1])


@lru_cache(maxsize=1)
def _fonts() -> tuple[str, str]:
    for name, font in ((REGULAR, NotoSans_Regular), (BOLD, NotoSans_Bold)):
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(font.fontbuffer)))
    return REGULAR, BOLD


def _style(size: int, *, bold: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}{bold}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.35,
        splitLongWords=1,
        keepWithNext=int(size == _HEADING),
    )
