"""From what is stored about an item to one assessment: which facts count, and how the scores are to be read here.

The assessment stands on the item's page for everybody who sees the case, so it is made from what all of them may
know: a match with a restricted case is not among its facts. What the cleared may know besides is added when shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from casework.scoring.actions import Score
from casework.scoring.models import Calibration, Question
from casework.scoring.reading import in_force

from .known import KNOWN, Known
from .models import BankMatch, Item, SignalRecord

if TYPE_CHECKING:  # pure Python, and still nothing that a web process needs before somebody asks
    from detection.assessment import Assessment, Facts
    from detection.measuring import DeskCalibration

BANKS = "banks"
#: The question that the score of a signal answers.
_QUESTIONS = {"explicit": Question.EXPLICIT, "synthetic": Question.AI_MADE}


def assessed(item: Item, signals: Sequence[SignalRecord] | None = None) -> tuple[Assessment, dict[str, str]]:
    """The assessment of *item* as of now, and the calibrations it was made with: model -> label.

    *signals* are all of the item's, for whoever has read them already.
    """
    from detection.assessment import assess

    rows = in_force()
    found = assess(facts_of(item, signals), calibrations={name: _curve(row) for name, row in rows.items()})
    used = {part for one in found.estimates.values() for part in one.calibration.split(", ")}
    return found, {name: row.label for name, row in rows.items() if row.label in used}


def facts_of(item: Item, signals: Sequence[SignalRecord] | None = None) -> list[Facts]:
    """What the signals of *item* say, for the library, which has no rule for a shadow model: it has no effect."""
    return [_facts(item, signal) for signal in (signals_of(item) if signals is None else signals)]


def signals_of(item: Item) -> list[SignalRecord]:
    """All signals of *item*, in the order they were made."""
    return list(SignalRecord.objects.filter(item=item))


def scores_of(item: Item, signals: Sequence[SignalRecord] | None = None) -> list[Score]:
    """The raw scores that models gave *item*, shadow models included, for measuring them against the truth."""
    found = []
    for signal in signals_of(item) if signals is None else signals:
        question = _QUESTIONS.get(str(signal.data.get("task", signal.name)))
        raw = signal.data.get("raw", signal.score)
        model = signal.data.get("model")
        if question is None or not model or signal.status not in ("found", "not_found"):
            continue
        if isinstance(raw, int | float) and math.isfinite(raw) and 0 <= raw <= 1:
            found.append(Score(question.value, str(model), signal.version, float(raw)))
    return found


def _facts(item: Item, signal: SignalRecord) -> Facts:
    from detection.assessment import Facts

    if signal.name == KNOWN and signal.status == "found":
        return _known_facts(item, signal)
    data = dict(signal.data)
    if signal.name == BANKS:
        data["count"] = _countable(item).count() if data.get("matches") else 0
    return Facts(
        signal.name,
        signal.status,
        signal.strength,
        signal.score,
        signal.sentence,
        signal.reason,
        signal.version,
        data,
    )


def _known_facts(item: Item, signal: SignalRecord) -> Facts:
    """The signal ``known`` as everybody who sees the case may know it."""
    from detection.assessment import Facts

    stored = signal.data.get("matches", [])
    items = Item.objects.filter(public_id__in=[match["item"] for match in stored])
    if not item.case.restricted:
        items = items.filter(case__restricted=False)
    seen = {str(public_id) for public_id in items.values_list("public_id", flat=True)}
    matches = [match for match in stored if match["item"] in seen]
    if not matches:
        nothing = Known((), signal.reason).as_signal()
        return Facts(
            KNOWN, nothing["status"], "", None, nothing["sentence"], nothing["reason"], signal.version
        )
    exact = any(match["distance"] is None for match in matches)
    return Facts(
        KNOWN, "found", "definitive" if exact else "strong", None, signal.sentence, "", signal.version,
        {"matches": matches, "count": len(matches)},
    )  # fmt: skip


def _countable(item: Item) -> QuerySet[BankMatch]:
    """The bank matches that raise the priority of the case, as everybody who sees it may know."""
    return BankMatch.objects.for_case(item.case).filter(item=item).standing().urgent()


def _curve(row: Calibration) -> DeskCalibration:
    from detection.measuring import Bin, DeskCalibration

    bins = tuple(
        Bin(each["low"], each["high"], each["n"], each["mean"] or 0.0, each["true"]) for each in row.bins
    )
    return DeskCalibration(row.model, row.model_version, row.label, row.method, row.params, row.n, bins)
