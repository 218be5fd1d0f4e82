"""Lists of hashes: handed in by lena, sealed, read by a worker in pages, bad lines named, done once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from casework.evidence import comparing
from casework.evidence.models import BankMatch, Blob
from casework.evidence.sealing import open_blob
from casework.hashbanks import indexing
from casework.hashbanks.models import Bank, Entry, ListImport, RunState, Sweep
from casework.jobs.actions import GiveUp, give_up
from tests.cast import client_of, make_case, person
from tests.evidence.making import entries
from tests.evidence.matching import blob_exists, hashed_item, import_list, start_of, sweep
from tests.hashbanks.making import make_bank, pdq

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def index(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.HASH_INDEX_DIR = tmp_path / "index"
    indexing._open.clear()
    yield
    indexing._open.clear()


def csv_of(*seeds: int) -> bytes:
    return ("signal,value\n" + "".join(f"pdq,{pdq(seed).hex()}\n" for seed in seeds)).encode()


def hand_in(bank: Bank, data: bytes = b"", text: str = "", who: str = "lena") -> Any:
    fields: dict[str, Any] = {"text": text}
    if data:
        fields["list"] = SimpleUploadedFile("hashes.csv", data, "text/csv")
    return client_of(person(who)).post(reverse("bank_import", args=[bank.public_id]), fields)


def test_lena_hands_in_a_file_and_a_worker_reads_it() -> None:
    bank = make_bank()
    assert hand_in(bank, csv_of(1, 2) + b"nonsense\n").status_code == 302
    asked = ListImport.objects.get()
    assert (asked.state, asked.name, asked.asked_by) == (RunState.QUEUED, "hashes.csv", person("lena"))
    blob = Blob.objects.get(public_id=asked.blob)
    assert open_blob(blob) == csv_of(1, 2) + b"nonsense\n", "sealed, and never in clear on a disk"
    asked = import_list(asked)
    assert (asked.state, asked.line, asked.added, asked.known, asked.bad) == (RunState.DONE, 4, 2, 0, 1)
    assert asked.faults[0]["line"] == 4
    assert {entry.origin for entry in Entry.objects.all()} == {"hashes.csv"}
    assert not blob_exists(asked.blob)
    assert (entries("bank.list_offered"), entries("bank.list_imported")) == (1, 1)


def test_pasted_lines_take_the_same_way() -> None:
    bank = make_bank()
    hand_in(bank, text=csv_of(1).decode())
    assert import_list(ListImport.objects.get()).added == 1


def test_the_same_list_twice_adds_nothing() -> None:
    bank = make_bank()
    for _ in range(2):
        hand_in(bank, csv_of(1, 2))
        asked = import_list(ListImport.objects.first())  # type: ignore[arg-type]
    assert (asked.added, asked.known, Entry.objects.count()) == (0, 2, 2)
    assert Sweep.objects.count() == 1


def test_what_a_list_adds_is_compared_with_stored_evidence() -> None:
    item = hashed_item(make_case(), 1)
    hand_in(make_bank(), csv_of(1, 2))
    import_list(ListImport.objects.get())
    assert sweep(Sweep.objects.get()).hits == 1
    assert BankMatch.objects.get().item == item


def test_a_list_is_read_on_where_the_last_job_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "LINES_AT_ONCE", 2)
    monkeypatch.setattr(comparing, "SLICE", -1.0)
    hand_in(make_bank(), csv_of(1, 2, 3, 4, 5))
    asked = ListImport.objects.get()
    seen = []
    while asked.state != RunState.DONE:
        asked = import_list(asked)
        seen.append((asked.line, asked.added))
    assert seen == [(3, 2), (5, 4), (6, 5), (6, 5)]
    run = Sweep.objects.get()
    assert Entry.objects.filter(changed_seq__gt=run.from_seq, changed_seq__lte=run.to_seq).count() == 5
    assert entries("bank.list_imported") == 1


def test_what_is_no_list_is_given_up_in_words() -> None:
    hand_in(make_bank(), b"\x89PNG not a list")
    asked = ListImport.objects.get()
    public_id = str(asked.public_id)
    start = start_of("evidence.import_list", list_import=public_id)
    with pytest.raises(GiveUp) as given:
        comparing.import_list(public_id, start=start)
    give_up(start, given.value.code, given.value.sentence)
    asked.refresh_from_db()
    assert asked.state == RunState.FAILED
    assert "first line" in asked.why
    assert not blob_exists(asked.blob)
    assert entries("bank.list_failed") == 1


@pytest.mark.parametrize("who", ["mona", "sena", "lex", "audra"])
def test_others_hand_in_nothing(who: str) -> None:
    assert hand_in(make_bank(), csv_of(1), who=who).status_code == 403
    assert not ListImport.objects.exists()
    assert entries("bank.list_offered") == 0


def test_nothing_and_two_things_are_refused_in_words() -> None:
    bank = make_bank()
    for answer in (hand_in(bank), hand_in(bank, csv_of(1), text=csv_of(2).decode())):
        assert answer.status_code == 422
        assert "Choose one file or paste lines" in answer.content.decode()
    assert not ListImport.objects.exists()
    assert not Blob.objects.exists()


def test_a_bank_of_an_exchange_takes_no_lists() -> None:
    assert hand_in(make_bank(source=Bank.Source.EXCHANGE), csv_of(1)).status_code == 422
    assert not ListImport.objects.exists()
