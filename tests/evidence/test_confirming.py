"""A supervisor says what an item was in truth: one row, one entry, and a sample for each model that had a score."""

from __future__ import annotations

import pytest
from django.urls import reverse

from casework.evidence.models import Item
from casework.evidence.wording_assessment import assessment_rows
from casework.scoring.actions import Score, add_samples
from casework.scoring.models import ConfirmedOutcome, Sample
from casework.scoring.reading import counted
from detection.findings import Signal, Status, Strength
from tests.cast import client_of, make_case, person, refusal
from tests.evidence.making import entries, make_examined, make_item
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db

SCORED = Signal(
    "explicit", "v1", Status.FOUND, "Scored.", Strength.WEAK, 0.7, data={"model": "open-nsfw", "raw": 0.7}
)
SHADOW = Signal(
    "shadow.newer", "2", Status.FOUND, "Scored.", Strength.WEAK, 0.2,
    data={"model": "newer", "task": "explicit", "raw": 0.25},
)  # fmt: skip


def confirm(item: Item, truth: str = "yes", who: str = "lena", question: str = "explicit"):
    address = reverse("evidence_outcome", args=[item.public_id])
    return client_of(person(who)).post(address, {"question": question, "truth": truth})


def test_lena_confirms_what_it_was_and_every_model_that_scored_it_is_measured() -> None:
    item = make_examined(make_case(), signals=[SCORED, SHADOW])
    assert confirm(item).status_code == 302
    outcome = ConfirmedOutcome.objects.get()
    assert (outcome.item, outcome.truth, outcome.confirmed_by) == (item.public_id, "yes", person("lena"))
    assert {(one.model, one.score) for one in outcome.samples.all()} == {("open-nsfw", 0.7), ("newer", 0.25)}
    assert verbs_of(item.case)[-1] == "model.outcome_confirmed"


def test_a_later_answer_takes_the_place_of_an_earlier_one() -> None:
    item = make_examined(make_case(), signals=[SCORED])
    confirm(item, "yes")
    confirm(item, "no")
    assert ConfirmedOutcome.objects.count() == 2
    [one] = counted()
    assert (one.n, one.n_true) == (1, 0)
    assert entries("model.outcome_confirmed") == 2
    [explicit] = [each for each in assessment_rows(item, person("mona")) if each["code"] == "explicit"]
    assert explicit["truth"] == "Lena confirmed: no"


def test_a_question_whose_model_did_not_run_is_confirmed_and_measures_nothing() -> None:
    item = make_examined(make_case(), signals=[SCORED])
    confirm(item, question="ai_made")
    assert not Sample.objects.exists()
    assert entries("model.outcome_confirmed") == 1


def test_it_changes_neither_the_case_nor_the_assessment() -> None:
    item = make_examined(make_case(), signals=[SCORED])
    item.case.refresh_from_db()
    before, factors = item.assessment.answers, (item.case.explicit_score, item.case.synthetic_found)
    confirm(item, "no")
    fresh = Item.objects.select_related("case").get(pk=item.pk)
    assert fresh.assessment.answers == before
    assert (fresh.case.explicit_score, fresh.case.synthetic_found) == factors


@pytest.mark.parametrize("who", ["mona", "sena", "lex", "audra", "ada", "nia", "stan"])
def test_confirming_is_not_for(who: str) -> None:
    item = make_examined(make_case(), signals=[SCORED])
    assert confirm(item, who=who).status_code == refusal(who)
    assert not ConfirmedOutcome.objects.exists()
    assert entries("model.outcome_confirmed") == 0


@pytest.mark.parametrize(
    ("question", "truth"), [("explicit", ""), ("explicit", "perhaps"), ("weather", "yes")]
)
def test_what_is_no_answer_is_refused_in_words(question: str, truth: str) -> None:
    item = make_examined(make_case(), signals=[SCORED])
    assert confirm(item, truth, question=question).status_code == 422
    assert not ConfirmedOutcome.objects.exists()
    assert entries("model.outcome_confirmed") == 0


def test_an_item_that_waits_cannot_be_confirmed_yet() -> None:
    item = make_item(make_case())
    page = confirm(item)
    assert page.status_code == 422
    assert "waits for its examination" in page.text
    assert not ConfirmedOutcome.objects.exists()


def test_the_item_page_has_the_form_for_lena_and_not_for_mona() -> None:
    item = make_examined(make_case(), signals=[SCORED])
    address = reverse("evidence_item", args=[item.public_id])
    assert "What was it in truth?" in client_of(person("lena")).get(address).text
    assert "What was it in truth?" not in client_of(person("mona")).get(address).text


def test_a_restricted_item_does_not_exist_for_a_supervisor_who_is_not_cleared() -> None:
    item, lena = make_examined(make_case(minor_indicated=True), signals=[SCORED]), person("lena")
    lena.cleared = False
    lena.save(update_fields=["cleared"])
    assert confirm(item).status_code == 404
    assert not ConfirmedOutcome.objects.exists()


def test_scores_of_a_later_examination_join_the_outcome_that_stands() -> None:
    item = make_examined(make_case(), signals=[SCORED])
    confirm(item)
    later = [Score("explicit", "open-nsfw", "v2", 0.9), Score("explicit", "open-nsfw", "v1", 0.7)]
    assert add_samples(item.public_id, later) == 1
    assert Sample.objects.count() == 2
