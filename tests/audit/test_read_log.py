"""Reading the log: who may, what they find, what stays hidden, and that reading is an entry too."""

from __future__ import annotations

import csv
import io
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from casework.audit.log import Filters, Verb, entries_for, record, timeline
from casework.audit.models import Checkpoint, Entry, EntryDetail
from casework.audit.notes import claimed_checkpoint
from tests.audit.conftest import write_entries
from tests.cast import client_of, make_case, person, refusal

pytestmark = pytest.mark.django_db


def newest(verb: Verb = Verb.LOG_READ) -> Entry:
    found: Entry = Entry.objects.filter(verb=verb.value).order_by("-id")[0]
    return found


def data(entry: Entry) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(bytes(entry.body))["data"]
    return read


def page(name: str, **query: Any) -> str:
    """The log page as *name* sees it."""
    response = client_of(person(name)).get(reverse("log"), query)
    assert response.status_code == 200
    return response.content.decode()


def restricted_entry() -> Entry:
    """Sena's note-like entry on a restricted case, with a personal part."""
    case = make_case(minor_indicated=True)
    made = record(
        Verb.CASE_HELD,
        actor=person("sena"),
        subject=case,
        case=case,
        personal={"reason": "calls the hotline"},
        until="noon",
    )
    return Entry.objects.get(public_id=made)


# --- who ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lena", "audra"])
def test_supervisors_and_auditors_read_the_log(name: str) -> None:
    write_entries(1)
    assert "Mona signed in" in page(name)


@pytest.mark.parametrize("name", ["mona", "sena", "lex", "ada", "nia", "stan"])
@pytest.mark.parametrize("url", ["log", "log_export", "log_checkpoint"])
def test_nobody_else_does(name: str, url: str) -> None:
    write_entries(1)
    assert client_of(person(name)).get(reverse(url)).status_code == refusal(name)
    assert entries_for(person(name), Filters()) == []
    assert not Entry.objects.filter(verb__startswith="log.").exists()


def test_an_entry_page_is_closed_to_others_too() -> None:
    entry = write_entries(1)[0]
    assert client_of(person("mona")).get(reverse("log_entry", args=[entry.public_id])).status_code == 403


def test_the_log_is_read_and_never_posted_to() -> None:
    for url in (reverse("log"), reverse("log_export"), reverse("log_checkpoint")):
        assert client_of(person("audra")).post(url).status_code == 405


# --- what ---------------------------------------------------------------------------------------------------------


def test_reading_is_an_entry_with_what_was_looked_for() -> None:
    mona = person("mona")
    page("audra", person=str(mona.public_id), kind="person")
    read = newest()
    assert read.actor == person("audra")
    assert data(read) == {"before": None, "kind": "person", "person": str(mona.public_id)}


def test_a_page_does_not_show_the_entry_of_its_own_reading() -> None:
    assert "read the log" not in page("audra")
    assert "Audra read the log" in page("audra")


def test_the_log_is_searched_by_person() -> None:
    write_entries(1)
    record(Verb.SIGNED_OUT, actor=person("milo"), subject=person("milo"))
    found = page("audra", person=str(person("milo").public_id))
    assert "Milo signed out" in found
    assert "Mona signed in" not in found


def test_the_log_is_searched_by_kind() -> None:
    write_entries(1)
    make_case()
    found = page("audra", kind="clock")
    assert "The system started a clock" in found
    assert "Mona signed in" not in found


def test_the_log_is_searched_by_case() -> None:
    case = make_case()
    other = make_case()
    for spelling in (case.number, case.number.lower(), str(case.public_id)):
        found = page("audra", case=spelling)
        assert case.number in found
        assert other.number not in found
        assert newest().case_id == case.public_id


