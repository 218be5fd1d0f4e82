"""What the banks said of an item is kept with its numbers, told, counted for its case, and restricts where asked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from casework.audit.models import Entry as LogEntry
from casework.cases.actions import restrict_case, unrestrict_case
from casework.cases.models import Case
from casework.evidence import comparing, tasks
from casework.evidence.actions import matching
from casework.evidence.models import BankMatch, Item, PerceptualHash, SignalRecord
from casework.hashbanks import indexing
from casework.hashbanks.actions import change_bank, withdraw_entry
from casework.hashbanks.models import Bank, Entry
from casework.jobs.actions import claim
from casework.jobs.models import Job
from detection.pdq import hash_image
from tests.cast import make_case, person
from tests.evidence.making import entries, make_item, picture
from tests.hashbanks.making import flipped, keep, make_bank

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def index(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.HASH_INDEX_DIR, settings.MODELS_DIR = tmp_path / "index", tmp_path / "models"
    tasks._shelf.cache_clear()
    indexing._open.clear()
    yield
    tasks._shelf.cache_clear()
    indexing._open.clear()


def pdq_of(data: bytes) -> bytes:
    """The PDQ value of a picture, by the library."""
    return bytes.fromhex(hash_image(Image.open(io.BytesIO(data)).convert("RGB")).value)


def examined(case: Case, data: bytes) -> Item:
    """An item that a worker has examined."""
    item = make_item(case, data)
    start = claim(Job.objects.get(key=f"examine:{item.public_id}").public_id)
    assert start is not None
    tasks.examine_item(str(item.public_id), start=start)
    return Item.objects.get(pk=item.pk)


def signal_of(item: Item) -> SignalRecord:
    return SignalRecord.objects.get(item=item, name="banks")


def told(verb: str) -> list[LogEntry]:
    return list(LogEntry.objects.filter(verb=verb))


def test_without_a_bank_the_signal_does_not_apply() -> None:
    item = examined(make_case(), picture(1))
    assert (signal_of(item).status, entries("evidence.matched")) == ("not_applicable", 0)


def test_a_picture_that_no_bank_holds_is_not_found() -> None:
    keep(make_bank(), pdq_of(picture(2)))
    item = examined(make_case(), picture(1))
    assert (signal_of(item).status, entries("evidence.matched")) == ("not_found", 0)


def test_a_near_match_is_kept_with_its_numbers_and_raises_the_case() -> None:
    data = picture(1)
    entry = keep(make_bank(), flipped(pdq_of(data), 9), quality=90, version="theirs")
    item = examined(make_case(), data)
    match = BankMatch.objects.get(item=item)
    assert (match.entry, match.algorithm, match.distance, match.threshold) == (entry, "pdq", 9, 31)
    assert (match.entry_quality, match.entry_version, match.retroactive) == (90, "theirs", False)
    assert match.quality is not None
    assert match.version
    assert (signal_of(item).status, signal_of(item).strength) == ("found", "strong")
    [entry_in_log] = told("evidence.matched")
    assert entry_in_log.case_id == item.case.public_id
    item.case.refresh_from_db()
    assert item.case.known_matches == 1


def test_the_very_file_is_definitive() -> None:
    data = picture(1)
    item = make_item(make_case(), data)
    keep(make_bank(), bytes.fromhex(item.sha256), "sha256")
    start = claim(Job.objects.get(key=f"examine:{item.public_id}").public_id)
    assert start is not None
    tasks.examine_item(str(item.public_id), start=start)
    assert (signal_of(item).status, signal_of(item).strength) == ("found", "definitive")


def test_a_bank_that_knows_a_file_by_several_hashes_counts_once() -> None:
    data, bank = picture(1), make_bank()
    item = make_item(make_case(), data)
    keep(bank, bytes.fromhex(item.sha256), "sha256")
    keep(bank, pdq_of(data))
    start = claim(Job.objects.get(key=f"examine:{item.public_id}").public_id)
    assert start is not None
    tasks.examine_item(str(item.public_id), start=start)
    item.case.refresh_from_db()
    assert (BankMatch.objects.filter(item=item).count(), item.case.known_matches) == (2, 1)


def test_what_does_not_open_is_still_compared_by_its_digests() -> None:
    data = b"words, not a picture"
    item = make_item(make_case(), data)
    keep(make_bank(), bytes.fromhex(item.md5), "md5")
    start = claim(Job.objects.get(key=f"examine:{item.public_id}").public_id)
    assert start is not None
    tasks.examine_item(str(item.public_id), start=start)
    assert signal_of(item).status == "found"


def test_a_bank_that_only_shows_does_not_raise_the_case() -> None:
    data = picture(1)
    keep(make_bank(on_match=Bank.OnMatch.NOTE), pdq_of(data))
    item = examined(make_case(), data)
    item.case.refresh_from_db()
    assert (signal_of(item).status, item.case.known_matches) == ("found", 0)


def test_a_bank_that_may_show_minors_restricts_the_case_at_once() -> None:
    data = picture(1)
    keep(make_bank(on_match=Bank.OnMatch.RESTRICT), pdq_of(data))
    item = examined(make_case(), data)
    item.case.refresh_from_db()
    assert (item.case.restricted, item.case.restricted_why) == (True, "bank_match")
    assert item.case.known_matches == 1
    assert entries("case.restricted") == 1
    assert not Item.objects.for_user(person("mona")).filter(pk=item.pk).exists()
    assert not BankMatch.objects.for_user(person("mona")).exists()
    assert BankMatch.objects.for_user(person("sena")).count() == 1


def test_a_broken_index_is_a_state_of_its_own_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture(1)
    keep(make_bank(), pdq_of(data))

    def full(*_args: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(indexing, "build", full)
        item = examined(make_case(), data)
    assert signal_of(item).status == "failed"
    assert "index" in signal_of(item).reason
    assert "did not run" in signal_of(item).sentence
    do_again(item)
    assert signal_of(item).status == "found"
    assert entries("evidence.matched") == 1


def do_again(item: Item) -> None:
    job = Job.objects.get(kind="evidence.match", args={"item": str(item.public_id)})
    start = claim(job.public_id)
    assert start is not None
    comparing.match_again(str(item.public_id), start=start)


def test_an_entry_that_came_while_the_item_was_examined_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, bank = picture(1), make_bank()
    keep(bank, b"\7" * 32)
    asked = comparing.ask_banks

    def ask_and_then_somebody_adds(*args: Any) -> Any:
        answer = asked(*args)
        keep(bank, pdq_of(data))
        return answer

    monkeypatch.setattr(comparing, "ask_banks", ask_and_then_somebody_adds)
    item = examined(make_case(), data)
    assert signal_of(item).status == "not_found"
    do_again(item)
    assert signal_of(item).status == "found"
    item.case.refresh_from_db()
    assert item.case.known_matches == 1


def test_the_hashes_of_all_turns_are_kept_in_one_row() -> None:
    item = examined(make_case(), picture(1))
    row = PerceptualHash.objects.get(item=item, algorithm="pdq_turns")
    assert len(bytes(row.value)) == 8 * 32
    upright = PerceptualHash.objects.get(item=item, algorithm="pdq")
    assert bytes(row.value)[:32] == bytes(upright.value)


def test_a_withdrawn_entry_ends_its_match_on_the_timeline_and_in_the_factor() -> None:
    data = picture(1)
    entry = keep(make_bank(), pdq_of(data))
    item = examined(make_case(), data)
    withdraw_entry(entry, actor=person("lena"), reason="an error")
    item.case.refresh_from_db()
    assert (signal_of(item).status, item.case.known_matches) == ("not_found", 0)
    [ended] = told("evidence.match_ended")
    assert ended.case_id == item.case.public_id
    assert BankMatch.objects.filter(item=item).count() == 1, "what was found stays written down"


def test_a_bank_switched_off_and_on_again_takes_its_matches_along() -> None:
    data, bank = picture(1), make_bank()
    keep(bank, pdq_of(data))
    item = examined(make_case(), data)
    change_bank(bank, actor=person("lena"), active=False)
    assert signal_of(item).status == "not_found"
    change_bank(bank, actor=person("lena"), active=True)
    item.case.refresh_from_db()
    assert (signal_of(item).status, item.case.known_matches) == ("found", 1)
    assert (entries("evidence.match_ended"), entries("evidence.matched")) == (1, 2)


def test_a_tighter_threshold_ends_matches_beyond_it() -> None:
    data, bank = picture(1), make_bank()
    keep(bank, flipped(pdq_of(data), 20))
    item = examined(make_case(), data)
    change_bank(bank, actor=person("lena"), pdq_radius=19)
    assert signal_of(item).status == "not_found"


def test_a_bank_that_begins_to_restrict_restricts_what_it_has_matched() -> None:
    data, bank = picture(1), make_bank()
    keep(bank, pdq_of(data))
    item = examined(make_case(), data)
    change_bank(bank, actor=person("lena"), on_match=Bank.OnMatch.RESTRICT)
    item.case.refresh_from_db()
    assert item.case.restricted


def own_entry(bank: Bank, item: Item, data: bytes) -> Entry:
    return keep(bank, pdq_of(data), origin_item=item.public_id, origin_ref=str(item.public_id))


def test_a_match_that_comes_from_a_restricted_case_is_for_the_cleared_only() -> None:
    data = picture(1)
    hidden = make_case(minor_indicated=True)
    own_entry(make_bank(), make_item(hidden, picture(9)), data)
    item = examined(make_case(), data)
    item.case.refresh_from_db()
    assert (signal_of(item).status, item.case.known_matches) == ("not_found", 0)
    assert not BankMatch.objects.for_user(person("mona")).exists()
    assert BankMatch.objects.for_user(person("lena")).count() == 1
    [matched] = told("evidence.matched")
    assert matched.case_id == hidden.public_id, (
        "on the open case's timeline it would betray the restricted one"
    )


def test_freeing_the_case_an_entry_came_from_shows_its_matches() -> None:
    data = picture(1)
    hidden = make_case(minor_indicated=True)
    own_entry(make_bank(), make_item(hidden, picture(9)), data)
    item = examined(make_case(), data)
    unrestrict_case(hidden, actor=person("lena"))
    item.case.refresh_from_db()
    assert (signal_of(item).status, item.case.known_matches) == ("found", 1)
    restrict_case(hidden, actor=person("lena"), why="minor_suspected")
    item.case.refresh_from_db()
    assert (signal_of(item).status, item.case.known_matches) == ("not_found", 0)


def test_an_entry_made_from_the_case_itself_is_no_match() -> None:
    data, case = picture(1), make_case()
    own_entry(make_bank(), make_item(case, picture(9)), data)
    item = examined(case, data)
    assert not BankMatch.objects.filter(item=item).exists()


def test_a_bank_that_matched_much_is_changed_at_once_and_recounted_by_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matching, "RECOUNTED_AT_ONCE", 1)
    data, bank = picture(1), make_bank()
    keep(bank, pdq_of(data))
    items = [examined(make_case(), data) for _ in range(2)]
    change_bank(bank, actor=person("lena"), active=False)
    assert [signal_of(item).status for item in items] == ["not_found", "found"]
    [job] = Job.objects.filter(kind="evidence.recount")
    start = claim(job.public_id)
    assert start is not None
    comparing.recount(start.args["items"], start=start)
    assert signal_of(items[1]).status == "not_found"
    assert entries("evidence.match_ended") == 2
