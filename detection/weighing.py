"""What each finding counts for each question: one table of weights, and the rules that read a signal into it.

Weights are log-odds: 0 says nothing, 1 makes the odds 2.7 times, 2.2 turns "as likely as not" into 0.9. They are
**judgement**, written down so that it can be disputed, until a calibration replaces the part of a model. A finding that
is absent has no line here: that no trace was found counts 0, for either side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from detection.measuring import UNMEASURED_SPREAD, DeskCalibration, log_odds
from detection.modelcard import REGIONS, Part

EXPLICIT, AI_MADE, KNOWN, MANIPULATED = "explicit", "ai_made", "known", "manipulated"
QUESTIONS = (EXPLICIT, AI_MADE, KNOWN, MANIPULATED)
DEFINITIVE = math.inf

FORENSICS = ("ela", "jpeg_history", "noise", "spectrum", "cfa", "grid")
#: Which signals bear on which question; one that did not run is named as "not checked" there.
ASKED: dict[str, tuple[str, ...]] = {
    EXPLICIT: ("explicit", "regions"),
    AI_MADE: (
        *("c2pa", "generator_metadata", "source_type", "ai_fields", "stealth_metadata", "watermark"),
        *("synthetic", "camera_metadata"),
    ),
    KNOWN: ("known", "banks"),
    MANIPULATED: ("c2pa", "source_type", "embedded_thumbnail", *FORENSICS),
}
#: Signals that may be folded into another one, or not be installed at all: that they are missing is no news.
OPTIONAL = frozenset({"regions", "ai_fields", "stealth_metadata", "camera_metadata", "banks", *FORENSICS})


@dataclass(frozen=True, slots=True)
class Facts:
    """What one signal said, whether it comes from an examination or from a stored record."""

    name: str
    status: str
    strength: str = ""
    score: float | None = None
    sentence: str = ""
    reason: str = ""
    version: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weight:
    """One line of the table: log-odds (the most, where a number moves it), half-width of doubt, words, reason."""

    question: str
    log_odds: float
    spread: float
    group: str
    words: str
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that are not independent: the strongest counts whole, each further one this share; *most* in all."""

    further: float
    most: float
    why: str


GROUPS: dict[str, Group] = {
    "model": Group(0.0, 7.0, "one model, one opinion"),
    "regions": Group(0.0, 1.0, "a second model that looks at the same pixels"),
    "tool": Group(0.25, 4.5, "a tool that writes one trace of itself usually writes several"),
    "camera": Group(0.0, 2.0, "declarations of a camera are copied together"),
    "search": Group(0.25, 5.0, "banks share entries"),
    "declared": Group(0.25, 3.0, "both are statements about the same edit"),
    "file": Group(0.0, 1.5, "one inconsistency inside the file, whatever showed it"),
    "leads": Group(1.0, 0.75, "recompression misleads them all alike; together never above “unclear”"),
}

