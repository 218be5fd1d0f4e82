"""What a person reads of matches with banks: every number, its origin as far as it exists for them, and its end."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from casework.cases.actions import restrict_case
from casework.evidence.actions.matching import keep_matches
from casework.evidence.models import BankMatch, Item
from casework.evidence.wording_matches import bank_row
from casework.hashbanks import actions
from casework.hashbanks.matches import Found, Matching, Opinion
from casework.hashbanks.models import Entry
from tests.cast import client_of, make_case, person
from tests.evidence.matching import hashed_item
from tests.hashbanks.making import keep, make_bank, pdq

pytestmark = pytest.mark.django_db


def matched(item: Item, entry: Entry, **kwargs: Any) -> None:
    """Keep one match of *item* with *entry*."""
    near = {"distance": 6, "threshold": 31, "quality": 88, "version": "pdq-numpy 1", "algorithm": "pdq"}
    found = Found(entry=entry.pk, bank=entry.bank_id, **{**near, **kwargs}, origin_item=entry.origin_item)
    keep_matches(item, Matching(banks=1, seq=actions.last_change(), found=(found,)))


def words(item: Item, who: str = "mona") -> str:
    """The row as text."""
    row = bank_row(item, person(who))
    return " ".join(render_to_string("components/signal_row.html", {"signal": row}).split())


def test_an_item_from_before_the_banks_was_not_matched() -> None:
    row = bank_row(hashed_item(make_case(), 1), person("mona"))
    assert (row["state"], "did not run" in row["sentence"]) == ("not_checked", True)


def test_matching_that_did_not_run_is_a_state_of_its_own() -> None:
    item = hashed_item(make_case(), 1)
    keep_matches(item, Matching(banks=1, seq=0, ran=False, broken=True, why_not="The index can't be read."))
    row = bank_row(item, person("mona"))
    assert (row["state"], row["not_checked"]) == ("failed", ["The index can't be read."])
    assert "did not run" in words(item)


def test_a_match_shows_every_number_of_both_sides() -> None:
    item = hashed_item(make_case(), 1)
    entry = keep(
        make_bank("Own removals", pdq_turns=True), pdq(2), quality=77, version="theirs 2", origin="a hotline"
    )
    matched(item, entry, entry_quality=77, entry_version="theirs 2", turned="rotated_90")
    text = words(item)
    for part in (
        "Own removals",
        "6 of 256",
        "up to 31",
        "88",
        "the entry: 77",
        "pdq-numpy 1",
        "the entry: theirs 2",
    ):
        assert part in text, part
    assert "a hotline" in text
    assert "turned by a quarter" in text
    row = bank_row(item, person("mona"))
    assert (row["state"], row["estimate"], row["strength"]) == ("found", "near copy", 2)


def test_the_very_file_is_said_to_be_the_same() -> None:
    item = hashed_item(make_case(), 1)
    matched(item, keep(make_bank(), b"\1" * 32, "sha256"), algorithm="sha256", distance=None, threshold=None)
    row = bank_row(item, person("mona"))
    assert (row["estimate"], row["strength"]) == ("the same file", 3)
    assert "256" not in row["points_for"][0]


def test_hashes_of_one_picture_stand_together() -> None:
    item, bank = hashed_item(make_case(), 1), make_bank()
    matched(item, keep(bank, pdq(2), origin_ref="one"))
    exact = keep(bank, b"\1" * 32, "sha256", origin_ref="one")
    matched(item, exact, algorithm="sha256", distance=None, threshold=None)
    [match] = bank_row(item, person("mona"))["matches"]
    assert match["exact"]
    assert "also by PDQ" in words(item)


def test_a_second_opinion_that_disagrees_is_written_and_weighs() -> None:
    item = hashed_item(make_case(), 1)
    matched(item, keep(make_bank(), pdq(2)), opinion=Opinion(distance=20, threshold=8))
    row = bank_row(item, person("mona"))
    assert (row["strength"], bool(row["disagreement"])) == (1, True)
    assert "does not agree" in words(item)
    assert "distance 20 of 64" in words(item)


def test_films_say_how_much_of_either_matches() -> None:
    item = hashed_item(make_case(), 1)
    matched(item, keep(make_bank(), pdq(2)), algorithm="video_pdq", query_share=1.0, clip_share=0.25)
    assert "100 % of this film" in words(item)
    assert "25 % of the known one" in words(item)


@pytest.mark.parametrize(
    ("how", "said"),
    [("withdraw", "withdrawn since"), ("switch off", "switched off"), ("tighten", "outside the bank")],
)
def test_a_match_that_ended_stays_and_says_why(how: str, said: str) -> None:
    item, bank = hashed_item(make_case(), 1), make_bank()
    entry = keep(bank, pdq(2))
    matched(item, entry)
    lena = person("lena")
    if how == "withdraw":
        actions.withdraw_entry(entry, actor=lena, reason="an error")
    else:
        actions.change_bank(
            bank, actor=lena, **({"active": False} if how == "switch off" else {"pdq_radius": 5})
        )
    row = bank_row(item, person("mona"))
    assert row["state"] != "found"
    assert said in words(item)
    assert "It is the same" not in words(item), "what has ended is not judged any more"


def test_an_own_entry_leads_to_its_case_where_that_exists() -> None:
    origin = make_case()
    entry = keep(make_bank(), pdq(2), origin_item=hashed_item(origin, 3).public_id, origin="decided here")
    item = hashed_item(make_case(), 1)
    matched(item, entry)
    assert origin.number in words(item)
    restrict_case(origin, actor=person("sena"), why="minor_suspected")
    assert origin.number not in words(item)
    assert bank_row(item, person("mona"))["state"] != "found", "not even that there is a match"
    assert BankMatch.objects.filter(item=item).exists()
    assert origin.number in words(item, "sena")
    assert bank_row(item, person("sena"))["state"] == "found"


def test_legal_reads_matches_and_judges_none() -> None:
    item = hashed_item(make_case(), 1)
    matched(item, keep(make_bank(), pdq(2)))
    assert "6 of 256" in words(item, "lex")
    assert "It is the same" not in words(item, "lex")


def test_the_pages_of_item_and_case_show_the_match() -> None:
    case = make_case()
    item = hashed_item(case, 1)
    matched(item, keep(make_bank("Own removals"), pdq(2)))
    mona = client_of(person("mona"))
    for address in (
        reverse("evidence_item", args=[item.public_id]),
        reverse("case_evidence", args=[case.public_id]),
    ):
        assert "Own removals" in mona.get(address).content.decode()
    timeline = mona.get(reverse("case", args=[case.public_id])).content.decode()
    assert "bank of known hashes" in timeline
