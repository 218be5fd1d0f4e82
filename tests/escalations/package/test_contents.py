"""What stands in a package: all the facts, each escaped for its reader, the same bytes for the same facts."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import run

import pytest
from django.utils import translation

from casework.audit import inclusion
from casework.escalations.package import assembling, contents, manifest, pdf
from casework.escalations.package.archive import BadName, WrongSize, of_bytes
from casework.escalations.package.assembling import NotAllowed
from casework.escalations.package.facts import Tlp
from casework.escalations.package.sheet import Section, Sheet, sharing_words, sheet

from .making import APPROVED, GARDEN, LOG, SIGNER, make_facts, make_item, make_log, make_picture, number


def files(**changes: object) -> dict[str, bytes]:
    """The payload by name, without ``data/``."""
    return {one.name[5:]: b"".join(one.read()) for one in contents.payload(make_facts(**changes))}


def test_a_package_holds_what_was_promised() -> None:
    names = {one.name.partition("/")[2] for one in assembling.prepared(make_facts(), SIGNER).members}
    tags = {f"{kind}manifest-{name}.txt" for kind in ("", "tag") for name in ("sha256", "sha512")}
    assert {"MANIFEST.note", "bagit.txt", "bag-info.txt", *tags} <= names
    payload = {
        *(
            "README.txt",
            "TLP.txt",
            "facts.html",
            "facts.pdf",
            "case-uco.jsonld",
            "items.json",
            "custody.json",
        ),
        *(
            "custody.csv",
            "decisions.json",
            "statements.json",
            "scores.json",
            "log/checkpoint.txt",
            "log/key.txt",
        ),
    }
    assert {f"data/{name}" for name in payload} <= names
    assert len([name for name in names if name.endswith(".tlog-proof")]) == 3
    assert not [name for name in names if "pictures" in name or name.endswith(".py")]


def test_the_same_facts_give_the_same_bytes() -> None:
    first, second = (b"".join(assembling.prepared(make_facts(), SIGNER).stream()) for _time in range(2))
    assert first == second


def test_a_restart_goes_on_where_it_was_cut() -> None:
    package = assembling.prepared(make_facts(pictures=(make_picture(),), imagery=APPROVED), SIGNER)
    whole = b"".join(package.stream())
    for start in (0, 1, 511, 5000, len(whole) - 1024, len(whole)):
        assert b"".join(package.stream(start)) == whole[start:]


@pytest.mark.parametrize(
    "approval",
    [
        None,
        dataclasses.replace(APPROVED, second=APPROVED.first),
        dataclasses.replace(APPROVED, reference=""),
    ],
)
def test_pictures_leave_only_when_two_people_have_said_so(approval: object) -> None:
    with pytest.raises(NotAllowed, match="two different people"):
        assembling.prepared(make_facts(pictures=(make_picture(),), imagery=approval), SIGNER)


def test_a_picture_without_the_recipients_mark_does_not_leave() -> None:
    with pytest.raises(NotAllowed, match="mark"):
        assembling.prepared(make_facts(pictures=(make_picture(mark=""),), imagery=APPROVED), SIGNER)


def test_a_picture_of_an_item_outside_the_package_does_not_leave() -> None:
    stray = make_picture(item=number(99))
    with pytest.raises(NotAllowed, match="none of the items"):
        assembling.prepared(make_facts(pictures=(stray,), imagery=APPROVED), SIGNER)


def test_a_picture_that_changed_its_length_stops_the_package() -> None:
    short = make_picture(size=len(GARDEN) + 1)
    with pytest.raises(WrongSize):
        assembling.prepared(make_facts(pictures=(short,), imagery=APPROVED), SIGNER)


@pytest.mark.parametrize("name", ["MANIFEST.note", "A.txt", "0"])
def test_no_file_stands_before_the_signed_list(name: str) -> None:
    with pytest.raises(BadName, match="first file"):
        manifest.text(number(3), "bag", [(of_bytes(name, b""), "0" * 64)])


def test_items_are_listed_with_all_their_digests_and_their_picture() -> None:
    written = files(pictures=(make_picture(),), imagery=APPROVED)
    listed = json.loads(written["items.json"])
    assert listed["items"][0]["digests"] == dict(make_item().digests)
    assert listed["items"][0]["included"] == {
        "file": "data/pictures/exhibit-1.png",
        "mark": "77",
        "size": len(GARDEN),
    }
    assert json.loads(files()["items.json"])["items"][0]["included"] is None


def test_custody_is_the_same_in_both_forms() -> None:
    written = files()
    rows = list(csv.DictReader(io.StringIO(written["custody.csv"].decode())))
    told = json.loads(written["custody.json"])
    assert (
        [row["action"] for row in rows] == [event["action"] for event in told] == ["ingested", "viewed_clear"]
    )
    assert [row["actor_role"] for row in rows] == [event["actor"]["role"] for event in told]
    assert rows[1]["at"] == told[1]["at"] == "2026-11-20T13:00:00.000Z"


def test_no_cell_of_the_custody_table_is_a_formula() -> None:
    event = dataclasses.replace(make_facts().custody[0], reason="=HYPERLINK(1)")
    assert b'"\'=HYPERLINK(1)"' in contents.custody_csv([event])


def test_a_score_that_is_absent_is_unchecked_and_not_empty() -> None:
    scores = json.loads(files()["scores.json"])
    assert [(score["value"], score["checked"]) for score in scores] == [("0.12", True), (None, False)]
    assert b"not checked" in files()["facts.html"]


def test_every_entry_of_the_log_is_proven_by_the_files_alone() -> None:
    written = files()
    leaves = [name for name in written if name.endswith(".leaf")]
    assert len(leaves) == 3
    for name in leaves:
        proof = written[name.replace(".leaf", ".tlog-proof")].decode()
        assert inclusion.verified(proof, written[name], LOG.verifier)[0] == int(name[4:14])
    assert written["log/key.txt"].decode().strip() == LOG.verifier.vkey


def test_a_package_without_a_log_says_nothing_of_one() -> None:
    written = files(log=None)
    assert not [name for name in written if name.startswith("log/")]
    assert b"<h2>Log</h2>" not in written["facts.html"]
    assert b"data/log/" not in written["README.txt"]


def test_entries_that_still_wait_for_their_seal_are_said_to_be_missing() -> None:
    waiting = dataclasses.replace(make_log(1), waiting=2)
    assert "2 newer entries were not sealed yet" in files(log=waiting)["facts.html"].decode()


def test_the_page_escapes_what_people_wrote_and_loads_nothing() -> None:
    page = files()["facts.html"].decode()
    assert "That is &lt;my&gt; garden." in page
    assert not re.search(r"<(script|img|link|iframe|form|object)\b|\son\w+=|\ssrc=|\shref=", page)
    assert "default-src 'none'" in page


@pytest.mark.parametrize("tlp", list(Tlp))
def test_the_label_and_what_it_allows_stand_everywhere(tlp: Tlp) -> None:
    written = files(tlp=tlp)
    for name in ("TLP.txt", "README.txt"):
        assert tlp.value in written[name].decode()
        assert sharing_words(tlp) in written[name].decode()
    assert tlp.value.encode() in written["facts.html"]


def test_the_readme_says_not_to_trust_what_comes_inside() -> None:
    assert "another way than this package" in files()["README.txt"].decode()


def test_the_words_are_in_the_language_that_is_active() -> None:
    with translation.override("ar-xb"):
        assert b'lang="ar-xb"' in files()["facts.html"]


# --- the PDF ---------------------------------------------------------------------------------------------


@pytest.fixture
def pdf_text(require_tool: Callable[[str], str], tmp_path: Path) -> Callable[[bytes], str]:
    """The text of a PDF as Poppler reads it."""

    def read(data: bytes) -> str:
        path = tmp_path / "facts.pdf"
        path.write_bytes(data)
        ran = run([require_tool("pdftotext"), "-layout", str(path), "-"], check=True, capture_output=True)
        return ran.stdout.decode()

    return read


def one(text: str) -> Sheet:
    return Sheet("Facts", "TLP:RED", (Section("A heading", (text,), ("Head",), ((text,),)),))


def test_the_pdf_is_the_same_each_time_and_says_nothing_of_now() -> None:
    drawn = sheet(make_facts())
    assert pdf.document(drawn) == pdf.document(drawn)
    assert b"/CreationDate (D:20000101000000+00'00')" in pdf.document(drawn)


def test_the_pdf_reads_as_it_was_written(pdf_text: Callable[[bytes], str]) -> None:
    said = pdf_text(files()["facts.pdf"])
    for words in ("CW-1042", "TLP:AMBER+STRICT", "Hotline Północ", "That is <my> garden.", "CW-1042-1"):
        assert words in said
    assert "[U+" not in said


@pytest.mark.parametrize("text", ["Łódź, straße, Ελλάδα, Київ, Việt Nam", "‘quotes’ — dashes… €", "e\u0301"])
def test_scripts_that_need_no_shaping_are_drawn(text: str, pdf_text: Callable[[bytes], str]) -> None:
    said = pdf_text(pdf.document(one(text)))
    assert text in said
    assert "[U+" not in said


@pytest.mark.parametrize("text", ["صورة", "תמונה", "写真", "चित्र", "🌷", "a\u202eb", "\ue000"])
def test_what_can_not_be_drawn_is_named_and_never_a_box(text: str, pdf_text: Callable[[bytes], str]) -> None:
    said = pdf_text(pdf.document(one(text)))
    assert "facts.html holds them" in said
    for letter in text:
        assert letter in said or f"[U+{ord(letter):04X}]" in said


def test_a_statement_longer_than_a_page_is_drawn_whole(pdf_text: Callable[[bytes], str]) -> None:
    words = " ".join(f"word{at}" for at in range(4000))
    said = pdf_text(
        pdf.document(Sheet("Facts", "TLP:RED", (Section("Said", (), ("a", "b"), (("x", words),)),)))
    )
    joined = "".join(said.split())
    assert all(f"word{at}" in joined for at in range(4000))


@pytest.mark.parametrize("columns", [2, 5])
@pytest.mark.parametrize(
    "cell", ["\n".join(f"@account{n}" for n in range(200)), "a\n" * 740, "m" * 1500, "W" * 5000, "\n" * 3000]
)
def test_no_text_is_too_high_for_a_page(cell: str, columns: int) -> None:
    row = ("a label that takes its share of the width of the table",) * (columns - 1) + (cell,)
    drawn = Sheet("Facts", "TLP:RED", (Section("Said", (cell,), ("head",) * columns, (row, row)),))
    assert pdf.document(drawn).startswith(b"%PDF")


def test_a_word_longer_than_a_line_is_broken(pdf_text: Callable[[bytes], str]) -> None:
    said = "".join(pdf_text(pdf.document(one("https://pictures.test/" + "a" * 3000 + "z"))).split())
    assert said.count("a" * 200) >= 1
    assert "TLP:RED" in said
