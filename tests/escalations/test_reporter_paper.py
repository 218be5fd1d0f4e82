"""A document of one's own report: asked for with the access code once more, from rows alone, without a picture."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from casework.audit.models import Checkpoint
from casework.cases import actions as cases
from casework.cases.models import Basis, Outcome, Policy
from casework.escalations import police
from casework.reports import codes
from casework.reports.actions import Filed, receive_message, send_message
from tests.cast import person
from tests.escalations.handing import make_partner, make_sent
from tests.escalations.reporters import come_back, file_one
from tests.journal import all_verbs
from tests.reports.conftest import entries
from tests.worlds import make_item

pytestmark = pytest.mark.django_db

MADE = "report.package_made"
OWN_WORDS = {"statement": "He wrote that he would send it on.", "description": "the third of the row"}


def ask(client: Client, filed: Filed, form: str = "text", **changes: str) -> Any:
    return client.post("/status/paper/", {"form": form, "code": filed.access_code, **changes})


def read(filed: Filed) -> str:
    answer = ask(come_back(filed), filed)
    assert answer.status_code == 200
    return str(answer.content.decode())


def decided(filed: Filed) -> None:
    """mona has it taken down; one place is confirmed as gone."""
    mona, case = person("mona"), filed.report.case
    token = cases.claim_case(case, actor=mona)
    decision = cases.decide_case(
        case, actor=mona, token=token, outcome=Outcome.REMOVE, policy=Policy.NCII_AI, bases=[Basis.REPORT],
        grounds="what the desk keeps to itself", statement="It was shared without agreement.",
    )  # fmt: skip
    effect = decision.effects.get(kind="take_down")
    cases.settle_effect(effect, actor=person("milo"), confirmed=True)


def test_the_person_depicted_gets_everything_about_their_report() -> None:
    filed = file_one(**OWN_WORDS)
    make_item(filed.report.case)
    decided(filed)
    send_message(filed.report, "We are on it.", actor=person("mona"))
    receive_message(filed.report, "Thank you for that.")
    make_sent(make_partner("Quill"), case=filed.report.case)
    text = read(filed)
    item = filed.report.case.items.get()
    for said in (
        codes.shown_reference(filed.report.reference), "https://pictures.example/p/1", "confirmed as gone on",
        item.sha256, item.md5, "It was shared without agreement.", "We are on it.", OWN_WORDS["statement"],
        OWN_WORDS["description"], "An organisation that supports people concerned", "No picture or video went along.",
    ):  # fmt: skip
        assert said in text
    for kept_back in (
        "To the police in",
        "Noor",
        "noor@mail",
        "what the desk keeps",
        "Mona",
        "Quill",
        filed.access_code,
        "Thank you for",
    ):
        assert kept_back not in text


def test_advice_and_letters_are_a_file_of_their_own_that_is_not_handed_over() -> None:
    filed = file_one(role="guardian")
    answer = ask(come_back(filed), filed, "words")
    assert answer["Content-Disposition"] == 'attachment; filename="notes.txt"'
    text = answer.content.decode()
    for said in (
        "To the police in [town]", "Please take down what is at these places", "If you go to the police",
        "https://pictures.example/p/1", "I act for the person shown.", codes.shown_reference(filed.report.reference),
    ):  # fmt: skip
        assert said in text
    assert filed.access_code not in text
    assert [said for _, said in entries(MADE, filed.report.case)] == [{"form": "words"}]


def test_the_log_is_named_by_its_entry_and_its_signed_state() -> None:
    filed = file_one()
    before = read(filed)
    assert "not signed yet" in before
    Checkpoint.objects.create(
        size=7, root=bytes(32), note="desk.example/log\n7\nAAAA\n\n— desk.example/log BBBB\n"
    )
    text = read(filed)
    assert "not signed yet" not in text
    assert "desk.example/log\n7\nAAAA" in text
    assert re.search(r"Entry of the log: [0-9a-f-]{36}, 20", text)


def test_who_came_across_it_gets_places_and_times_alone() -> None:
    filed = file_one(role="somebody_else", **OWN_WORDS)
    make_item(filed.report.case)
    decided(filed)
    make_sent(make_partner("Quill"), case=filed.report.case)
    client = come_back(filed)
    assert "Nothing in it is about the person shown" in client.get("/status/paper/").content.decode()
    assert ask(client, filed, "words").status_code == 422
    text = read(filed)
    assert "https://pictures.example/p/1" in text
    assert "confirmed as gone on" in text
    for kept_back in (
        *OWN_WORDS.values(), "18 or older", "It was shared without", filed.report.case.items.get().sha256, "Quill",
        "supports people concerned", "To the police in",
    ):  # fmt: skip
        assert kept_back not in text


def test_a_silent_hand_over_changes_no_byte_of_the_document() -> None:
    filed = file_one()
    before = police.text(police.paper(filed.report))
    make_sent(make_partner(), case=filed.report.case, nondisclosure_until=timezone.now() + timedelta(days=1))
    assert police.text(police.paper(filed.report)) == before


def test_a_restricted_case_has_the_same_document() -> None:
    documents = [police.paper(file_one(age_at_the_time=age).report) for age in ("adult", "minor")]
    assert [part.heading for part in documents[0].sections] == [
        part.heading for part in documents[1].sections
    ]
    assert "restricted" not in police.text(documents[1]).lower()


# --- its forms


def test_the_pdf_says_what_the_text_says(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    filed = file_one(**OWN_WORDS)
    answer = ask(come_back(filed), filed, "pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="document.pdf"'
    assert "no-store" in answer["Cache-Control"]
    (tmp_path / "document.pdf").write_bytes(answer.content)
    told = [require_tool("pdftotext"), "-layout", str(tmp_path / "document.pdf"), "-"]
    drawn = " ".join(subprocess.run(told, capture_output=True, check=True, text=True).stdout.split())
    for said in (
        OWN_WORDS["statement"],
        "pictures.example/p/1",
        "How this can be proven",
    ):
        assert said in drawn
    images = [require_tool("pdfimages"), "-list", str(tmp_path / "document.pdf")]
    assert len(subprocess.run(images, capture_output=True, check=True, text=True).stdout.splitlines()) == 2


def test_letters_that_a_pdf_cannot_draw_are_announced_with_the_file_that_holds_them(
    require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    filed = file_one(statement="قال إنه سيرسلها")
    client = come_back(filed)
    (tmp_path / "document.pdf").write_bytes(ask(client, filed, "pdf").content)
    told = [require_tool("pdftotext"), str(tmp_path / "document.pdf"), "-"]
    drawn = " ".join(subprocess.run(told, capture_output=True, check=True, text=True).stdout.split())
    assert "The file document.html holds them." in drawn
    assert "قال إنه سيرسلها" in ask(client, filed, "html").content.decode()


def test_the_web_page_is_a_file_without_script_whose_every_word_is_escaped() -> None:
    filed = file_one(statement="<script>alert(1)</script>")
    answer = ask(come_back(filed), filed, "html")
    assert answer["Content-Disposition"] == 'attachment; filename="document.html"'
    text = answer.content.decode()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "<img" not in text


def test_a_language_from_right_to_left_is_offered_no_pdf() -> None:
    filed = file_one()
    client = come_back(filed)
    assert 'value="pdf"' in client.get("/status/paper/").content.decode()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "ar-xb"
    with translation.override("ar-xb"):
        assert 'value="pdf"' not in client.get("/status/paper/").content.decode()
        assert ask(client, filed, "pdf").status_code == 422
    assert not entries(MADE)


# --- who gets it


def test_making_it_is_written_down() -> None:
    filed = file_one()
    read(filed)
    [(subject, said)] = entries(MADE, filed.report.case)
    assert subject == f"reports.report:{filed.report.pk}"
    assert said == {"form": "text"}


def test_the_code_may_be_typed_in_groups() -> None:
    filed = file_one()
    typed = codes.shown_access_code(filed.access_code).lower()
    assert ask(come_back(filed), filed, code=typed).status_code == 200


@pytest.mark.parametrize("code", ["", "wrong", "of another report"])
def test_an_open_page_without_the_right_code_gets_nothing(code: str) -> None:
    filed = file_one()
    client = come_back(filed)
    before = all_verbs()
    answer = ask(client, filed, code=codes.new_access_code() if code == "of another report" else code)
    assert answer.status_code == 422
    assert answer["Content-Type"].startswith("text/html")
    assert "pictures.example" not in answer.content.decode()
    assert all_verbs() == before


def test_the_code_without_the_open_page_gets_nothing() -> None:
    filed = file_one()
    assert ask(Client(), filed)["Location"] == "/status/?again=1"
    assert not entries(MADE)


def test_guessing_at_an_open_page_is_stopped_with_the_tries_at_the_door() -> None:
    filed = file_one()
    client = come_back(filed)  # the first of ten
    tries = [ask(client, filed, code=codes.new_access_code()).status_code for _ in range(10)]
    assert tries == [422] * 9 + [429]
    assert ask(client, filed).status_code == 429
    assert not entries(MADE)


def test_the_page_links_to_it_and_asking_needs_no_picture_of_anybody() -> None:
    client = come_back(file_one())
    assert 'href="/status/paper/"' in client.get("/status/page/").content.decode()
    text = client.get("/status/paper/").content.decode()
    assert "<title>Document" in text
    assert 'type="file"' not in text
    assert "<img" not in text
