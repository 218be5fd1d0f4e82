"""The status page says what was passed on: by kind, when, what, whether pictures; and of what is silent, nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from casework.accounts.models import Organisation
from casework.escalations import reporting
from casework.escalations.choosing import FIELDS
from casework.escalations.models import Escalation, EscalationItem, Outcome, Tip, TipCall
from casework.partners.models import Channel, Partner
from tests.escalations.handing import make_partner, make_sent
from tests.escalations.making import make_escalation
from tests.escalations.reporters import come_back, file_one, page
from tests.worlds import make_item

pytestmark = pytest.mark.django_db

HEADING = "What we passed on"


def partner_of(kind: str, name: str = "Inspector Quill's office") -> Partner:
    Organisation.objects.create(name=name, kind=kind)
    return make_partner(name)


def handed(filed: Any, kind: str = "ngo", **said: Any) -> Escalation:
    """One that left about the case of *filed*, to somebody of *kind*."""
    return make_sent(partner_of(kind), case=filed.report.case, **said)


@pytest.mark.parametrize("kind", sorted(set(Organisation.Kind.values) - {"own"}))
def test_it_says_to_which_kind_and_never_to_whom(kind: str) -> None:
    filed = file_one()
    handed(filed, kind)
    text = page(come_back(filed))
    assert HEADING in text
    assert str(reporting.TO_WHOM[kind]) in text
    assert "Quill" not in text
    assert "No picture or video went along." in text


def test_what_went_along_is_said_in_plain_words() -> None:
    filed = file_one()
    handed(filed, fields=["locators", "depicted_contact", "hashes"])
    text = page(come_back(filed))
    assert "where it is" in text
    assert "how you can be reached" in text
    assert "by which copies are found" in text
    assert "your own words" not in text


def test_every_field_that_can_leave_has_plain_words_but_pictures_which_are_said_apart() -> None:
    assert set(reporting.SAID) == set(FIELDS) - {"imagery"}
    assert set(reporting.TO_WHOM) == set(Organisation.Kind.values) - {"own"}


def test_pictures_that_went_along_are_said_plainly() -> None:
    filed = file_one()
    sent = handed(filed, fields=["imagery", "hashes"])
    EscalationItem.objects.create(escalation=sent, item=make_item(filed.report.case), with_picture=True)
    assert "Pictures or videos went along." in page(come_back(filed))


@pytest.mark.parametrize(
    ("uploaded", "said"), [(True, "Pictures or videos went along."), (False, "No picture")]
)
def test_of_a_report_to_ncmec_it_says_pictures_only_where_a_file_was_sent(uploaded: bool, said: str) -> None:
    filed = file_one(age_at_the_time="minor")
    ncmec = make_partner("NCMEC", channel=Channel.CYBERTIP)
    tip = Tip.objects.create(escalation=make_sent(ncmec, case=filed.report.case))
    TipCall.objects.create(tip=tip, what="upload" if uploaded else "submit", code="0")
    assert said in page(come_back(filed))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("sent", "They have not confirmed yet"),
        ("delivered", "They have not confirmed yet"),
        ("acknowledged", "They confirmed that they have it."),
        ("answered", "They answered: they have taken it on."),
        ("closed", "They answered: they have taken it on."),
        ("refused", "They answered that they can’t take it."),
        ("expired", "They did not confirm that they have it"),
    ],
)
def test_what_became_of_it_is_said_without_details(state: str, words: str) -> None:
    filed = file_one()
    make_escalation(filed.report.case, state=state)
    text = page(come_back(filed))
    assert words in text
    for detail in ("H-17", "We have them", "We do not work there", "Nia", "Haven", "They are looked after"):
        assert detail not in text


@pytest.mark.parametrize("outcome", Outcome.values)
def test_every_answer_has_words(outcome: str) -> None:
    filed = file_one()
    handed(filed, state="answered", outcome=outcome)
    assert "They answered:" in page(come_back(filed))


def test_what_ran_out_after_they_had_confirmed_it_does_not_say_that_they_did_not() -> None:
    filed = file_one()
    handed(filed, state="expired", acknowledged_at=Now())
    assert "They confirmed that they have it." in page(come_back(filed))


def test_what_was_taken_back_after_it_left_is_said_so() -> None:
    filed = file_one()
    handed(filed, state="withdrawn", sent_at=Now())
    assert "We have taken it back since." in page(come_back(filed))


@pytest.mark.parametrize("state", ["draft", "returned", "approved", "withdrawn", "refused"])
def test_what_never_left_is_not_spoken_of(state: str) -> None:
    filed = file_one()
    client = come_back(filed)
    before = page(client)
    handed(filed, state=state, sent_at=None)
    assert page(client) == before
    assert HEADING not in before


# --- silence


def test_what_nobody_may_be_told_of_leaves_the_page_as_it_was_to_the_byte() -> None:
    filed = file_one()
    client = come_back(filed)
    before = page(client)
    handed(filed, "law_enforcement", nondisclosure_until=timezone.now() + timedelta(days=90))
    assert page(client) == before


def test_beside_one_that_may_be_told_the_silent_one_changes_no_byte() -> None:
    filed = file_one()
    handed(filed, "ngo")
    client = come_back(filed)
    before = page(client)
    silent = partner_of("law_enforcement", "The silent office")
    make_sent(silent, case=filed.report.case, nondisclosure_until=timezone.now() + timedelta(hours=1))
    assert page(client) == before
    assert before.count("They have not confirmed yet") == 1


def test_when_the_silence_ends_by_the_database_clock_it_is_told() -> None:
    filed = file_one()
    handed(filed, "law_enforcement", nondisclosure_until=timezone.now() + timedelta(days=90))
    client = come_back(filed)
    assert HEADING not in page(client)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE escalations_escalation SET nondisclosure_until = now() - interval '1 second'")
    assert "The police or another authority" in page(client)


# --- for whom


def test_who_came_across_it_is_told_nothing_of_what_left() -> None:
    filed = file_one(role="somebody_else")
    client = come_back(filed)
    before = page(client)
    handed(filed, "law_enforcement")
    assert page(client) == before


@pytest.mark.parametrize("role", ["guardian", "representative"])
def test_who_acts_for_the_person_depicted_is_told(role: str) -> None:
    filed = file_one(role=role)
    handed(filed)
    assert HEADING in page(come_back(filed))


def test_another_case_is_never_spoken_of() -> None:
    filed, other = file_one(), file_one()
    handed(other)
    assert HEADING not in page(come_back(filed))


def test_a_restricted_case_has_the_same_words() -> None:
    adult, minor = file_one(), file_one(age_at_the_time="minor")
    handed(adult)
    make_sent(Partner.objects.get(), case=minor.report.case)
    texts = [page(come_back(each)) for each in (adult, minor)]
    parts = [text.split('<div class="callout">')[1].split("</details>")[0] for text in texts]
    assert parts[0].split("</p>", 1)[1] == parts[1].split("</p>", 1)[1]
    assert "restricted" not in texts[1].lower()
