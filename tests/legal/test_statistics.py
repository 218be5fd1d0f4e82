"""Figures for the transparency report: one table everywhere, in which nobody can be counted out."""

from __future__ import annotations

import csv
import io
import itertools
import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from casework.legal import actions, letters, statistics
from casework.legal.models import LegalRequest, Type
from casework.legal.statistics import HIDDEN, WITHHELD
from tests.cast import client_of, person
from tests.legal.making import accepted, enter


def one_column(counts: list[int]) -> tuple[list[str], str]:
    """The cells of a table of one column, and its total."""
    shown, total = statistics.suppressed([(count,) for count in counts])
    return [row[0] for row in shown], total[0]


def possible(cells: list[str], total: str) -> list[set[int]]:
    """For each cell, the values that fit what is shown, by trying all of them."""
    if total in (WITHHELD, HIDDEN):
        sums = range(1000) if total == WITHHELD else range(1, 5)
    else:
        sums = range(int(total), int(total) + 1)
    most = max(sums) if total != WITHHELD else 40
    ranges = {HIDDEN: range(1, 5), WITHHELD: range(min(most, 60) + 1)}
    tried = [ranges[cell] if cell in ranges else range(int(cell), int(cell) + 1) for cell in cells]
    fits = [values for values in itertools.product(*tried) if sum(values) in sums]
    return [{values[at] for values in fits} for at in range(len(cells))]


@pytest.mark.parametrize(
    "counts",
    [
        [1],
        [4],
        [3, 20],
        [1, 1],
        [4, 4],
        [1, 4],
        [2, 2, 2],
        [1, 1, 30],
        [1, 5],
        [2, 5, 6],
        [0, 3, 9],
        [1, 1, 1, 7],
    ],
    ids=str,
)
def test_every_small_count_could_be_any_from_one_to_four(counts: list[int]):
    cells, total = one_column(counts)
    values = possible(cells, total)
    for count, cell, fits in zip(counts, cells, values, strict=True):
        assert count in fits or total == WITHHELD
        if cell == HIDDEN and len(counts) > 1 and total != HIDDEN:
            assert {1, 2, 3, 4} <= fits
        if count in (1, 2, 3, 4):
            assert cell in (HIDDEN, WITHHELD)


def test_many_tables_of_chance_give_no_small_count_away():
    chance = random.Random(7)
    for _round in range(150):
        counts = [chance.choice([0, 1, 2, 3, 4, 5, 7, 12]) for _cell in range(chance.randint(1, 4))]
        cells, total = one_column(counts)
        for count, fits in zip(counts, possible(cells, total), strict=True):
            if 0 < count <= 4 and total != HIDDEN:
                assert {1, 2, 3, 4} <= fits, (counts, cells, total)


def test_a_row_that_is_withheld_is_withheld_whole():
    shown, total = statistics.suppressed([(3, 9), (20, 8), (30, 30)])
    assert shown == [(HIDDEN, "9"), (WITHHELD, WITHHELD), ("30", "30")]
    assert total == ("53", "47")


def test_large_counts_are_shown():
    assert one_column([5, 6, 0]) == (["5", "6", "0"], "11")


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026", (2026, 1), (2027, 1)),
        ("2026-H2", (2026, 7), (2027, 1)),
        ("2026-Q1", (2026, 1), (2026, 4)),
        ("2026-Q4", (2026, 10), (2027, 1)),
    ],
)
def test_a_period_is_a_year_a_half_or_a_quarter(text: str, since: tuple[int, int], until: tuple[int, int]):
    period = statistics.period_of(text)
    assert period.since == datetime(*since, 1, tzinfo=UTC)
    assert period.until == datetime(*until, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-Q5", "1999"])
def test_anything_else_is_this_year(text: str):
    assert statistics.period_of(text).name == str(timezone.now().year)


def fill() -> None:
    """Six warrants (five accepted, one refused) and two subpoenas of Germany."""
    for _n in range(5):
        accepted(Type.WARRANT)
    refused = actions.refuse(enter(Type.WARRANT), actor=person("lex"), grounds=["formal"])
    letter = refused.letters.get()
    actions.release_letter(letter, actor=person("lena"), seen=letters.digest(letter.text))
    for _n in range(2):
        enter(Type.SUBPOENA, country="DE")


def rows_of_page(text: str) -> list[list[str]]:
    body = text.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    rows = body.split("</tr>")[:-1]
    return [
        [re.sub(r"<[^>]+>", "", cell).replace("&lt;", "<").strip() for cell in row.split("</td>")[:-1]]
        for row in rows
    ]


@pytest.mark.django_db
def test_page_csv_and_json_say_the_same():
    fill()
    lex = client_of(person("lex"))
    page = rows_of_page(lex.get("/legal/statistics/").text)
    file = list(csv.reader(io.StringIO(lex.get("/legal/statistics/csv/").content.decode())))
    told = lex.get("/legal/statistics/json/").json()
    assert [row[2:] for row in page] == [row[2:] for row in file[1:]]
    columns = file[0][2:]
    assert [[row[name] for name in columns] for row in told["rows"]] == [row[2:] for row in file[1:-1]]
    assert [told["total"][name] for name in columns] == file[-1][2:]
    assert [(row[0], row[1]) for row in file[1:-1]] == [("search_warrant", "US"), ("subpoena", "DE")]


@pytest.mark.django_db
def test_figures_are_hidden_where_they_are_few():
    fill()
    table = statistics.table(person("lex"), statistics.period_of(""))
    warrants, subpoenas = (
        dict(zip(table.columns, cells, strict=True)) for _type, _country, cells in table.lines
    )
    total = dict(zip(table.columns, table.total, strict=True))
    assert subpoenas["received"] == HIDDEN
    assert warrants["received"] == WITHHELD
    assert total["received"] == "8"
    assert total["refused"] == total["refused_formal"] == HIDDEN


@pytest.mark.django_db
def test_the_median_is_of_five_answers_at_least():
    for _n in range(5):
        request = actions.refuse(enter(Type.WARRANT), actor=person("lex"), grounds=["formal"])
        request.clocks.update(stopped_at=request.received_at + timedelta(hours=7))
    table = statistics.table(person("lex"), statistics.period_of(""))
    assert table.total[-1] == "7"
    LegalRequest.objects.earliest("pk").clocks.update(stopped_at=None)
    assert statistics.table(person("lex"), statistics.period_of("")).total[-1] == HIDDEN


@pytest.mark.django_db
def test_another_period_holds_other_requests():
    fill()
    assert statistics.table(person("lex"), statistics.period_of("2020")).lines == ()


@pytest.mark.django_db
def test_mona_has_no_figures():
    fill()
    assert statistics.table(person("mona"), statistics.period_of("")).lines == ()
    assert client_of(person("mona")).get("/legal/statistics/csv/").status_code == 403
