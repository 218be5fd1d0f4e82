"""One assessment of one item: what all signals say together, for each of four questions, and how sure that is.

The sum is one of log-odds ("weight of evidence", I. J. Good, Probability and the Weighing of Evidence, 1950) over the
table in ``weighing``, starting from 0: no base rate is assumed, because none is known. Findings of one group are not
independent and are not added as if they were. Rules that no weight can break:

- a definitive finding (a trusted signature that says AI; equal digests) ends its question;
- an intact signed statement that says AI outranks a model that says otherwise; both are shown;
- a statement that says "camera" lowers and never ends;
- that nothing was found counts 0: absence is no proof of authenticity;
- what was not checked is named, and a score that is not a number is "not checked".

Pure Python, the same answer for the same facts in any order. Nothing here decides: it orders a queue and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from detection.findings import Signal
from detection.measuring import MOST_SPREAD, DeskCalibration, from_log_odds
from detection.weighing import (
    AI_MADE,
    ASKED,
    DEFINITIVE,
    EXPLICIT,
    GROUPS,
    KNOWN,
    MANIPULATED,
    OPTIONAL,
    QUESTIONS,
    Facts,
    Point,
    lacks_number,
    points_of,
)

__all__ = [
    "AI_MADE", "EXPLICIT", "KNOWN", "MANIPULATED", "QUESTIONS", "VERSION",
    "Assessment", "DeskCalibration", "Estimate", "Facts", "Point", "State", "Unchecked",
    "assess", "explain", "facts_of",
]  # fmt: skip

VERSION = "weights 1"
LIKELY, UNLIKELY = 0.8, 0.2
#: Points in a case's order that the evidence can bring: the same numbers as in the queue (``cases.priority``).
TRIAGE_EXPLICIT, TRIAGE_AI, TRIAGE_COPY, TRIAGE_COPIES = 100.0, 40.0, 60.0, 3
_TRIAGE_MOST = TRIAGE_EXPLICIT + TRIAGE_AI + TRIAGE_COPY * TRIAGE_COPIES
#: From this much log-odds on each side a disagreement is worth a sentence, and widens the interval.
_TELLING = 0.5
#: Findings that a model's opposite opinion is not counted against.
_SIGNED_AI = {"c2pa_ai_valid", "c2pa_ai_trusted"}
#: "No copy here" says nothing against a copy there.
_NOTHING_HERE = {"no_copy", "no_entry"}


class State(StrEnum):
    """How far a question got."""

    DEFINITIVE = "definitive"
    ESTIMATED = "estimated"
    CANT_TELL = "cant_tell"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A signal that could have said something and did not; ``reason`` is the signal's own sentence, if it has one."""

    signal: str
    code: str
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What was not checked and why."""
        name = self.signal.replace("_", " ")
        return f"{name}: {self.reason or WORDS[self.code]}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The answer to one question.

    ``probability``, ``low`` and ``high`` are in [0, 1]; 1 only for a definitive finding, None where nothing speaks.
    The interval is a 90 % one where it was measured, else judgement. ``disagreement`` is a code of ``WORDS`` or "".
    """

    question: str
    state: State
    probability: float | None
    low: float | None
    high: float | None
    points_for: tuple[Point, ...]
    points_against: tuple[Point, ...]
    not_checked: tuple[Unchecked, ...]
    disagreement: str
    calibration: str

    @property
    def word(self) -> str:
        """likely, unclear, unlikely; certain; cant_tell; not_checked."""
        if self.state is State.DEFINITIVE:
            return "certain"
        if self.state is not State.ESTIMATED or self.probability is None:
            return self.state.value
        if self.probability >= LIKELY:
            return "likely"
        return "unlikely" if self.probability < UNLIKELY else "unclear"

    @property
    def says_yes(self) -> bool:
        """Whether the answer is yes for the order of a queue: definitive, or estimated and likely."""
        return self.word in ("certain", "likely")


