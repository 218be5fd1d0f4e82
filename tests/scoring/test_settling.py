"""A calibration comes into force by a person with a name and a reason, and by one of them only."""

from __future__ import annotations

import json

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from casework.audit.models import Entry, EntryDetail
from casework.scoring import actions
from casework.scoring.models import Calibration
from tests.cast import client_of, person, refusal
from tests.journal import all_verbs
from tests.scoring.making import accepted, proposal

pytestmark = pytest.mark.django_db

REASON = {"reason": "The diagonal is nearer."}


def test_lena_puts_a_proposal_in_force_and_the_log_has_her_reason() -> None:
    made = proposal(person("lena"))
    page = client_of(person("lena")).post(reverse("calibration_accept", args=[made.public_id]), REASON)
    assert page.status_code == 302
    made.refresh_from_db()
    assert (made.state, made.decided_by, made.reason) == ("accepted", person("lena"), REASON["reason"])
    entry = Entry.objects.get(verb="model.calibration_accepted")
    assert entry.actor == person("lena")
    assert EntryDetail.objects.get(entry=entry).personal["reason"] == REASON["reason"]
    assert json.loads(bytes(entry.body))["data"]["number"] == made.number


def test_lena_refuses_one_and_what_is_in_force_stays() -> None:
    lena = person("lena")
    inforce = accepted(lena)
    made = proposal(lena, version="another")
    client_of(lena).post(reverse("calibration_refuse", args=[made.public_id]), REASON)
    made.refresh_from_db()
    inforce.refresh_from_db()
    assert (made.state, inforce.state) == ("refused", "accepted")
    assert "model.calibration_refused" in all_verbs()


def test_the_next_one_ends_the_one_before() -> None:
    lena = person("lena")
    first = accepted(lena)
    second = actions.accept_calibration(
        proposal(lena, version="another"), actor=lena, reason="A new version."
    )
    first.refresh_from_db()
    assert (first.state, first.ended_by) == ("retired", lena)
    assert list(Calibration.objects.in_force()) == [second]
    assert all_verbs()[-2:] == ["model.calibration_retired", "model.calibration_accepted"]


def test_lena_ends_one_without_another_in_its_place() -> None:
    made = accepted(person("lena"))
    client_of(person("lena")).post(reverse("calibration_retire", args=[made.public_id]), REASON)
    assert not Calibration.objects.in_force().exists()
    assert all_verbs()[-1] == "model.calibration_retired"


@pytest.mark.parametrize("verb", ["calibration_accept", "calibration_refuse"])
def test_without_a_reason_nothing_changes(verb: str) -> None:
    made = proposal(person("lena"))
    page = client_of(person("lena")).post(reverse(verb, args=[made.public_id]), {"reason": "  "})
    assert page.status_code == 422
    assert "Say why. Nothing was changed." in page.text
    made.refresh_from_db()
    assert made.state == "proposed"
    assert not {"model.calibration_accepted", "model.calibration_refused"} & set(all_verbs())


@pytest.mark.parametrize("who", ["mona", "sena", "lex", "audra", "ada", "nia", "stan"])
def test_settling_one_is_not_for(who: str) -> None:
    made = proposal(person("lena"))
    for verb in ("calibration_accept", "calibration_refuse", "calibration_retire"):
        assert client_of(person(who)).post(
            reverse(verb, args=[made.public_id]), REASON
        ).status_code == refusal(who)
    made.refresh_from_db()
    assert made.state == "proposed"
    assert "model.calibration_accepted" not in all_verbs()


@pytest.mark.parametrize(
    ("before", "verb"),
    [
        ("accept_calibration", "accept_calibration"), ("accept_calibration", "refuse_calibration"),
        ("refuse_calibration", "accept_calibration"), ("refuse_calibration", "retire_calibration"),
    ],
)  # fmt: skip
def test_what_is_settled_is_not_settled_again(before: str, verb: str) -> None:
    lena, made = person("lena"), proposal(person("lena"))
    getattr(actions, before)(made, actor=lena, reason="x")
    verbs = all_verbs()
    with pytest.raises(actions.AlreadySettled):
        getattr(actions, verb)(made, actor=lena, reason="y")
    assert all_verbs() == verbs


def test_the_page_says_in_words_that_somebody_was_first() -> None:
    lena, made = person("lena"), proposal(person("lena"))
    actions.refuse_calibration(made, actor=lena, reason="x")
    page = client_of(lena).post(reverse("calibration_accept", args=[made.public_id]), REASON)
    assert page.status_code == 409
    assert "Somebody settled this calibration" in page.text


def test_the_database_itself_knows_no_second_one_in_force() -> None:
    first = accepted(person("lena"))
    second = proposal(person("lena"), version="another")
    with pytest.raises(IntegrityError), transaction.atomic():
        Calibration.objects.filter(pk=second.pk).update(
            state="accepted", decided_by=person("lena"), decided_at=first.decided_at
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Calibration.objects.filter(pk=second.pk).update(state="refused")  # by nobody
