"""Lists as CSV and JSON lines: good lines kept, bad ones named with number and reason, round trips."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.db import transaction

from casework.hashbanks import actions, lists
from casework.hashbanks.models import Entry
from casework.hashbanks.values import NewEntry
from tests.cast import person
from tests.evidence.making import entries
from tests.hashbanks.making import keep, make_bank, pdq

PDQ, SHA, MD5 = pdq(1).hex(), "ab" * 32, "cd" * 16


def read(text: str | bytes, **kwargs: object) -> tuple[list[NewEntry], dict[int, str]]:
    data = text.encode() if isinstance(text, str) else text
    lines = list(lists.read_list(data, **kwargs))  # type: ignore[arg-type]
    good = [line.said for line in lines if isinstance(line.said, NewEntry)]
    return good, {line.number: line.said.reason for line in lines if isinstance(line.said, lists.Fault)}


def test_csv_needs_two_columns_and_takes_more() -> None:
    clip = uuid4()
    header = "signal,value,quality,version,clip,frame_at,origin,ref,tags\n"
    [entry], faults = read(f"{header}pdq,{PDQ},88,pdq 1,{clip},2.5,a hotline,r-1,a;b\n")
    assert faults == {}
    assert entry == NewEntry(
        "pdq", pdq(1), 88, "pdq 1", clip, 2.5, origin="a hotline", origin_ref="r-1", tags=("a", "b")
    )


def test_names_that_others_give_to_the_columns_are_understood() -> None:
    [entry], _faults = read(f"hash_value,signal_type,theirs\n{SHA.upper()},SHA-256,x\n")
    assert (entry.signal, entry.value.hex()) == ("sha256", SHA)


def test_json_lines_need_two_keys_and_take_more() -> None:
    line = json.dumps({"signal": "pdq", "value": PDQ, "quality": 90, "tags": ["a"], "ref": "r"})
    good, faults = read(f"{line}\n\n{line}\n")
    assert ([entry.origin_ref for entry in good], faults) == (["r", "r"], {})


@pytest.mark.django_db
def test_tags_hold_nothing_that_a_database_or_a_spreadsheet_would_choke_on() -> None:
    tags = ["\0", "a\0b", "\ud800c", "\t=cmd()"]
    good, faults = read(json.dumps({"signal": "sha256", "value": SHA, "tags": tags}))
    assert ([entry.tags for entry in good], faults) == ([("ab", "c", "=cmd()")], {})
    bank = make_bank()
    with transaction.atomic():
        assert actions.keep_entries(bank, good).added == 1
    shown = "".join(actions.export_bank(bank, actor=person("lena"), form="csv"))
    assert ",ab;c;=cmd()," in shown


def test_bad_lines_are_named_and_good_ones_kept() -> None:
    text = "\n".join(
        [
            "signal,value,quality,status",
            f"pdq,{PDQ},80,", "pdq,1234,80,", f"crc,{PDQ},80,", f"pdq,{PDQ},eighty,", f"pdq,{PDQ},12,", "",
            f"pdq,{PDQ}", f'pdq,"{PDQ},80,', f"pdq,{'0' * 64},80,", f"md5,{MD5},,withdrawn", f"md5,{MD5},,active",
        ]
    )  # fmt: skip
    good, faults = read(text)
    assert [entry.signal for entry in good] == ["pdq", "md5"]
    assert sorted(faults) == [3, 4, 5, 6, 8, 9, 10, 11]
    assert all(faults.values())
    assert "64 hex digits" in faults[3]
    assert "too little detail" in faults[6]


def test_bad_json_lines_are_named() -> None:
    good = json.dumps({"signal": "md5", "value": MD5})
    bad = [
        "{",
        "[1]",
        '{"signal": "md5"}',
        '{"signal": "md5", "value": "x", "tags": 3}',
        "[" * 4000,
        '"text"',
    ]
    kept, faults = read("\n".join([good, *bad, good]))
    assert (len(kept), sorted(faults)) == (2, [2, 3, 4, 5, 6, 7])


def test_lines_that_are_too_long_or_no_text_are_named() -> None:
    data = b"signal,value\n" + b"x" * 300_000 + b"\n" + b"md5,\xff\xfe\n" + f"md5,{MD5}\n".encode()
    good, faults = read(data)
    assert (len(good), sorted(faults)) == (1, [2, 3])


def test_a_mark_at_the_start_and_windows_line_ends_do_no_harm() -> None:
    good, faults = read(b"\xef\xbb\xbfsignal,value\r\nmd5," + MD5.encode() + b"\r\n")
    assert (len(good), faults) == (1, {})


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n1,2\n", PDQ, "\x89PNG\r\n\x1a\n"])
def test_what_is_no_list_is_refused_in_words(text: str) -> None:
    with pytest.raises(lists.NoList, match=r"\w+ \w+"):
        read(text)


def test_reading_goes_on_behind_a_checkpoint() -> None:
    text = "signal,value\n" + "".join(f"pdq,{pdq(seed).hex()}\n" for seed in range(1, 6))
    good, _faults = read(text, after=4)
    assert [entry.value for entry in good] == [pdq(4), pdq(5)]


def test_a_list_may_not_go_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_LINES", 3)
    with pytest.raises(lists.NoList, match="more than 3 lines"):
        read("signal,value\n" + f"md5,{MD5}\n" * 3)


def test_unprintable_characters_do_not_reach_the_database() -> None:
    [entry], _faults = read(json.dumps({"signal": "md5", "value": MD5, "origin": "a\u0000b\u202e"}))
    assert entry.origin == "ab"


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_exported_can_be_imported_again(form: str) -> None:
    bank = make_bank()
    keep(bank, pdq(1), quality=90, version="pdq 1", origin="=cmd|x", origin_ref="r", tags=("a", "b"))
    keep(bank, pdq(2), clip=uuid4(), frame_at=1.5)
    gone = keep(bank, pdq(3))
    actions.withdraw_entry(gone, actor=person("lena"), reason="x")
    text = "".join(actions.export_bank(bank, actor=person("lena"), form=form))
    good, faults = read(text)
    assert [(entry.value, entry.quality, entry.frame_at) for entry in good] == [
        (pdq(1), 90, None), (pdq(2), None, 1.5),
    ]  # fmt: skip
    assert list(faults.values()) == ["The list says that this entry is withdrawn or deleted."]
    assert entries("bank.exported") == 1
    assert ("=cmd" in text.replace("'=cmd", "")) is (form == "jsonl"), "a spreadsheet must not run it"


@pytest.mark.django_db
def test_a_deleted_entry_is_not_exported() -> None:
    from django.db import transaction

    bank = make_bank()
    entry = keep(bank, pdq(1))
    with transaction.atomic():
        actions.drop_entries([entry.pk], to=Entry.Status.DELETED)
    assert len(list(actions.export_bank(bank, actor=person("lena"), form="csv"))) == 1