@dataclass(frozen=True, slots=True)
class Assessment:
    """All four answers, and one number for the queue: 0 (can wait) to 1; None means that a person must look."""

    estimates: Mapping[str, Estimate]
    triage: float | None
    version: str = VERSION

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON: numbers are finite, texts are the sentences beside their codes."""
        return {
            "version": self.version,
            "triage": self.triage,
            "questions": {name: _estimate_dict(one) for name, one in self.estimates.items()},
        }


#: Words of codes that are no finding.
WORDS = {
    "not_run": "did not run",
    "no_number": "the model gave no usable number",
    "signed_against_model": "A signed statement says AI and a model does not. The statement outranks the model.",
    "for_and_against": "The findings point in both directions. They were not averaged away: read them.",
    "regions_against_score": "The score says explicit, and the region model found nothing uncovered.",
    "score_against_regions": "The score says not explicit, and the region model found something uncovered.",
}


def facts_of(signal: Signal) -> Facts:
    """The facts of a signal of an examination."""
    return Facts(
        signal.name,
        signal.status.value,
        signal.strength.value if signal.strength else "",
        signal.score,
        signal.sentence,
        signal.reason,
        signal.version,
        signal.data,
    )


def assess(
    facts: Iterable[Facts], *, calibrations: Mapping[str, DeskCalibration] | None = None
) -> Assessment:
    """Answer the four questions from what the signals said. *calibrations*: those in force, by model name."""
    told = sorted(facts, key=lambda one: (one.name, one.version, one.status, str(one.score)))
    inforce = calibrations or {}
    points = [point for one in told for point in points_of(one, inforce)]
    if any(point.weight.question == KNOWN and point.code not in _NOTHING_HERE for point in points):
        points = [point for point in points if point.code not in _NOTHING_HERE]
    estimates = {
        question: _estimate(
            question,
            [point for point in points if point.weight.question == question],
            [one for one in told if one.name in ASKED[question]],
            inforce,
        )
        for question in QUESTIONS
    }
    return Assessment(estimates, _triage(estimates, told))


def explain(assessment: Assessment) -> list[str]:
    """For and against in words, one sentence each, question by question."""
    said = []
    for question, one in assessment.estimates.items():
        said.append(f"{_TITLES[question]}: {_answer(one)}.")
        said += [f"  For: {point.sentence}." for point in one.points_for]
        said += [f"  Against: {point.sentence}." for point in one.points_against]
        said += [f"  Not checked: {unchecked.sentence}" for unchecked in one.not_checked]
        if one.disagreement:
            said.append(f"  {WORDS[one.disagreement]}")
    triage = "a person must look" if assessment.triage is None else f"{assessment.triage:.2f} of 1"
    said.append(
        f"Order in the queue: {triage}. Nothing here decides, and no trace found is no proof of a camera."
    )
    return said


_TITLES = {EXPLICIT: "Explicit", AI_MADE: "AI-made", KNOWN: "Known", MANIPULATED: "Manipulated"}


def _answer(one: Estimate) -> str:
    words = {"certain": "yes, definitive", "cant_tell": "can't tell", "not_checked": "not checked"}
    word = words.get(one.word, one.word)
    if one.probability is None or one.low is None or one.high is None or one.state is State.DEFINITIVE:
        return word
    return f"{word} {one.probability:.2f} ({one.low:.2f} to {one.high:.2f})"


def _estimate(
    question: str, points: list[Point], told: list[Facts], calibrations: Mapping[str, DeskCalibration]
) -> Estimate:
    weighed = _weigh(points)
    definitive = any(point.log_odds == DEFINITIVE for point in weighed)
    total = sum(point.counted for point in weighed if point.log_odds != DEFINITIVE)
    disagreement = _disagreement(weighed, told)
    state, probability, low, high = State.DEFINITIVE, 1.0, 1.0, 1.0
    numbers: tuple[float | None, float | None, float | None] = (probability, low, high)
    if not definitive:
        state, numbers = _numbers(weighed, total, told)
    return Estimate(
        question,
        state,
        *numbers,
        points_for=tuple(point for point in weighed if point.log_odds > 0),
        points_against=tuple(point for point in weighed if point.log_odds <= 0),
        not_checked=_unchecked(question, told),
        disagreement=disagreement,
        calibration=_calibration_used(weighed, told, calibrations),
    )


def _numbers(
    weighed: list[Point], total: float, told: list[Facts]
) -> tuple[State, tuple[float | None, float | None, float | None]]:
    if not weighed:
        looked = any(
            one.status in ("found", "not_found", "not_applicable") and not lacks_number(one) for one in told
        )
        return (State.CANT_TELL if looked else State.NOT_CHECKED), (None, None, None)
    half = _half_width(weighed)
    probability, low, high = (round(from_log_odds(total + shift), 6) for shift in (0.0, -half, half))
    straddles = low < UNLIKELY and high >= LIKELY
    return (State.CANT_TELL if straddles else State.ESTIMATED), (probability, low, high)


def _weigh(points: list[Point]) -> list[Point]:
    """The points with what each one counts, strongest first. Definitive ones count by themselves."""
    outranked = any(point.code in _SIGNED_AI for point in points)
    weighed: list[Point] = []
    for group, rule in GROUPS.items():
        for side in (1, -1):
            mine = [p for p in points if p.weight.group == group and (p.log_odds > 0) is (side > 0)]
            mine.sort(key=lambda p: (-abs(p.log_odds), p.code, p.signal))
            shares = [1.0 if place == 0 else rule.further for place in range(len(mine))]
            if outranked and group == "model" and side < 0:
                shares = [0.0] * len(mine)
            sums = sum(abs(p.log_odds) * share for p, share in zip(mine, shares, strict=True) if share)
            fits = min(1.0, rule.most / sums) if 0 < sums < DEFINITIVE else 1.0
            weighed += [
                replace(p, counted=p.log_odds * share * fits if share else 0.0)
                for p, share in zip(mine, shares, strict=True)
            ]
    return sorted(weighed, key=lambda p: (-abs(p.counted), -abs(p.log_odds), p.code, p.signal))


def _half_width(weighed: list[Point]) -> float:
    """Doubts of independent groups add as squares do; findings that contradict each other add theirs."""
    widest: dict[str, float] = {}
    for point in weighed:
        if point.counted:
            group = point.weight.group
            widest[group] = max(widest.get(group, 0.0), point.spread)
    spread = sum(value**2 for value in widest.values()) ** 0.5 or MOST_SPREAD
    return float(min(spread + 0.5 * min(_sides(weighed)), MOST_SPREAD))


def _sides(weighed: list[Point]) -> tuple[float, float]:
    finite = [point.counted for point in weighed if point.log_odds != DEFINITIVE]
    return sum(one for one in finite if one > 0), -sum(one for one in finite if one < 0)


def _disagreement(weighed: list[Point], told: list[Facts]) -> str:
    codes = {point.code.removesuffix("_measured"): point for point in weighed}
    model = codes.get("synthetic_score")
    if codes.keys() & _SIGNED_AI and model is not None and model.log_odds < 0:
        return "signed_against_model"
    score = codes.get("explicit_score")
    if score is not None:
        ran = any(one.name == "regions" and one.status in ("found", "not_found") for one in told)
        likely, unlikely = score.values["score"] >= LIKELY, score.values["score"] < UNLIKELY
        if likely and ran and "regions_exposed" not in codes:
            return "regions_against_score"
        if unlikely and "regions_exposed" in codes:
            return "score_against_regions"
    definitive = any(point.log_odds == DEFINITIVE for point in weighed)
    against = sum(-point.log_odds for point in weighed if point.log_odds < 0)
    both = against >= _TELLING if definitive else min(_sides(weighed)) >= _TELLING
    return "for_and_against" if both else ""


def _unchecked(question: str, told: list[Facts]) -> tuple[Unchecked, ...]:
    missing = []
    ran = {one.name: one for one in told}
    for name in ASKED[question]:
        one = ran.get(name)
        if one is None:
            if name not in OPTIONAL:
                missing.append(Unchecked(name, "not_run"))
        elif one.status in ("not_checked", "failed"):
            missing.append(Unchecked(name, "not_run", one.reason or one.sentence))
        elif lacks_number(one):
            missing.append(Unchecked(name, "no_number"))
    return tuple(missing)


def _calibration_used(
    weighed: list[Point], told: list[Facts], calibrations: Mapping[str, DeskCalibration]
) -> str:
    measured = {point.signal for point in weighed if point.code.endswith("_measured")}
    models = {str(one.data.get("model", "")) for one in told if one.name in measured}
    return ", ".join(sorted(calibrations[model].version for model in models if model in calibrations))


def _triage(estimates: Mapping[str, Estimate], told: list[Facts]) -> float | None:
    explicit = estimates[EXPLICIT].probability
    if explicit is None:
        return None
    copies = sum(_copies(one) for one in told if one.name in ASKED[KNOWN] and one.status == "found")
    points = TRIAGE_EXPLICIT * explicit + TRIAGE_AI * estimates[AI_MADE].says_yes
    points += TRIAGE_COPY * min(copies, TRIAGE_COPIES)
    return round(points / _TRIAGE_MOST, 6)


def _copies(facts: Facts) -> int:
    count = facts.data.get("count", 1)
    return count if isinstance(count, int) and count > 0 else 0


def _estimate_dict(one: Estimate) -> dict[str, Any]:
    return {
        "state": one.state.value,
        "word": one.word,
        "probability": one.probability,
        "low": one.low,
        "high": one.high,
        "for": [_point_dict(point) for point in one.points_for],
        "against": [_point_dict(point) for point in one.points_against],
        "not_checked": [
            {"code": each.code, "signal": each.signal, "reason": each.reason, "sentence": each.sentence}
            for each in one.not_checked
        ],
        "disagreement": {"code": one.disagreement, "sentence": WORDS[one.disagreement]}
        if one.disagreement
        else None,
        "calibration": one.calibration,
    }


def _point_dict(point: Point) -> dict[str, Any]:
    definitive = point.log_odds == DEFINITIVE
    return {
        "code": point.code,
        "signal": point.signal,
        "values": dict(point.values),
        "sentence": point.sentence,
        "definitive": definitive,
        "counted": None if definitive else round(point.counted, 3),
    }
