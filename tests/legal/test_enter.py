"""Entering a request: exact identifiers, its document, and not a word of cases that do not exist for somebody."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from casework.cases import actions as cases
from casework.legal import actions, targets
from casework.legal.models import LegalRequest, Type
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs, verbs_of
from tests.legal.making import EMERGENCY, PAGE, enter

pytestmark = pytest.mark.django_db
STAMP = "%Y-%m-%dT%H:%M"


def filled(**fields: Any) -> dict[str, Any]:
    """The form as lex fills it in for a warrant."""
    now = timezone.now()
    return {
        "authority": "State Court", "country": "us", "officer_name": "Officer Kay", "officer_phone": "+1 202 555 0100",
        "received_at": (now - timedelta(hours=1)).strftime(STAMP),
        "deadline_at": (now + timedelta(days=9)).strftime(STAMP),
        "targets": f"{PAGE}\n@somebody", "categories": ["locators", "content"],
    } | fields  # fmt: skip


def test_lex_enters_a_warrant_and_the_case_is_found():
    case = make_case()
    answer = client_of(person("lex")).post("/legal/new/search_warrant/", filled())
    request = LegalRequest.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/legal/{request.public_id}/"
    assert (request.country, request.officer["name"]) == ("US", "Officer Kay")
    assert [matter.case for matter in request.matters.all()] == [case]
    assert all_verbs()[-2:] == ["legal.received", "legal.matched"]
    assert verbs_of(case)[-1] == "legal.matched"
    for name, told in (("lex", True), ("mona", False)):
        timeline = client_of(person(name)).get(f"/cases/{case.public_id}/").text
        assert ("found a case that a legal request concerns" in timeline) is told


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("https://pictures.example/", "whole site"),
        ("https://pictures.example", "whole site"),
        ("https://pictures.example/u/*", "wildcard"),
        ("pictures.example", "no exact identifier"),
        ("everything about Mona", "no exact identifier"),
        ("@", "no exact identifier"),
        ("https://", "no address"),
    ],
    ids=["root", "bare", "wildcard", "host", "words", "at", "scheme"],
)
def test_what_names_no_one_thing_is_refused(line: str, why: str):
    before = all_verbs()
    answer = client_of(person("lex")).post("/legal/new/search_warrant/", filled(targets=line))
    assert answer.status_code == 422
    assert why in answer.text
    assert all_verbs() == before


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (PAGE, "url"),
        ("@somebody", "account"),
        ("a" * 64, "digest"),
        ("cw-1042", "case"),
        ("ABCD2345X", "reference"),
    ],
    ids=["url", "account", "digest", "case", "reference"],
)
def test_what_names_one_thing_is_taken(line: str, kind: str):
    assert targets.parse(line) == [{"kind": kind, "value": line}]


def test_an_account_with_a_dot_matches_no_host():
    make_case(links=["https://pictures.example/p/9"])
    assert not targets.cases_of([{"kind": "account", "value": "@pictures.example"}]).exists()


def test_a_restricted_case_is_found_held_and_told_to_the_cleared_only():
    hidden = make_case(minor_indicated=True)
    request = enter(Type.PRESERVATION)
    assert cases.held(hidden)
    lex = client_of(person("lex")).get(f"/legal/{request.public_id}/").text
    assert hidden.number not in lex
    assert str(hidden.public_id) not in lex
    assert "None that you can see." in lex
    assert "looked after by somebody cleared, for every request" in lex
    assert hidden.number in client_of(person("lena")).get(f"/legal/{request.public_id}/").text


def test_the_page_of_a_request_that_concerns_no_case_reads_the_same_to_lex():
    words = []
    for hidden in (False, True):
        if hidden:
            make_case(minor_indicated=True)
        request = enter()
        page = client_of(person("lex")).get(f"/legal/{request.public_id}/").text
        part = page.split('id="matters-title"')[1].split('id="letters-title"')[0]
        words.append(part)
        timeline = page.split('id="timeline-title"')[1]
        assert "found a case" not in timeline
    assert words[0] == words[1]


def test_a_preservation_is_held_by_nobody_where_it_is_hidden_from_who_entered_it():
    hidden, open_ = make_case(minor_indicated=True), make_case(links=["https://pictures.example/p/2"])
    both = [{"kind": "url", "value": PAGE}, {"kind": "url", "value": "https://pictures.example/p/2"}]
    enter(Type.PRESERVATION, targets=both)
    assert hidden.legal_holds.get().placed_by is None
    assert open_.legal_holds.get().placed_by == person("lex")


def test_a_document_without_its_deadline_is_not_entered():
    answer = client_of(person("lex")).post("/legal/new/search_warrant/", filled(deadline_at=""))
    assert answer.status_code == 422
    assert not LegalRequest.objects.exists()
    with pytest.raises(ValueError, match="deadline"):
        enter(Type.WARRANT, deadline_at=None)


def test_an_emergency_epoc_has_eight_hours():
    request = enter(Type.EPOC, urgent=True)
    clock = request.clocks.get(kind="answer")
    assert clock.due_at - clock.started_at == timedelta(hours=8)


def test_an_esafety_notice_may_allow_longer_and_an_epoc_may_not():
    later = timezone.now() + timedelta(days=20)
    assert enter(Type.ESAFETY, deadline_at=later).clocks.get().due_at == later
    assert enter(Type.EPOC, deadline_at=later).clocks.get().due_at < later
    sooner = timezone.now() + timedelta(days=2)
    shortened = enter(Type.EPOC, deadline_at=sooner).clocks.get()
    assert (shortened.due_at, shortened.source) == (sooner, "document")


def test_what_a_subpoena_cannot_reach_is_noted_and_marked():
    answer = client_of(person("lex")).post("/legal/new/subpoena/", filled(), follow=True)
    assert "out of reach of this kind of request" in answer.text
    assert "out of reach of this process: not given" in answer.text


def test_an_emergency_asks_all_of_its_parts_on_the_page():
    lex = client_of(person("lex"))
    half = {f"emergency_{part}": words for part, words in EMERGENCY.items() if part != "imminence"}
    assert lex.post("/legal/new/emergency_disclosure_request/", filled(**half)).status_code == 422
    whole = half | {"emergency_imminence": "now"}
    assert lex.post("/legal/new/emergency_disclosure_request/", filled(**whole)).status_code == 302


# --- the served document -----------------------------------------------------------------------------------------


def send(request: LegalRequest, content: bytes, name: str = "order.pdf") -> Any:
    """Lex hands the document in, with the token that the page gives."""
    client = client_of(person("lex"), enforce_csrf_checks=True)
    page = client.get(f"/legal/{request.public_id}/")
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    data = {"document": SimpleUploadedFile(name, content), "csrfmiddlewaretoken": token}
    return client.post(f"/legal/{request.public_id}/store/", data)


def test_a_document_is_stored_encrypted_and_saved_as_a_file():
    request, content = enter(), b"%PDF-1.7 the order of today"
    assert send(request, content).status_code == 302
    request.refresh_from_db()
    assert request.document_sha256 == hashlib.sha256(content).hexdigest()
    assert all_verbs()[-1] == "legal.document_stored"
    lex = client_of(person("lex"))
    assert request.document_sha256 in lex.get(f"/legal/{request.public_id}/").text
    saved = lex.get(f"/legal/{request.public_id}/document/")
    assert saved.content == content
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["Content-Disposition"] == 'attachment; filename="order.pdf"'
    assert all_verbs()[-1] == "legal.document_opened"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n", b"<html>\x00", b"%PDF-" + b"x" * (5 * 1024 * 1024)],
    ids=["empty", "picture", "zeros", "large"],
)
def test_another_kind_of_file_is_not_kept(content: bytes):
    request = enter()
    before = all_verbs()
    assert send(request, content).status_code == 422
    request.refresh_from_db()
    assert request.document_sha256 == ""
    assert all_verbs() == before


def test_the_largest_document_fits():
    request = enter()
    assert send(request, b"%PDF-" + b"x" * (5 * 1024 * 1024 - 5)).status_code == 302


def test_a_document_is_not_exchanged():
    request = enter()
    send(request, b"%PDF-1.7 one")
    before = all_verbs()
    assert send_again(request).status_code == 409
    assert all_verbs() == before


def send_again(request: LegalRequest) -> Any:
    data = {"document": SimpleUploadedFile("other.pdf", b"%PDF-1.7 other")}
    return client_of(person("lex")).post(f"/legal/{request.public_id}/store/", data)


def test_a_document_without_the_pages_token_is_refused():
    request = enter()
    data = {"document": SimpleUploadedFile("order.pdf", b"%PDF-1.7")}
    client = client_of(person("lex"), enforce_csrf_checks=True)
    assert client.post(f"/legal/{request.public_id}/store/", data).status_code == 403


def test_a_case_is_left_out_with_a_reason():
    make_case()
    request = enter()
    matter = request.matters.get()
    address = f"/legal/{request.public_id}/cases/{matter.case.public_id}/leave/"
    assert client_of(person("lex")).post(address, {"reason": ""}).status_code == 422
    client_of(person("lex")).post(address, {"reason": "Another account of that name."})
    matter.refresh_from_db()
    assert matter.left_out_by == person("lex")
    assert all_verbs()[-1] == "legal.left_out"
    with pytest.raises(actions.NotAllowed):
        actions.leave_out(matter, actor=person("lena"), reason="Again.")