WEIGHTS: dict[str, Weight] = {
    # --- explicit? ------------------------------------------------------------------------------------------------
    "explicit_score": Weight(
        EXPLICIT, 7.0, UNMEASURED_SPREAD, "model",
        "a model scores %(score).2f", "the score is taken as a probability; wide until this desk has measured it"),
    "explicit_score_measured": Weight(
        EXPLICIT, 7.0, 0.3, "model",
        "a model scores %(raw).2f, which at this desk meant %(score).2f", "calibrated on confirmed outcomes"),
    "regions_exposed": Weight(
        EXPLICIT, 0.5, 1.0, "regions",
        "a region model marks uncovered parts (%(n)d)", "sees the same pixels as the first model: half a voice"),
    # --- AI-made? -------------------------------------------------------------------------------------------------
    "c2pa_ai_trusted": Weight(
        AI_MADE, DEFINITIVE, 0.0, "tool",
        "Content Credentials of a trusted signer name generative AI", "signed by whoever made it, and unchanged since"),
    "c2pa_ai_valid": Weight(
        AI_MADE, 3.5, 1.5, "tool",
        "intact Content Credentials name generative AI", "anybody can sign; hardly anybody lies in this direction"),
    "c2pa_ai_broken": Weight(
        AI_MADE, 1.0, 1.5, "tool",
        "Content Credentials name generative AI but do not fit the file", "edited since, or copied from another file"),
    "generator_text": Weight(
        AI_MADE, 2.5, 1.5, "tool",
        "a generator's own settings stand in the file", "can be pasted in, rarely is"),
    "generator_hint": Weight(
        AI_MADE, 0.8, 1.5, "tool",
        "the file hints at a generator", "undocumented, or a label that only says “may be”"),
    "source_ai": Weight(
        AI_MADE, 2.0, 1.5, "tool",
        "the file declares generative AI as its source", "a field that anybody can edit"),
    "fields_ai": Weight(
        AI_MADE, 2.0, 1.5, "tool",
        "the file's AI fields are filled in", "a field that anybody can edit"),
    "stealth_text": Weight(
        AI_MADE, 2.5, 1.5, "tool",
        "a generator's settings are hidden in the pixels", "survives only in untouched files of that tool"),
    "watermark": Weight(
        AI_MADE, 2.5, 1.5, "tool",
        "the pixels carry a generator's invisible watermark", "the code that adds it is public"),
    "synthetic_score": Weight(
        AI_MADE, 1.5, UNMEASURED_SPREAD, "model",
        "a classifier scores %(score).2f", "they fail outside what they were trained on: half a voice, capped"),
    "synthetic_score_measured": Weight(
        AI_MADE, 3.0, 0.3, "model",
        "a classifier scores %(raw).2f, which at this desk meant %(score).2f", "calibrated on confirmed outcomes"),
    "c2pa_camera_trusted": Weight(
        AI_MADE, -2.0, 1.0, "camera",
        "Content Credentials of a trusted signer name a camera", "a camera can look at a screen: lowers, never ends"),
    "c2pa_camera_valid": Weight(
        AI_MADE, -0.7, 1.5, "camera",
        "intact Content Credentials name a camera", "the signer is not known here"),
    "source_camera": Weight(
        AI_MADE, -0.3, UNMEASURED_SPREAD, "camera",
        "the file declares a camera as its source", "a field that anybody can edit"),
    "camera_data": Weight(
        AI_MADE, -0.3, UNMEASURED_SPREAD, "camera", "camera data stands in the file", "a field that anybody can copy"),
    # --- known? ---------------------------------------------------------------------------------------------------
    "same_file": Weight(
        KNOWN, DEFINITIVE, 0.0, "search", "the same file is in another case", "equal digests"),
    "bank_exact": Weight(
        KNOWN, DEFINITIVE, 0.0, "search", "a bank holds exactly this file", "equal digests"),
    "near_copy": Weight(
        KNOWN, 4.5, 1.0, "search",
        "a near copy is in another case, distance %(distance)d", "falls with the distance; a match is no identity"),
    "bank_near": Weight(
        KNOWN, 4.5, 1.0, "search",
        "a bank holds a near copy, distance %(distance)d", "falls with the distance; a match is no identity"),
    "no_copy": Weight(
        KNOWN, -3.0, 1.0, "search",
        "no copy is in another case", "speaks of what is stored here, and of nothing else"),
    "no_entry": Weight(
        KNOWN, -3.0, 1.0, "search",
        "no bank holds a copy", "speaks of what is stored here, and of nothing else"),
    # --- manipulated? ---------------------------------------------------------------------------------------------
    "c2pa_composite_trusted": Weight(
        MANIPULATED, DEFINITIVE, 0.0, "declared",
        "Content Credentials of a trusted signer name a composite", "signed by whoever made it, and unchanged since"),
    "c2pa_composite_valid": Weight(
        MANIPULATED, 2.5, 1.5, "declared",
        "intact Content Credentials name a composite", "the signer is not known here"),
    "source_composite": Weight(
        MANIPULATED, 1.0, 1.5, "declared", "the file declares itself a composite", "a field that anybody can edit"),
    "c2pa_broken": Weight(
        MANIPULATED, 0.8, 1.5, "file",
        "Content Credentials do not fit the file", "uploading or adding a caption breaks them too"),
    "thumbnail_differs": Weight(
        MANIPULATED, 1.2, 1.5, "file",
        "the thumbnail inside shows something else", "editors forget it; some programs write a wrong one"),
    "lead": Weight(
        MANIPULATED, 0.25, UNMEASURED_SPREAD, "leads",
        "a trace in the pixels: %(signal)s", "a lead and no proof: recompression makes such traces and removes them"),
    "c2pa_untouched_trusted": Weight(
        MANIPULATED, -1.5, 1.0, "camera",
        "Content Credentials of a trusted signer name a camera and no edit", "lowers, never ends"),
    "c2pa_untouched_valid": Weight(
        MANIPULATED, -0.5, 1.0, "camera",
        "intact Content Credentials name a camera and no edit", "the signer is not known here"),
}  # fmt: skip