def test_the_log_is_searched_by_time() -> None:
    write_entries(1)
    later = (timezone.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    assert "Mona signed in" not in page("audra", since=later)
    assert "Mona signed in" in page("audra", until=later)


def test_a_search_that_makes_no_sense_says_so_and_shows_nothing() -> None:
    write_entries(1)
    response = client_of(person("audra")).get(reverse("log"), {"since": "yesterday-ish"})
    assert response.status_code == 422
    assert "Mona signed in" not in response.content.decode()
    assert not Entry.objects.filter(verb=Verb.LOG_READ.value).exists()


def test_pages_follow_one_another_while_the_log_grows() -> None:
    entries = write_entries(120)
    seen = []
    query: dict[str, Any] = {}
    for _page in range(3):
        response = client_of(person("audra")).get(reverse("log"), {"kind": "person", **query})
        lines = response.context["lines"]
        seen += [line.public_id for line in lines]
        query = {"before": str(lines[-1].public_id)}
        write_entries(5)
    assert seen == [entry.public_id for entry in reversed(entries)]
    assert not response.context["more"]


# --- restricted cases ---------------------------------------------------------------------------------------------


def test_audra_sees_that_something_happened_on_a_restricted_case_and_no_more() -> None:
    entry = restricted_entry()
    found = page("audra")
    assert "Sena put the case on hold" in found
    assert "a restricted case" in found
    line = next(line for line in entries_for(person("audra"), Filters()) if line.public_id == entry.public_id)
    assert line.hidden
    assert (line.case_id, line.case_number, line.subject, line.data, line.personal) == (None, "", "", {}, {})
    for secret in (str(entry.case_id), "CW-", "noon", "hotline"):
        assert secret not in found


def test_the_page_of_such_an_entry_proves_it_without_showing_it() -> None:
    entry = restricted_entry()
    response = client_of(person("audra")).get(reverse("log_entry", args=[entry.public_id]))
    found = response.content.decode()
    assert response.status_code == 200
    assert bytes(entry.leaf_hash).hex() in found
    for secret in (str(entry.case_id), entry.subject, "noon", "hotline", bytes(entry.salt).hex()):
        assert secret not in found


def test_lena_who_is_cleared_sees_all_of_it() -> None:
    entry = restricted_entry()
    found = client_of(person("lena")).get(reverse("log_entry", args=[entry.public_id])).content.decode()
    for shown in (entry.subject, "noon", "calls the hotline", bytes(entry.salt).hex()):
        assert shown in found


def test_a_restricted_case_is_searched_for_in_vain_like_one_that_does_not_exist() -> None:
    case = make_case(minor_indicated=True)
    for text in (case.number, str(case.public_id), "CW-999999", str(uuid.uuid4()), "nonsense"):
        response = client_of(person("audra")).get(reverse("log"), {"case": text})
        assert response.context["lines"] == []
        assert newest().case_id is None
    assert len(client_of(person("lena")).get(reverse("log"), {"case": case.number}).context["lines"]) > 1


def test_reading_a_restricted_entry_is_itself_hidden_from_the_uncleared() -> None:
    entry = restricted_entry()
    client_of(person("lena")).get(reverse("log_entry", args=[entry.public_id]))
    line = entries_for(person("audra"), Filters(), limit=1)[0]
    assert (line.verb, line.hidden, line.data) == ("log.read", True, {})


def test_an_entry_is_hidden_from_the_day_its_case_is_restricted() -> None:
    from casework.cases.actions import restrict_case

    case = make_case()
    assert not any(line.hidden for line in entries_for(person("audra"), Filters()))
    restrict_case(case, actor=None, why="minor_suspected")
    lines = [line for line in entries_for(person("audra"), Filters()) if line.verb.startswith("case.")]
    assert lines
    assert all(line.hidden for line in lines)


def test_what_a_cleared_person_searched_for_is_not_shown_to_the_uncleared() -> None:
    sena = person("sena")
    record(Verb.CASE_SEARCHED, actor=sena, subject=sena, personal={"query": "secret.example"})
    assert entries_for(person("audra"), Filters())[0].personal == {}
    assert entries_for(person("lena"), Filters())[0].personal == {"query": "secret.example"}


# --- one entry ----------------------------------------------------------------------------------------------------


def test_an_entry_page_shows_the_text_that_was_hashed(journal: Any) -> None:
    entry = write_entries(1)[0]
    found = client_of(person("audra")).get(reverse("log_entry", args=[entry.public_id]))
    assert "It waits for its seal." in found.content.decode()
    assert found.context["body"] == bytes(entry.body).decode()
    read = newest()
    assert (read.subject, data(read)["entry"]) == (f"audit.entry:{entry.pk}", str(entry.public_id))


def test_an_entry_page_proves_the_entry_once_it_is_sealed(journal: Any) -> None:
    entry = write_entries(7)[3]
    call_command("seal", "--once")
    response = client_of(person("audra")).get(reverse("log_entry", args=[entry.public_id]))
    assert response.context["proof"].holds
    assert "Yes: it leads to the signed root" in response.content.decode()


def test_an_erased_personal_part_is_said_to_be_erased() -> None:
    mona = person("mona")
    made = record(Verb.SIGNED_IN, actor=mona, subject=mona, personal={"address": "192.0.2.7"})
    url = reverse("log_entry", args=[made])
    assert "192.0.2.7" in client_of(person("audra")).get(url).content.decode()
    EntryDetail.objects.all().delete()
    assert "has been erased" in client_of(person("audra")).get(url).content.decode()


def test_an_entry_that_does_not_exist_is_not_found_and_not_recorded() -> None:
    assert client_of(person("audra")).get(reverse("log_entry", args=[uuid.uuid4()])).status_code == 404
    assert not Entry.objects.filter(verb=Verb.LOG_READ.value).exists()


def test_the_newest_checkpoint_is_served_as_it_was_signed(journal: Any) -> None:
    client = client_of(person("audra"))
    assert client.get(reverse("log_checkpoint")).status_code == 404
    write_entries(2)
    call_command("seal", "--once")
    response = client.get(reverse("log_checkpoint"))
    assert response["Content-Type"].startswith("text/plain")
    assert response.content.decode() == Checkpoint.objects.get().note
    assert claimed_checkpoint(response.content.decode()).size == 2


# --- export -------------------------------------------------------------------------------------------------------


def exported(name: str, **query: Any) -> str:
    response = client_of(person(name)).get(reverse("log_export"), query)
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    return b"".join(response).decode()


def test_an_export_holds_what_fits_and_is_an_entry() -> None:
    entries = write_entries(3)
    rows = list(csv.DictReader(io.StringIO(exported("audra", kind="person"))))
    assert [row["id"] for row in rows] == [str(entry.public_id) for entry in reversed(entries)]
    assert rows[0]["what"] == "Mona signed in"
    made = newest(Verb.LOG_EXPORTED)
    assert data(made) == {"entries": 3, "form": "csv", "kind": "person"}


def test_a_cell_of_an_export_is_never_a_formula() -> None:
    mona = person("mona")
    mona.name = "=HYPERLINK(1)"
    mona.save()
    write_entries(1)
    row = next(csv.DictReader(io.StringIO(exported("audra"))))
    assert row["who"] == "'=HYPERLINK(1)"
    assert row["what"].startswith("'=")


def test_an_export_survives_quotes_and_line_breaks() -> None:
    name = 'Mo"na\r\n, the\u2028 second'
    mona = person("mona")
    mona.name = name
    mona.save()
    write_entries(1)
    assert next(csv.DictReader(io.StringIO(exported("audra"), newline="")))["who"] == name


def test_an_export_hides_what_the_page_hides() -> None:
    entry = restricted_entry()
    for form in ("csv", "jsonl"):
        text = exported("audra", format=form)
        assert "a restricted case" in text
        for secret in (str(entry.case_id), entry.subject, "noon", "hotline"):
            assert secret not in text
    assert entry.subject in exported("lena")


def test_an_export_leaves_personal_parts_out() -> None:
    mona = person("mona")
    record(Verb.SIGNED_IN, actor=mona, subject=mona, personal={"address": "192.0.2.7"})
    assert "192.0.2.7" not in exported("lena", format="jsonl")


def test_json_lines_end_with_the_checkpoint(journal: Any) -> None:
    write_entries(2)
    call_command("seal", "--once")
    lines = [json.loads(line) for line in exported("audra", format="jsonl", kind="person").splitlines()]
    assert [line["number"] for line in lines[:-1]] == [1, 0]
    assert lines[-1] == {"checkpoint": Checkpoint.objects.get().note}


def test_an_unknown_format_is_refused_and_not_recorded() -> None:
    assert client_of(person("audra")).get(reverse("log_export"), {"format": "xls"}).status_code == 422
    assert not Entry.objects.filter(verb=Verb.LOG_EXPORTED.value).exists()


# --- timeline -----------------------------------------------------------------------------------------------------


def test_a_timeline_tells_the_story_of_one_case_newest_first() -> None:
    case, other = make_case(), make_case()
    record(Verb.CASE_READ, actor=person("mona"), subject=case, case=case)
    record(Verb.CASE_READ, actor=person("milo"), subject=other, case=other)
    told = timeline(case, viewer=person("mona"))
    assert (told[0].sentence, told[0].kind, told[0].actor_name) == ("Mona read the case", "reading", "Mona")
    assert told[-1].sentence == "The system opened the case"
    assert not any("Milo" in entry.sentence for entry in told)


def test_a_timeline_of_a_restricted_case_is_empty_for_mona() -> None:
    case = make_case(minor_indicated=True)
    assert timeline(case, viewer=person("mona")) == []
    assert timeline(case, viewer=person("sena"))
