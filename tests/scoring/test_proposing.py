"""Once a month a machine looks whether another calibration would be better, and says so either way."""

from __future__ import annotations

import json
import uuid

import pytest
from django.conf import settings

from casework.audit.models import Entry
from casework.jobs.actions import Start
from casework.scoring import actions, tasks
from casework.scoring.models import Calibration, ConfirmedOutcome, Sample, Truth
from casework.scoring.reading import counted
from tests.cast import person
from tests.journal import all_verbs
from tests.scoring.making import MODEL, VERSION, accepted, boastful, confirm, honest, proposal

pytestmark = pytest.mark.django_db

NOW = Start(uuid.uuid4(), "scoring.propose", {}, 1, uuid.uuid4())


def told(verb: str) -> dict:
    return json.loads(bytes(Entry.objects.filter(verb=verb).latest("pk").body))["data"]


def test_the_job_comes_round_once_a_month() -> None:
    assert settings.JOB_KINDS["scoring.propose"]["every"] == 30 * 86_400


def test_without_outcomes_nothing_is_proposed_and_nothing_said() -> None:
    tasks.propose(start=NOW)
    assert not Calibration.objects.exists()
    assert all_verbs() == []


def test_too_few_outcomes_are_said_to_be_too_few() -> None:
    confirm(boastful(199), person("lena"))
    tasks.propose(start=NOW)
    assert not Calibration.objects.exists()
    assert told("model.calibration_not_proposed")["code"] == "too_few"


def test_a_better_curve_is_proposed_and_is_not_in_force() -> None:
    confirm(boastful(400), person("lena"))
    tasks.propose(start=NOW)
    made = Calibration.objects.get()
    assert (made.state, made.model, made.model_version, made.n) == ("proposed", MODEL, VERSION, 400)
    assert made.brier < made.was_brier
    assert sum(each["n"] for each in made.bins) == sum(each["n"] for each in made.was_bins) == 400
    assert not Calibration.objects.in_force().exists()
    assert told("model.calibration_proposed")["number"] == 1


def test_while_a_proposal_waits_no_second_one_is_made() -> None:
    proposal(person("lena"))
    tasks.propose(start=NOW)
    assert Calibration.objects.count() == 1
    assert all_verbs().count("model.calibration_proposed") == 1


def test_what_would_not_be_better_is_not_proposed_and_the_log_says_so() -> None:
    accepted(person("lena"))
    tasks.propose(start=NOW)
    assert Calibration.objects.count() == 1
    assert told("model.calibration_not_proposed")["code"] == "not_better"


def test_a_refused_proposal_does_not_stop_the_next_month() -> None:
    lena = person("lena")
    actions.refuse_calibration(proposal(lena), actor=lena, reason="Too early.")
    tasks.propose(start=NOW)
    assert [each.number for each in Calibration.objects.order_by("pk")] == [1, 2]


def test_only_the_newest_outcome_of_an_item_counts_and_none_that_nobody_can_say() -> None:
    lena, item = person("lena"), uuid.uuid4()
    for truth in (Truth.YES, Truth.NO, Truth.UNCLEAR):
        outcome = ConfirmedOutcome.objects.create(
            item=item, question="explicit", truth=truth, confirmed_by=lena
        )
        Sample.objects.create(outcome=outcome, model=MODEL, model_version=VERSION, score=0.5)
    assert counted() == []
    outcome = ConfirmedOutcome.objects.create(
        item=item, question="explicit", truth=Truth.NO, confirmed_by=lena
    )
    Sample.objects.create(outcome=outcome, model=MODEL, model_version=VERSION, score=0.5)
    [one] = counted()
    assert (one.n, one.n_true) == (1, 0)


def test_samples_of_two_versions_are_never_mixed() -> None:
    lena = person("lena")
    confirm(boastful(150), lena, version="old")
    confirm(boastful(150, seed=2), lena, version="new")
    tasks.propose(start=NOW)
    assert not Calibration.objects.exists()
    assert all_verbs().count("model.calibration_not_proposed") == 2


def test_a_shadow_model_is_measured_like_any_other() -> None:
    confirm(honest(3000), person("lena"), model="shadow-one", version="1")
    tasks.propose(start=NOW)
    assert Calibration.objects.get().method == Calibration.Method.NONE
