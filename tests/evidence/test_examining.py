"""What a worker finds out is kept once; what it could not check never reads as clean."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.urls import reverse

from casework.cases import actions as cases
from casework.evidence import actions, comparing
from casework.evidence.knowing import what_we_know
from casework.evidence.models import Blob, Item, SignalRecord
from casework.evidence.sealing import open_blob
from casework.evidence.wording import question_rows
from detection.findings import Failure, Signal, Status
from tests.cast import client_of, make_case, person
from tests.evidence.making import entries, examination, explicit, make_examined, make_item, picture
from tests.evidence.matching import signal_of, start_of
from tests.hashbanks.making import keep, make_bank
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db

PDQ = "0f" * 32


def near(bits: int) -> str:
    """A PDQ hash at this distance from ``PDQ``."""
    return f"{int(PDQ, 16) ^ ((1 << bits) - 1):064x}"


def row(item: Item, question: str, viewer: Any) -> dict[str, Any]:
    return next(row for row in question_rows(item, viewer) if row["question"] == question)


def test_an_examination_is_kept_with_its_derivatives_and_entries() -> None:
    item = make_examined(make_case(), signals=[explicit(0.94)], pdq=PDQ)
    assert item.state == Item.State.EXAMINED
    assert (item.format, item.width, item.height) == ("PNG", 320, 200)
    assert item.preview is not None
    assert item.rendition is not None
    assert open_blob(item.preview).startswith(b"\x89PNG")
    assert item.preview.wrap.recipient == item.rendition.wrap.recipient == "view"
    assert item.original.wrap.recipient == "vault"
    assert entries("evidence.examined") == 1
    assert entries("evidence.derived") == 2
    item.case.refresh_from_db()
    assert (item.case.items_unexamined, item.case.explicit_score) == (0, pytest.approx(0.94))


def test_a_redelivered_examination_changes_nothing() -> None:
    item = make_examined(make_case(), signals=[explicit(0.5)])
    before = (Blob.objects.count(), SignalRecord.objects.count(), entries("evidence.derived"))
    for _ in range(3):
        assert not actions.record_examination(item, examination(picture(), signals=[explicit(0.9)]))
        assert not actions.record_unopened(item, Failure("damaged", "damaged"))
        actions.set_item_aside(str(item.public_id), reason="late")
    assert (Blob.objects.count(), SignalRecord.objects.count(), entries("evidence.derived")) == before
    item.case.refresh_from_db()
    assert item.case.items_unexamined == 0


def test_a_file_that_does_not_open_is_not_scored_and_says_why() -> None:
    item = make_item(make_case(), b"not a picture")
    actions.record_unopened(item, Failure("damaged", "The picture is damaged or cut short."))
    item.refresh_from_db()
    assert (item.state, item.reason_code) == (Item.State.UNOPENED, "damaged")
    shown = row(item, "Explicit content", person("mona"))
    assert (shown["state"], shown["estimate"]) == ("not_checked", "not scored")
    assert shown["not_checked"] == ["The picture is damaged or cut short."]
    item.case.refresh_from_db()
    assert item.case.explicit_score is None
    assert entries("evidence.not_opened") == 1


def test_a_file_over_a_limit_is_set_aside() -> None:
    item = make_item(make_case())
    actions.record_unopened(item, Failure("pixels", "More than 50 million pixels.", quarantine=True))
    item.refresh_from_db()
    assert item.state == Item.State.QUARANTINED
    assert entries("evidence.quarantined") == 1


def test_a_file_that_kills_its_reader_is_set_aside_by_the_ledger() -> None:
    item = make_item(make_case())
    actions.set_item_aside(str(item.public_id), reason="It was started three times.")
    item.refresh_from_db()
    assert item.state == Item.State.QUARANTINED
    assert "ended the program that opened it three times" in item.reason
    assert entries("evidence.quarantined") == 1


def test_a_known_file_that_kills_its_reader_is_found_in_the_banks_all_the_same() -> None:
    item = make_item(make_case())
    keep(make_bank(), bytes.fromhex(item.sha256), "sha256")
    actions.set_item_aside(str(item.public_id), reason="It was started three times.")
    public_id = str(item.public_id)
    comparing.match_again(public_id, start=start_of("evidence.match", item=public_id))
    assert signal_of(item).status == "found"
    assert entries("evidence.matched") == 1


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, -0.1, 1.1, None])
def test_what_is_no_probability_is_no_score(score: float | None) -> None:
    signal = Signal("explicit", "1", Status.FOUND, "…", score=score)
    item = make_examined(make_case(), signals=[signal])
    assert item.signals.get(name="explicit").score is None
    item.case.refresh_from_db()
    assert item.case.explicit_score is None


def test_the_highest_score_of_a_case_counts() -> None:
    case = make_case()
    make_examined(case, 1, signals=[explicit(0.2)])
    make_examined(case, 2, signals=[explicit(0.9)])
    make_examined(case, 3, signals=[explicit(None)])
    case.refresh_from_db()
    assert case.explicit_score == pytest.approx(0.9)


def test_an_exact_copy_in_another_case_is_found() -> None:
    first = make_examined(make_case(), 1)
    second = make_examined(make_case(), 1)
    shown = row(second, "Known copies", person("mona"))
    assert (shown["state"], shown["strength"]) == ("found", 3)
    assert shown["points_for"] == [f"{first.case.number}, the same file"]
    second.case.refresh_from_db()
    assert second.case.known_matches == 1


@pytest.mark.parametrize(("bits", "state"), [(0, "found"), (31, "found"), (32, "not_found")])
def test_a_near_copy_counts_up_to_31_bits(bits: int, state: str) -> None:
    make_examined(make_case(), 1, pdq=PDQ)
    second = make_examined(make_case(), 2, pdq=near(bits))
    shown = row(second, "Known copies", person("mona"))
    assert shown["state"] == state
    if state == "found":
        assert f"distance {bits} of 256" in shown["points_for"][0]


def test_a_copy_in_the_same_case_is_no_match() -> None:
    case = make_case()
    make_examined(case, 1, pdq=PDQ)
    assert row(make_examined(case, 2, pdq=PDQ), "Known copies", person("mona"))["state"] == "not_found"


def test_without_a_usable_hash_near_copies_are_not_checked() -> None:
    make_examined(make_case(), 1, pdq=PDQ)
    for quality, pdq in ((20, PDQ), (100, "")):
        shown = row(
            make_examined(make_case(), 5 + quality, pdq=pdq, quality=quality), "Known copies", person("mona")
        )
        assert shown["state"] == "not_checked"


def test_a_match_in_a_restricted_case_does_not_exist_for_mona() -> None:
    hidden = make_examined(make_case(minor_indicated=True), 1, pdq=PDQ)
    plain = make_examined(make_case(), 2, pdq=PDQ)
    never = make_examined(make_case(), 3, pdq="a5" * 32)
    mona, sena = person("mona"), person("sena")
    assert row(plain, "Known copies", mona) == row(never, "Known copies", mona)
    assert hidden.case.number in str(row(plain, "Known copies", sena))
    plain.case.refresh_from_db()
    assert plain.case.known_matches == 0


def test_a_copy_counts_for_everybody_only_while_its_case_does() -> None:
    first, second = make_examined(make_case(), 1), make_examined(make_case(), 1)
    mona, plain = person("mona"), second.case
    plain.refresh_from_db()
    assert plain.known_matches == 1
    before = verbs_of(plain)
    cases.restrict_case(first.case, actor=person("sena"), why="minor_suspected")
    plain.refresh_from_db()
    assert plain.known_matches == 0, "the count would betray the restricted case"
    told = ["case.restricted", "case.factors_changed", "evidence.assessed"]
    assert verbs_of(first.case)[-3:] == told, "all of it on the timeline that only the cleared see"
    assert verbs_of(plain) == before, "nothing on its own timeline tells of the other"
    page = client_of(mona).get(reverse("case", args=[plain.public_id])).content.decode()
    assert "known match" not in page
    assert first.case.number not in page
    cases.unrestrict_case(first.case, actor=person("sena"))
    plain.refresh_from_db()
    assert plain.known_matches == 1


def test_what_a_restricted_case_knew_of_others_like_it_is_forgotten_when_it_is_freed() -> None:
    make_examined(make_case(minor_indicated=True), 1)
    freed = make_examined(make_case(minor_indicated=True), 1).case
    freed.refresh_from_db()
    assert freed.known_matches == 1
    cases.unrestrict_case(freed, actor=person("sena"))
    assert freed.known_matches == 0


def test_an_item_that_waits_is_never_shown_as_clean() -> None:
    item = make_item(make_case())
    assert {row["state"] for row in what_we_know(item, person("mona"))["signals"]} == {"not_checked"}
