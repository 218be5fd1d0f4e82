"""One assessment: what is sure ends a question, what is not is summed with its doubt, and absence proves nothing."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.assessment import (
    AI_MADE,
    EXPLICIT,
    KNOWN,
    MANIPULATED,
    QUESTIONS,
    Assessment,
    Estimate,
    Facts,
    State,
    assess,
    explain,
    facts_of,
)
from detection.findings import Signal, Status, Strength
from detection.measuring import Bin, DeskCalibration
from detection.weighing import ASKED, DEFINITIVE, FORENSICS, GROUPS, WEIGHTS, Group

AI_TERM, CAMERA_TERM = "trainedAlgorithmicMedia", "digitalCapture"


def c2pa(
    *, ai: bool = False, trust: str = "untrusted", integrity: str = "valid", terms: Any = (), **data: Any
) -> Facts:
    named = list(terms) or ([AI_TERM] if ai else [CAMERA_TERM])
    told = {"present": True, "ai": ai, "trust": trust, "integrity": integrity, "source_types": named, **data}
    return Facts("c2pa", "found", "strong", data=told)


def explicit(score: float | None, **data: Any) -> Facts:
    return Facts("explicit", "found", "weak", score, version="v1", data={"model": "m", **data})


def synthetic(score: float, **data: Any) -> Facts:
    return Facts(
        "synthetic",
        "found" if score >= 0.2 else "not_found",
        "weak",
        score,
        version="v1",
        data={"model": "s", **data},
    )


GENERATOR = Facts("generator_metadata", "found", "strong", data={"ai": True})
SOURCE = Facts("source_type", "found", "strong", data={"ai": True, "term": AI_TERM})
WATERMARK = Facts("watermark", "found", "strong", data={"ai": True})
CAMERA = Facts("camera_metadata", "found", "weak", data={"make": "Maker", "model": "One"})
SAME_FILE = Facts(
    "known", "found", "definitive", data={"matches": [{"item": "x", "distance": None}], "count": 1}
)


def near(distance: int, strength: str = "strong", name: str = "known") -> Facts:
    return Facts(name, "found", strength, data={"matches": [{"item": "x", "distance": distance}], "count": 1})


def of(question: str, *facts: Facts, **kwargs: Any) -> Estimate:
    return assess(facts, **kwargs).estimates[question]


# --- what each question rests on ------------------------------------------------------------------------------------


def test_without_any_fact_nothing_was_checked_and_a_person_must_look() -> None:
    nothing = assess([])
    assert {one.state for one in nothing.estimates.values()} == {State.NOT_CHECKED}
    assert nothing.triage is None


def test_a_score_that_nobody_measured_is_itself_with_a_wide_interval() -> None:
    one = of(EXPLICIT, explicit(0.94))
    assert (one.word, one.probability) == ("likely", 0.94)
    assert one.low is not None
    assert one.high is not None
    assert one.high - one.low > 0.25


def test_a_middling_score_that_nobody_measured_cannot_tell() -> None:
    assert of(EXPLICIT, explicit(0.5)).word == "cant_tell"


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.1, 1.5, None, True])
def test_what_is_no_probability_is_not_checked_and_never_zero(score: Any) -> None:
    one = of(EXPLICIT, explicit(score))
    assert (one.state, one.probability) == (State.NOT_CHECKED, None)
    assert [each.code for each in one.not_checked] == ["no_number"]


def test_a_trusted_signature_that_says_ai_ends_the_question() -> None:
    one = of(AI_MADE, c2pa(ai=True, trust="trusted"), synthetic(0.01))
    assert (one.state, one.probability, one.low, one.high) == (State.DEFINITIVE, 1.0, 1.0, 1.0)


def test_an_intact_signature_of_a_stranger_outranks_the_model_and_the_page_says_so() -> None:
    with_model, without = (of(AI_MADE, c2pa(ai=True), *more) for more in ([synthetic(0.02)], []))
    assert with_model.probability == without.probability
    assert with_model.word == "likely"
    assert with_model.disagreement == "signed_against_model"
    assert [point.code for point in with_model.points_against] == ["synthetic_score"]


def test_credentials_that_do_not_fit_the_file_count_for_little() -> None:
    broken = of(AI_MADE, c2pa(ai=True, integrity="invalid"))
    whole = of(AI_MADE, c2pa(ai=True))
    assert broken.probability is not None
    assert whole.probability is not None
    assert broken.probability < whole.probability
    assert broken.word != "certain"


@pytest.mark.parametrize("trust", ["trusted", "untrusted"])
def test_a_signed_camera_lowers_and_never_ends(trust: str) -> None:
    alone = of(AI_MADE, c2pa(trust=trust))
    assert alone.state is not State.DEFINITIVE
    assert alone.probability is not None
    assert 0 < alone.probability < 0.5
    with_text = of(AI_MADE, c2pa(trust=trust), GENERATOR)
    assert with_text.probability is not None
    assert with_text.probability > alone.probability
    assert with_text.disagreement == "for_and_against"


def test_camera_data_alone_tells_nothing() -> None:
    assert of(AI_MADE, CAMERA).word == "cant_tell"


def test_three_traces_of_one_tool_are_not_three_witnesses() -> None:
    one, three = of(AI_MADE, GENERATOR), of(AI_MADE, GENERATOR, SOURCE, WATERMARK)
    strongest = WEIGHTS["generator_text"].log_odds
    assert sum(point.counted for point in three.points_for) < strongest * 1.6
    assert three.probability is not None
    assert one.probability is not None
    assert three.probability > one.probability


def test_that_no_trace_was_found_counts_for_neither_side() -> None:
    absent = [Facts(name, "not_found") for name in ASKED[AI_MADE] if name != "synthetic"]
    one = of(AI_MADE, *absent)
    assert (one.word, one.probability, one.points_against) == ("cant_tell", None, ())
    assert of(AI_MADE, *absent, GENERATOR).probability == of(AI_MADE, GENERATOR).probability


def test_the_same_file_elsewhere_is_definitive_and_a_near_copy_is_likely() -> None:
    assert of(KNOWN, SAME_FILE).word == "certain"
    assert of(KNOWN, near(6)).word == "likely"
    closer, farther = of(KNOWN, near(2)).probability, of(KNOWN, near(31)).probability
    assert closer is not None
    assert farther is not None
    assert closer > farther


def test_a_near_copy_that_a_second_hash_contradicts_is_worth_less() -> None:
    agreed, contradicted = of(KNOWN, near(20)).probability, of(KNOWN, near(20, "weak")).probability
    assert agreed is not None
    assert contradicted is not None
    assert contradicted < agreed


def test_no_copy_here_says_nothing_against_a_copy_there() -> None:
    none_here = Facts("known", "not_found")
    assert of(KNOWN, none_here).word == "unlikely"
    assert (
        of(KNOWN, none_here, near(6, name="banks")).probability
        == of(KNOWN, near(6, name="banks")).probability
    )


def test_pixel_statistics_alone_are_never_above_unclear() -> None:
    leads = [Facts(name, "found", "weak") for name in FORENSICS]
    one = of(MANIPULATED, *leads)
    assert one.word in ("unclear", "cant_tell")
    assert one.probability is not None
    assert one.probability < 0.8


def test_a_signed_composite_says_manipulated_and_ai() -> None:
    both = c2pa(ai=True, trust="trusted", terms=["compositeWithTrainedAlgorithmicMedia"])
    assert of(MANIPULATED, both).word == "certain"
    assert of(AI_MADE, both).word == "certain"


def test_regions_against_the_score_are_written_and_not_averaged() -> None:
    regions = Facts("regions", "found", "weak", data={"boxes": [{"label": "face"}]})
    one = of(EXPLICIT, explicit(0.95), regions)
    assert one.probability == 0.95
    assert one.disagreement == "regions_against_score"
    uncovered = Facts("regions", "found", "weak", data={"boxes": [{"label": "genital area, uncovered"}]})
    assert of(EXPLICIT, explicit(0.05), uncovered).disagreement == "score_against_regions"


def test_what_did_not_run_is_named_with_its_reason() -> None:
    missing = Facts("watermark", "not_checked", reason="the picture is too small")
    told = {each.signal: each.sentence for each in of(AI_MADE, missing, GENERATOR).not_checked}
    assert told["watermark"] == "watermark: the picture is too small"
    assert told["c2pa"] == "c2pa: did not run"


def test_a_shadow_model_changes_nothing() -> None:
    shadow = Facts("shadow.other", "found", "weak", 0.99, data={"model": "other", "task": "synthetic"})
    assert assess([explicit(0.4), GENERATOR, shadow]) == assess([explicit(0.4), GENERATOR])


# --- calibration ----------------------------------------------------------------------------------------------------

BINS = tuple(Bin(place / 10, (place + 1) / 10, 100, place / 10 + 0.05, 10) for place in range(10))
HALVES = DeskCalibration(
    "m", "v1", "m calibration 1", "isotonic", {"xs": [0.0, 1.0], "ys": [0.0, 0.5]}, 1000, BINS
)


def test_a_calibration_in_force_reads_the_raw_score_and_narrows_the_interval() -> None:
    raw = of(EXPLICIT, explicit(0.9))
    read = of(EXPLICIT, explicit(0.9, raw=0.9), calibrations={"m": HALVES})
    assert read.probability == pytest.approx(0.45)
    assert read.calibration == "m calibration 1"
    assert read.points_against[0].code == "explicit_score_measured"
    assert read.high - read.low < raw.high - raw.low + 0.1  # type: ignore[operator]
    assert read.word == "unclear"


def test_a_calibration_of_another_version_is_not_applied() -> None:
    old = DeskCalibration("m", "v0", "m calibration 1", "platt", {"a": 1.0, "b": -5.0}, 500)
    assert of(EXPLICIT, explicit(0.9), calibrations={"m": old}) == of(EXPLICIT, explicit(0.9))


def test_where_nothing_was_confirmed_a_calibrated_score_stays_uncertain() -> None:
    few = DeskCalibration("m", "v1", "c", "none", {}, 200, (Bin(0.0, 0.1, 200, 0.05, 10),))
    thick, thin = few.spread(0.05), few.spread(0.6)
    assert thick < 1
    assert thin > 3


# --- triage, words, plain data --------------------------------------------------------------------------------------


def test_triage_is_the_share_of_points_that_the_queue_gives() -> None:
    every = assess(
        [
            explicit(0.999),
            c2pa(ai=True, trust="trusted"),
            Facts("known", "found", "definitive", data={"matches": [{"distance": None}] * 9, "count": 9}),
        ]
    )
    assert every.triage == pytest.approx((99.9 + 40 + 180) / 320, abs=1e-5)
    assert assess([explicit(0.1)]).triage == pytest.approx(10 / 320, abs=1e-6)
    assert assess([SAME_FILE]).triage is None, "no score of explicitness: a person must look"


def test_the_explanation_has_every_point_of_both_sides_and_what_is_missing() -> None:
    told = "\n".join(
        explain(assess([explicit(0.94), GENERATOR, c2pa(), Facts("synthetic", "failed", reason="it broke")]))
    )
    assert "Explicit: likely 0.94" in told
    assert "For: a generator's own settings stand in the file." in told
    assert "Against: intact Content Credentials name a camera." in told
    assert "Not checked: synthetic: it broke" in told
    assert "no trace found is no proof of a camera" in told


def test_the_facts_of_a_signal_are_the_signal() -> None:
    signal = Signal("explicit", "v", Status.FOUND, "s", Strength.WEAK, 0.3, "r", {"model": "m"})
    assert facts_of(signal) == Facts("explicit", "found", "weak", 0.3, "s", "r", "v", {"model": "m"})


def test_every_weight_has_a_question_a_known_group_words_and_a_reason() -> None:
    for code, line in WEIGHTS.items():
        assert line.question in QUESTIONS, code
        assert line.group in GROUPS, code
        assert line.words, code
        assert line.why, code
        assert line.log_odds == DEFINITIVE or abs(line.log_odds) <= 7, code


# --- properties -----------------------------------------------------------------------------------------------------

PROBABILITIES = st.floats(0, 1) | st.just(math.nan) | st.none()


@st.composite
def some_facts(draw: st.DrawFn) -> list[Facts]:
    """Any mix of signals, each at most once, as a file or an attacker could bring them about."""
    found = []
    for name in sorted({name for names in ASKED.values() for name in names}):
        status = draw(st.sampled_from(["", "found", "not_found", "not_applicable", "failed", "not_checked"]))
        if not status:
            continue
        found.append(draw(_one(name, status)))
    return found


def _one(name: str, status: str) -> st.SearchStrategy[Facts]:
    if name in ("explicit", "synthetic"):
        return PROBABILITIES.map(
            lambda score: Facts(name, status, "weak", score, version="v1", data={"model": "m"})
        )
    if name == "c2pa":
        return st.builds(
            lambda ai, trust, integrity, terms: Facts(
                name, status, "strong",
                data={"ai": ai, "trust": trust, "integrity": integrity, "source_types": terms},
            ),
            st.booleans(), st.sampled_from(["trusted", "untrusted"]), st.sampled_from(["valid", "invalid"]),
            st.lists(st.sampled_from([AI_TERM, CAMERA_TERM, "composite", "screenCapture"]), max_size=3),
        )  # fmt: skip
    if name in ("known", "banks"):
        distances = st.none() | st.integers(0, 31)
        return st.lists(distances, max_size=4).map(
            lambda found: Facts(
                name, status, "", data={"matches": [{"distance": one} for one in found], "count": len(found)}
            )
        )
    strengths = st.sampled_from(["weak", "strong", "definitive"])
    return st.builds(
        lambda strength, ai: Facts(
            name, status, strength, data={"ai": ai, "term": AI_TERM if ai else CAMERA_TERM, "make": "x"}
        ),
        strengths, st.booleans(),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(some_facts(), st.randoms())
def test_the_order_of_the_signals_is_irrelevant_and_the_answer_always_the_same(
    facts: list[Facts], random: Any
) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert json.dumps(assess(shuffled).as_dict()) == json.dumps(assess(facts).as_dict())


@settings(max_examples=150, deadline=None)
@given(some_facts())
def test_an_interval_holds_its_estimate_and_only_the_definitive_is_certain(facts: list[Facts]) -> None:
    found = assess(facts)
    for one in found.estimates.values():
        if one.probability is None or one.low is None or one.high is None:
            assert one.state in (State.CANT_TELL, State.NOT_CHECKED)
            assert not one.points_for
            assert not one.points_against
            continue
        assert one.low <= one.probability <= one.high
        if one.state is not State.DEFINITIVE:
            assert one.low > 0
            assert one.high < 1
            total = sum(point.counted for point in one.points_for + one.points_against)
            assert one.probability == pytest.approx(1 / (1 + math.exp(-total)), abs=0.0011)
    assert found.triage is None or 0 <= found.triage <= 1
    json.dumps(found.as_dict(), allow_nan=False)
    assert explain(found)


#: A finding that speaks for its question, and the signal of that name without it.
SUPPORTING = [
    (AI_MADE, GENERATOR), (AI_MADE, SOURCE), (AI_MADE, WATERMARK), (AI_MADE, c2pa(ai=True)),
    (AI_MADE, c2pa(ai=True, trust="trusted")), (AI_MADE, synthetic(0.99)), (AI_MADE, Facts("ai_fields", "found")),
    (MANIPULATED, Facts("embedded_thumbnail", "found", "strong")),
    *((MANIPULATED, Facts(name, "found", "weak")) for name in FORENSICS),
    (EXPLICIT, Facts("regions", "found", data={"boxes": [{"label": "breast, uncovered"}]})),
    (KNOWN, SAME_FILE), (KNOWN, near(3)), (KNOWN, near(3, name="banks")),
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(some_facts(), st.sampled_from(SUPPORTING))
def test_a_finding_that_speaks_for_it_never_lowers_an_estimate(
    facts: list[Facts], added: tuple[str, Facts]
) -> None:
    question, fact = added
    rest = [one for one in facts if one.name != fact.name]
    before, after = of(question, *rest), of(question, *rest, fact)
    assert after.probability is not None
    if before.probability is not None and before.points_for + before.points_against:
        assert after.probability >= before.probability


@settings(max_examples=200, deadline=None)
@given(some_facts())
def test_what_is_absent_never_makes_a_picture_more_authentic(facts: list[Facts]) -> None:
    """Taking every "not found" out of the facts of both questions about its making changes no number."""
    looked = [one for one in facts if one.status == "found" or one.name == "synthetic"]
    for question in (AI_MADE, MANIPULATED):
        assert of(question, *looked).probability == of(question, *facts).probability


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_never_means_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for question, signal in ((EXPLICIT, explicit), (AI_MADE, synthetic)):
        below, above = of(question, signal(low)).probability, of(question, signal(high)).probability
        assert below is not None
        assert above is not None
        assert below <= above


def test_no_group_lets_its_members_outweigh_what_it_may() -> None:
    for name, rule in GROUPS.items():
        assert isinstance(rule, Group)
        finite = [
            abs(line.log_odds)
            for line in WEIGHTS.values()
            if line.group == name and line.log_odds != DEFINITIVE
        ]
        assert not finite or rule.most > 0
        assert rule.further <= 1


def test_an_assessment_is_frozen() -> None:
    made = assess([explicit(0.3)])
    assert isinstance(made, Assessment)
    with pytest.raises(AttributeError):
        made.triage = 1.0  # type: ignore[misc]
