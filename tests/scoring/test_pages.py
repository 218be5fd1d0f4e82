"""The pages about models: what each is, how well it was measured, drawn and as numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from casework.scoring import actions, reliability
from casework.scoring.models import Calibration, Reassessment
from tests.cast import client_of, person, refusal
from tests.journal import all_verbs
from tests.scoring.making import MODEL, accepted, confirm, honest, proposal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_installed(settings: Any, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path / "models"


def card(who: str = "mona") -> str:
    return client_of(person(who)).get(reverse("model_card", args=[MODEL])).text


def test_mona_reads_which_models_there_are_and_why_one_is_not_here() -> None:
    page = client_of(person("mona")).get(reverse("models")).text
    assert "Yahoo OpenNSFW" in page
    assert "not installed" in page
    assert "the raw score" in page


def test_a_model_whose_file_is_here_is_installed(settings: Any) -> None:
    from detection.cards import read_cards

    found = read_cards()[MODEL]
    settings.MODELS_DIR.mkdir()
    with (settings.MODELS_DIR / found.file).open("wb") as file:
        file.truncate(found.size)
    page = client_of(person("mona")).get(reverse("models")).text
    assert re.search(r"badge is-good\">\s*installed", page)


def test_a_card_says_what_the_model_is_for_and_what_it_cannot_do() -> None:
    page = card()
    for words in (
        "It orders a queue; it never decides.",
        "trained by Yahoo in 2016",
        "BSD-2-Clause",
        "SHA-256",
    ):
        assert words in page
    assert "No supervisor has confirmed an outcome" in page


@pytest.mark.parametrize("who", ["nia", "stan"])
def test_the_pages_are_not_for(who: str) -> None:
    assert client_of(person(who)).get(reverse("models")).status_code == refusal(who)
    assert client_of(person(who)).get(reverse("model_card", args=[MODEL])).status_code == refusal(who)


@pytest.mark.parametrize("who", ["audra", "ada", "lex", "sena"])
def test_the_pages_are_for_the_desk_the_auditor_and_the_administrator(who: str) -> None:
    proposal(person("lena"))
    page = card(who)
    assert "is proposed" in page
    assert "A supervisor decides." in page
    assert "Put in force" not in page


def test_a_model_without_a_card_does_not_exist() -> None:
    assert client_of(person("mona")).get(reverse("model_card", args=["nothing"])).status_code == 404


def test_a_proposal_stands_beside_what_is_in_force_and_lena_may_settle_it() -> None:
    made = proposal(person("lena"))
    page = card("lena")
    assert page.count('class="plot-drawing"') == 2
    assert "in force: the raw score" in page
    assert "Put in force" in page
    assert f"{made.brier:.4f}" in page
    assert f"{made.was_ece:.4f}" in page


def test_the_plot_and_its_table_are_the_samples() -> None:
    made = proposal(person("lena"))
    page = card("lena")
    filled = [each for each in made.bins if each["n"]]
    [plot, was] = re.findall(r"<svg class=\"plot-drawing\".*?</svg>", page, re.S)
    assert plot.count("plot-dot") == len(filled)
    assert was.count("plot-dot") == len([each for each in made.was_bins if each["n"]])
    assert sum(each["n"] for each in filled) == made.n == 400
    assert sum(each["true"] for each in filled) == made.n_true
    for each in filled:
        assert re.search(rf'is-number">{each["n"]}</td><td class="is-number">{each["mean"]:.3f}</td>', page)


def test_a_point_stands_where_its_numbers_say() -> None:
    bins = [
        {"low": 0.5, "high": 0.6, "n": 40, "mean": 0.5, "true": 10},
        {"low": 0.9, "high": 1.0, "n": 0, "mean": None, "true": 0},
    ]
    [dot] = reliability.dots(bins)
    assert (dot.x, dot.y, dot.r) == ("100.0", "138.0", "9.0")
    assert float(dot.top) < float(dot.y) < float(dot.bottom)


@pytest.mark.parametrize(("true", "n"), [(0, 5), (5, 5), (1, 100), (50, 100)])
def test_a_whisker_holds_its_share_and_stays_on_the_paper(true: int, n: int) -> None:
    low, high = reliability.wilson(true, n)
    assert 0 <= low <= true / n <= high <= 1
    assert low < high


def test_all_that_was_ever_settled_stays_on_the_card_with_names_and_reasons() -> None:
    lena = person("lena")
    actions.refuse_calibration(proposal(lena), actor=lena, reason="Not enough dark pictures.")
    page = card()
    assert "refused" in page
    assert "Not enough dark pictures." in page
    assert lena.name in page


def test_what_is_in_force_says_by_whom_and_for_another_version_that_it_is_not_applied() -> None:
    accepted(person("lena"))
    assert "is in force" in card()
    Calibration.objects.update(model_version="another")
    assert "is not applied" in card()


def test_lena_has_open_cases_assessed_again_once() -> None:
    client = client_of(person("lena"))
    assert client.post(reverse("models_assess_again")).status_code == 302
    assert client.post(reverse("models_assess_again")).status_code == 409
    assert Reassessment.objects.count() == 1
    assert all_verbs().count("model.reassessment_asked") == 1
    assert "A worker is about to begin." in client.get(reverse("models")).text


@pytest.mark.parametrize("who", ["mona", "sena", "audra", "ada"])
def test_assessing_again_is_not_for(who: str) -> None:
    assert client_of(person(who)).post(reverse("models_assess_again")).status_code == 403
    assert not Reassessment.objects.exists()
    assert all_verbs() == []


def test_how_many_outcomes_there_are_is_said_before_there_are_enough() -> None:
    confirm(honest(12), person("lena"))
    assert "12 confirmed outcomes" in card()
