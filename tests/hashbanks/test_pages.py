"""The pages of banks: who sees and changes them, what is refused in words, looking up, exporting, progress."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from casework.hashbanks.models import Bank, Entry, ListImport, RunState, Sweep
from tests.cast import client_of, person, refusal
from tests.evidence.making import entries
from tests.hashbanks.making import flipped, keep, make_bank, pdq

pytestmark = pytest.mark.django_db

GIVEN = {
    "name": "Own removals", "purpose": "What was removed here.", "source": "own", "on_match": "raise",
    "pdq_radius": 31, "pdq_quality": 50, "video_share": 0.8, "active": "on",
}  # fmt: skip


def page(name: str, /, *args: Any, who: str = "lena", status: int = 200, **data: Any) -> str:
    """What *who* reads at an address; a POST where *data* is given."""
    client, address = client_of(person(who)), reverse(name, args=args)
    answer = client.post(address, data) if data else client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_without_a_bank_the_page_says_what_that_means() -> None:
    assert "There is no bank yet" in page("banks", who="mona")


def test_lena_makes_a_bank_on_the_page() -> None:
    page("bank_create", status=302, **GIVEN)
    bank = Bank.objects.get()
    assert (bank.name, bank.created_by) == ("Own removals", person("lena"))
    assert "Own removals" in page("banks", who="mona")
    assert entries("bank.created") == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("pdq_radius", 32, "finds every match only up to a distance of 31"),
        ("pdq_quality", 49, "matches strangers"),
        ("phash_radius", 17, "less than or equal to 16"),
        ("video_share", 1.5, "less than or equal to 1"),
        ("purpose", "", "required"),
    ],
)
def test_what_cannot_hold_is_refused_in_words_and_nothing_is_made(field: str, value: Any, words: str) -> None:
    assert words in page("bank_create", status=422, **{**GIVEN, field: value})
    assert not Bank.objects.exists()
    assert entries("bank.created") == 0


def test_a_second_bank_of_the_same_name_is_refused() -> None:
    make_bank("own removals")
    assert "of this name" in page("bank_create", status=422, **GIVEN)


def test_ada_changes_a_threshold_and_its_source_stays() -> None:
    bank = make_bank()
    page(
        "bank_change",
        bank.public_id,
        who="ada",
        status=302,
        **{**GIVEN, "pdq_radius": 12, "source": "exchange"},
    )
    bank.refresh_from_db()
    assert (bank.pdq_radius, bank.source) == (12, Bank.Source.OWN)
    assert entries("bank.changed") == 1


@pytest.mark.parametrize("who", ["mona", "sena", "lex", "audra"])
def test_the_desk_reads_banks_and_changes_none(who: str) -> None:
    bank = make_bank()
    entry = keep(bank, pdq(1))
    assert "up to 31 of 256" in page("bank", bank.public_id, who=who)
    page("bank_change", bank.public_id, who=who, status=403, **GIVEN)
    page("bank_create", who=who, status=403, **GIVEN)
    page("bank_withdraw", entry.public_id, who=who, status=403, reason="no")
    page("bank_export", bank.public_id, "csv", who=who, status=403, x="y")
    assert entries("bank.changed") + entries("bank.exported") + entries("bank.entries_withdrawn") == 0


@pytest.mark.parametrize("who", ["nia", "stan"])
def test_others_read_no_bank(who: str) -> None:
    page("banks", who=who, status=refusal(who))
    page("bank", make_bank().public_id, who=who, status=refusal(who))


def test_looking_a_hash_up_finds_the_same_and_the_near_and_is_written_down() -> None:
    bank = make_bank("Own removals")
    keep(bank, pdq(1))
    keep(bank, flipped(pdq(1), 8), origin="a hotline")
    keep(bank, pdq(2))
    text = page("banks_search", who="mona", value=pdq(1).hex())
    assert "2 entries" in text
    assert "the same value" in text
    assert "distance 8 of 256" in text
    assert entries("bank.searched") == 1


def test_looking_up_in_a_large_bank_says_that_near_ones_were_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("casework.hashbanks.actions.reading.NEAR_UP_TO", 1)
    bank = make_bank()
    for seed in (1, 2):
        keep(bank, pdq(seed))
    text = page("banks_search", who="mona", value=pdq(1).hex())
    assert "1 entry" in text
    assert "were not looked for" in text


def test_what_is_no_hash_is_not_looked_up() -> None:
    assert "This is no hash" in page("banks_search", status=422, value="zzz")
    assert entries("bank.searched") == 0


def test_lena_withdraws_an_entry_with_a_reason() -> None:
    entry = keep(make_bank(), pdq(1))
    assert "Say why" in page("bank_withdraw", entry.public_id, status=422, reason=" ")
    page("bank_withdraw", entry.public_id, status=302, reason="not what it seemed")
    entry.refresh_from_db()
    assert entry.status == Entry.Status.WITHDRAWN
    assert entries("bank.entries_withdrawn") == 1


def test_lena_exports_a_bank_as_a_file() -> None:
    bank = make_bank()
    keep(bank, pdq(1))
    answer = client_of(person("lena")).post(reverse("bank_export", args=[bank.public_id, "csv"]))
    assert "attachment" in answer["Content-Disposition"]
    text = b"".join(answer.streaming_content).decode()
    assert text.splitlines()[1].startswith(f"pdq,{pdq(1).hex()}")
    assert entries("bank.exported") == 1
    assert (
        client_of(person("lena")).post(reverse("bank_export", args=[bank.public_id, "xls"])).status_code
        == 404
    )


def test_an_export_asks_for_a_fresh_sign_in() -> None:
    bank, lena = make_bank(), client_of(person("lena"))
    session = lena.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 2 * 3600
    session.save()
    answer = lena.post(reverse("bank_export", args=[bank.public_id, "csv"]), {"back": "/banks/"})
    assert (answer.status_code, "next=%2Fbanks%2F" in answer["Location"]) == (302, True)
    assert entries("bank.exported") == 0


def test_progress_is_asked_for_again_only_while_something_runs() -> None:
    bank = make_bank()
    run = Sweep.objects.create(
        bank=bank, from_seq=0, to_seq=5, state=RunState.RUNNING, done=3, total=10, hits=1
    )
    text = page("bank", bank.public_id, who="mona")
    assert "3 of 10 items" in page("bank", bank.public_id, who="lena")
    assert "30 % of the items" in text, "how many there are counts restricted ones"
    assert "of 10" not in text
    assert "1 new match" in text
    assert "every 2s" in text
    Sweep.objects.filter(pk=run.pk).update(state=RunState.DONE)
    assert "every 2s" not in page("bank", bank.public_id, who="mona")
    fragment = client_of(person("mona")).get(
        reverse("bank_progress", args=[bank.public_id]), headers={"HX-Request": "true"}
    )
    assert fragment.content.decode().lstrip().startswith('<div id="hashbanks-progress"')


def test_hits_in_restricted_cases_are_shown_to_the_cleared_only() -> None:
    bank = make_bank()
    Sweep.objects.create(bank=bank, from_seq=0, to_seq=5, state=RunState.DONE, hits=1, hits_restricted=2)
    assert "1 new match" in page("bank", bank.public_id, who="mona")
    assert "3 new matches" in page("bank", bank.public_id, who="lena")


def test_bad_lines_of_a_list_are_named_on_the_page() -> None:
    bank = make_bank()
    ListImport.objects.create(
        bank=bank, name="hashes.csv", blob=bank.public_id, size=1, sha256="0" * 64, state=RunState.DONE, line=9,
        added=5, known=1, bad=3, faults=[{"line": 7, "reason": "The line is not JSON."}],
    )  # fmt: skip
    text = page("bank", bank.public_id)
    assert "read to line 9: 5 added, 1 known before, 3 bad" in text
    assert "Line 7: The line is not JSON." in text
    assert "and 2 more" in text
