"""Curves through confirmed outcomes: known answers, figures out of sample, and none where none is earned."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.scoring import fitting
from casework.scoring.fitting import ISOTONIC, NONE, PLATT, Labelled
from detection.measuring import DeskCalibration
from tests.scoring.making import boastful, honest


def labelled(pairs: list[tuple[float, bool]]) -> list[Labelled]:
    return [Labelled(score, true) for score, true in pairs]


def curve(method: str, params: dict) -> DeskCalibration:
    return DeskCalibration("", "", "", method, params, 0)


def test_platt_finds_the_curve_that_made_the_outcomes() -> None:
    chance = random.Random(3)
    pairs = []
    for _ in range(20_000):
        score = chance.uniform(0.01, 0.99)
        p = 1 / (1 + math.exp(-(0.5 * math.log(score / (1 - score)) - 1)))
        pairs.append((score, chance.random() < p))
    found = fitting.fit_platt(labelled(pairs))
    assert found is not None
    assert found["a"] == pytest.approx(0.5, abs=0.05)
    assert found["b"] == pytest.approx(-1, abs=0.05)


def test_platt_does_not_read_a_score_backwards() -> None:
    assert fitting.fit_platt(labelled([(1 - score, true) for score, true in honest(1000)])) is None


def test_isotonic_pools_what_falls_and_keeps_what_rises() -> None:
    # 0.1: 0 of 2 · 0.3: 1 of 1, then 0.5: 0 of 1 falls and is pooled to 1 of 2 at 0.4 · 0.9: 2 of 2
    pairs = [(0.1, False), (0.1, False), (0.3, True), (0.5, False), (0.9, True), (0.9, True)]
    assert fitting.fit_isotonic(labelled(pairs)) == {"xs": [0.1, 0.4, 0.9], "ys": [0.125, 0.5, 0.875]}


def test_isotonic_has_nothing_to_say_where_no_order_is() -> None:
    assert fitting.fit_isotonic(labelled([(0.2, True), (0.8, False)] * 50)) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=4, max_size=60))
def test_no_curve_ever_falls_or_is_certain(pairs: list[tuple[float, bool]]) -> None:
    for method in (PLATT, ISOTONIC):
        params = fitting.fit(method, labelled(pairs))
        if params is None:
            continue
        answers = [curve(method, params).apply(step / 50) for step in range(51)]
        assert answers == sorted(answers)
        assert all(0 < answer < 1 for answer in answers)


@pytest.mark.parametrize("method", [PLATT, ISOTONIC])
def test_a_sample_is_judged_by_a_curve_that_has_not_seen_it(method: str) -> None:
    """Another truth of one sample moves the curves of the other folds and never the one that judges its own."""
    samples = labelled(boastful(400))
    turned = [replace(one, true=not one.true) if place == 7 else one for place, one in enumerate(samples)]
    before, after = (fitting.cross_validated(method, each) for each in (samples, turned))
    assert before is not None
    assert after is not None
    own = [
        place for place in range(len(samples)) if place % fitting.FOLDS == 7 % fitting.FOLDS and place != 7
    ]
    assert [before.errors[place] for place in own] == [after.errors[place] for place in own]
    assert before.errors != after.errors
    assert math.sqrt(before.errors[7]) + math.sqrt(after.errors[7]) == pytest.approx(1)


def test_a_boastful_model_is_calmed_down() -> None:
    best, now = fitting.best_fit(labelled(boastful(1000)), None)
    assert best is not None
    assert best.method in (PLATT, ISOTONIC)
    assert best.brier < now.brier
    assert best.ece < now.ece / 2


def test_an_honest_model_is_measured_and_left_alone() -> None:
    best, now = fitting.best_fit(labelled(honest(3000)), None)
    assert best is not None
    assert (best.method, best.params) == (NONE, {})
    assert best.ece <= fitting.GOOD_ECE
    assert best == now


def test_nothing_is_proposed_where_what_is_in_force_is_as_good() -> None:
    samples = labelled(boastful(1000))
    params = fitting.fit_platt(samples)
    assert params is not None
    best, now = fitting.best_fit(samples, (PLATT, params))
    assert best is None
    assert now.method == PLATT


@pytest.mark.parametrize(
    ("true", "false", "ok"), [(100, 100, True), (99, 100, False), (170, 30, True), (300, 29, False)]
)
def test_two_hundred_outcomes_and_thirty_of_each_answer_are_enough(true: int, false: int, ok: bool) -> None:
    assert fitting.enough(labelled([(0.5, True)] * true + [(0.5, False)] * false)) is ok


def test_the_bins_are_the_samples_and_nothing_else() -> None:
    samples = labelled(boastful(500))
    predicted = [one.score for one in samples]
    bins = fitting.bins_of(predicted, samples)
    assert sum(each["n"] for each in bins) == 500
    for each in bins:
        mine = [one for one in samples if each["low"] <= one.score < each["high"]]
        assert each["n"] == len(mine)
        assert each["true"] == sum(one.true for one in mine)
        assert each["mean"] == pytest.approx(sum(one.score for one in mine) / len(mine), abs=1e-6)


def test_the_brier_score_and_the_calibration_error_of_a_known_case() -> None:
    found = fitting.judged(NONE, {}, labelled([(0.25, False), (0.25, True), (0.75, True), (0.75, True)]))
    assert found.brier == pytest.approx((0.0625 + 0.5625 + 0.0625 + 0.0625) / 4)
    assert found.ece == pytest.approx(0.25)