_CAMERA = frozenset({"digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"})
_COMPOSITE = frozenset(
    {"compositeWithTrainedAlgorithmicMedia", "compositeSynthetic", "composite", "compositeCapture"}
)
#: C2PA actions that change what a picture shows; opening, converting and resizing it do not.
_EDITS = frozenset({"c2pa.edited", "c2pa.placed", "c2pa.removed", "c2pa.drawing", "c2pa.filtered"})


@dataclass(frozen=True, slots=True)
class Point:
    """One finding on one question. ``counted`` is what it added to the sum after its group's rule."""

    code: str
    signal: str
    log_odds: float
    spread: float
    values: Mapping[str, Any] = field(default_factory=dict)
    counted: float = 0.0

    @property
    def weight(self) -> Weight:
        """The line of the table that it stands on."""
        return WEIGHTS[self.code]

    @property
    def sentence(self) -> str:
        """The finding in words."""
        return self.weight.words % self.values


def points_of(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    """What one signal says on all questions; nothing for a signal that found nothing or is not known here."""
    reader = _READERS.get(facts.name)
    if reader is not None:
        yield from reader(facts, calibrations)


def probability(value: Any) -> float | None:
    """*value* where it is a number from 0 to 1; None for everything else, NaN included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None


def lacks_number(facts: Facts) -> bool:
    """Whether a model answered without a usable number: that is "not checked" and never a zero."""
    ran = facts.status in ("found", "not_found")
    return facts.name in ("explicit", "synthetic") and ran and probability(facts.score) is None


def _point(code: str, facts: Facts, **values: Any) -> Point:
    line = WEIGHTS[code]
    return Point(code, facts.name, line.log_odds, line.spread, values)


def _model_score(
    facts: Facts,
    calibrations: Mapping[str, DeskCalibration],
    code: str,
    *,
    share: float,
    floors: tuple[float, float],
) -> Iterator[Point]:
    """A model's opinion. *floors*: how far a low score may lower the sum, unmeasured and measured."""
    score = probability(facts.score)
    if facts.status not in ("found", "not_found") or score is None:
        return
    raw = probability(facts.data.get("raw"))
    raw = score if raw is None else raw
    found = calibrations.get(str(facts.data.get("model", "")))
    if found is not None and found.fits(str(facts.data["model"]), facts.version):
        p = found.apply(raw)
        line = WEIGHTS[f"{code}_measured"]
        counts = min(max(log_odds(p), floors[1]), line.log_odds)
        yield Point(f"{code}_measured", facts.name, counts, found.spread(p), {"raw": raw, "score": p})
        return
    line = WEIGHTS[code]
    counts = min(max(share * log_odds(score), floors[0]), line.log_odds)
    yield Point(code, facts.name, counts, line.spread, {"score": score})


def _explicit(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    yield from _model_score(facts, calibrations, "explicit_score", share=1.0, floors=(-7.0, -7.0))


def _synthetic(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    # A classifier that sees nothing is no proof of a camera, so its "no" counts less than its "yes".
    yield from _model_score(facts, calibrations, "synthetic_score", share=0.5, floors=(-0.5, -2.0))


def _regions(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    if facts.status != "found":
        return
    labels = [str(box.get("label")) for box in facts.data.get("boxes", [])]
    uncovered = sum(REGIONS.get(label) == (Part.INTIMATE, True) for label in labels)
    if uncovered:
        yield _point("regions_exposed", facts, n=uncovered)


def _c2pa(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    if facts.status != "found":
        return
    terms = set(map(str, facts.data.get("source_types", [])))
    if facts.data.get("integrity") != "valid":
        yield _point("c2pa_broken", facts)
        if facts.data.get("ai"):
            yield _point("c2pa_ai_broken", facts)
        return
    signer = "trusted" if facts.data.get("trust") == "trusted" else "valid"
    if facts.data.get("ai"):
        who_says = "trusted" if facts.data.get("ai_trust", facts.data.get("trust")) == "trusted" else "valid"
        yield _point(f"c2pa_ai_{who_says}", facts)
    elif terms & _CAMERA:
        yield _point(f"c2pa_camera_{signer}", facts)
    if terms & _COMPOSITE:
        yield _point(f"c2pa_composite_{signer}", facts)
    elif terms and terms <= _CAMERA and not _EDITS & set(map(str, facts.data.get("actions", []))):
        yield _point(f"c2pa_untouched_{signer}", facts)


def _source_type(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    if facts.status != "found":
        return
    terms = {str(facts.data.get("term", "")), *map(str, facts.data.get("source_types", []))}
    if facts.data.get("ai"):
        yield _point("source_ai", facts)
    elif terms & _CAMERA:
        yield _point("source_camera", facts)
    if terms & _COMPOSITE:
        yield _point("source_composite", facts)


def _generator(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    if facts.status == "found" and facts.data.get("ai", True):
        yield _point("generator_hint" if facts.strength == "weak" else "generator_text", facts)


def _when_found(code: str) -> Callable[[Facts, Mapping[str, DeskCalibration]], Iterator[Point]]:
    def read(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
        if facts.status == "found":
            yield _point(code, facts)

    return read


def _copies(
    exact: str, near: str, none: str
) -> Callable[[Facts, Mapping[str, DeskCalibration]], Iterator[Point]]:
    """``data``: matches, each with a distance in bits (None: the same file), as the desk's own searches store them."""

    def read(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
        if facts.status == "not_found":
            yield _point(none, facts)
        if facts.status != "found":
            return
        distances = [match.get("distance") for match in facts.data.get("matches", [])]
        if facts.strength == "definitive" or None in distances:
            yield _point(exact, facts)
            return
        closest = min((float(one) for one in distances if _is_distance(one)), default=31.0)
        line = WEIGHTS[near]
        # "weak": a second hash contradicts the first, so most of it is taken back.
        share = 0.25 if facts.strength == "weak" else 1.0
        counts = share * max(line.log_odds - closest / 16, 0.5)
        yield Point(near, facts.name, counts, line.spread, {"distance": int(closest)})

    return read


def _is_distance(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0


def _camera_data(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    # A program's name or a time alone names no camera.
    if facts.status == "found" and (facts.data.get("make") or facts.data.get("model")):
        yield _point("camera_data", facts)


def _lead(facts: Facts, calibrations: Mapping[str, DeskCalibration]) -> Iterator[Point]:
    if facts.status == "found" and facts.data.get("points_to", "changed") == "changed":
        yield _point("lead", facts, signal=facts.name.replace("_", " "))


_READERS: dict[str, Callable[[Facts, Mapping[str, DeskCalibration]], Iterator[Point]]] = {
    "explicit": _explicit,
    "regions": _regions,
    "synthetic": _synthetic,
    "c2pa": _c2pa,
    "source_type": _source_type,
    "generator_metadata": _generator,
    "ai_fields": _when_found("fields_ai"),
    "stealth_metadata": _when_found("stealth_text"),
    "watermark": _when_found("watermark"),
    "camera_metadata": _camera_data,
    "embedded_thumbnail": _when_found("thumbnail_differs"),
    "known": _copies("same_file", "near_copy", "no_copy"),
    "banks": _copies("bank_exact", "bank_near", "no_entry"),
    **dict.fromkeys(FORENSICS, _lead),
}
