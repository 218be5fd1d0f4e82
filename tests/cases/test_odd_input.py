"""What somebody types into the desk's boxes that is no address, no date and no text."""

from __future__ import annotations

import pytest
from django.urls import reverse

from casework.audit.models import Entry
from casework.cases import actions
from tests.cast import client_of, make_case, person
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query",
    [
        "http://[",
        "https://a.example:99999/",
        "https://a.example:port/",
        "http://\u2100.example/",
        "x\x00y",
        "://",
        "\u202e",
    ],
)
def test_a_search_for_what_is_no_address_finds_nothing(query):
    make_case()
    assert client_of(person("mona")).get(reverse("search"), {"q": query}).status_code == 200


def test_how_many_restricted_cases_sena_found_is_not_for_audra():
    make_case(minor_indicated=True)
    actions.search_cases("https://pictures.example/p/1", actor=person("sena"))
    entry = Entry.objects.get(verb="case.searched")
    assert '"found"' not in bytes(entry.body).decode()
    address = reverse("log_entry", args=[entry.public_id])
    assert "pictures.example" not in client_of(person("audra")).get(address).content.decode()
    assert "pictures.example" in client_of(person("lena")).get(address).content.decode()


@pytest.mark.parametrize("since", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_the_log_is_searched_from_the_first_to_the_last_day_in_any_time_zone(since):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        lena = person("lena")
        lena.timezone = zone
        lena.save(update_fields=["timezone"])
        assert client_of(lena).get(reverse("log"), {"since": since}).status_code in (200, 422)


@pytest.mark.parametrize("form", ["decision", "note"])
def test_a_draft_takes_every_character(form):
    case, mona = make_case(), client_of(person("mona"))
    typed = {"grounds": "a\x00\u202eb", "text": "a\x00b"}
    address = reverse("case_draft", args=[case.public_id, form])
    assert mona.post(address, typed).status_code == 204
    assert mona.get(reverse("case", args=[case.public_id])).status_code == 200
    assert "note.written" not in verbs_of(case)
