"""The assessment of an item in words: one row a question, with its number, its interval, and both sides of it.

The library gives stable codes beside English sentences; here a code is said in the reader's language. A code that is
not known here (an assessment outlives the code that made it) is shown by the sentence that is stored with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.scoring.models import ConfirmedOutcome
from casework.scoring.reading import newest_outcomes

from .known import KNOWN
from .models import BankMatch, Item

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

EXPLICIT, AI_MADE, COPIES, MANIPULATED = "explicit", "ai_made", "known", "manipulated"
#: The signal whose model's card a row links to.
_SCORED_BY = {EXPLICIT: "explicit", AI_MADE: "synthetic"}

QUESTIONS: dict[str, StrOrPromise] = {
    EXPLICIT: _("Explicit content"),
    AI_MADE: _("AI-made"),
    COPIES: _("Known copies"),
    MANIPULATED: _("Manipulated"),
}
WORDS: dict[str, StrOrPromise] = {
    "certain": _("certain"),
    "likely": _("likely"),
    "unclear": _("unclear"),
    "unlikely": _("unlikely"),
    "cant_tell": _("can't tell"),
    "not_checked": _("not checked"),
}
CAVEATS: dict[str, StrOrPromise] = {
    EXPLICIT: _("Triage only: a score never decides."),
    AI_MADE: _("No sign found does not mean that a camera made it."),
    COPIES: _("A near copy resembles; only an exact copy is the same file."),
    MANIPULATED: _("Leads and no proof: saving a picture again makes such traces and removes them."),
}
#: What was found, by the library's code. The values in %(...)s are those that come with it.
POINTS: dict[str, StrOrPromise] = {
    "explicit_score": _("a model scores %(score).2f"),
    "explicit_score_measured": _("a model scores %(raw).2f, which at this desk meant %(score).2f"),
    "regions_exposed": _("a region model marks uncovered parts (%(n)d)"),
    "c2pa_ai_trusted": _("Content Credentials of a trusted signer name generative AI"),
    "c2pa_ai_valid": _("intact Content Credentials name generative AI"),
    "c2pa_ai_broken": _("Content Credentials name generative AI but do not fit the file"),
    "generator_text": _("a generator's own settings stand in the file"),
    "generator_hint": _("the file hints at a generator"),
    "source_ai": _("the file declares generative AI as its source"),
    "fields_ai": _("the file's AI fields are filled in"),
    "stealth_text": _("a generator's settings are hidden in the pixels"),
    "watermark": _("the pixels carry a generator's invisible watermark"),
    "synthetic_score": _("a classifier scores %(score).2f"),
    "synthetic_score_measured": _("a classifier scores %(raw).2f, which at this desk meant %(score).2f"),
    "c2pa_camera_trusted": _("Content Credentials of a trusted signer name a camera"),
    "c2pa_camera_valid": _("intact Content Credentials name a camera"),
    "source_camera": _("the file declares a camera as its source"),
    "camera_data": _("camera data stands in the file"),
    "same_file": _("the same file is in another case"),
    "bank_exact": _("a bank holds exactly this file"),
    "near_copy": _("a near copy is in another case, distance %(distance)d"),
    "bank_near": _("a bank holds a near copy, distance %(distance)d"),
    "no_copy": _("no copy is in another case"),
    "no_entry": _("no bank holds a copy"),
    "c2pa_composite_trusted": _("Content Credentials of a trusted signer name a composite"),
    "c2pa_composite_valid": _("intact Content Credentials name a composite"),
    "source_composite": _("the file declares itself a composite"),
    "c2pa_broken": _("Content Credentials do not fit the file"),
    "thumbnail_differs": _("the thumbnail inside shows something else"),
    "lead": _("a trace in the pixels: %(signal)s"),
    "c2pa_untouched_trusted": _("Content Credentials of a trusted signer name a camera and no edit"),
    "c2pa_untouched_valid": _("intact Content Credentials name a camera and no edit"),
}
DISAGREEMENTS: dict[str, StrOrPromise] = {
    "signed_against_model": _(
        "A signed statement says AI and a model does not. The statement outranks the model."
    ),
    "for_and_against": _("The findings point in both directions. They were not averaged away: read them."),
    "regions_against_score": _("The score says explicit, and the region model found nothing uncovered."),
    "score_against_regions": _(
        "The score says not explicit, and the region model found something uncovered."
    ),
}
SIGNALS: dict[str, StrOrPromise] = {
    "explicit": _("explicitness"),
    "regions": _("regions"),
    "c2pa": _("Content Credentials"),
    "generator_metadata": _("generator traces"),
    "source_type": _("declared source"),
    "ai_fields": _("AI fields"),
    "stealth_metadata": _("hidden settings"),
    "watermark": _("watermark"),
    "synthetic": _("classifier for AI"),
    "camera_metadata": _("camera data"),
    "known": _("other cases"),
    "banks": _("banks"),
    "embedded_thumbnail": _("thumbnail inside"),
    "ela": _("error level"),
    "jpeg_history": _("JPEG history"),
    "noise": _("noise"),
    "spectrum": _("spectrum"),
    "cfa": _("colour filter"),
    "grid": _("block grid"),
}


def assessment_rows(item: Item, viewer: User) -> list[dict[str, Any]]:
    """A row of ``components/signal_row.html`` for each question, as *viewer* may know it; [] before an assessment.

    Beside the row's usual keys: ``code`` (the question), ``interval`` ("0.68 to 0.99"), ``card_url`` and ``card_title``
    where a model has a page, ``truth`` where somebody confirmed the outcome.
    """
    try:
        assessment = item.assessment
    except ObjectDoesNotExist:
        return []
    outcomes = newest_outcomes(item.public_id)
    models = {signal.name: str(signal.data.get("model", "")) for signal in item.signals.all()}
    rows = []
    for question in QUESTIONS:
        answer = assessment.answers.get(question)
        if answer is None:
            continue
        row = _row(question, answer, assessment.version, outcomes.get(question))
        if question == COPIES:
            row |= _copies(item, viewer, answer)
        model = models.get(_SCORED_BY.get(question, ""), "")
        if model and viewer.may(Perm.READ_MODELS):
            row["card_url"], row["card_title"] = reverse("model_card", args=[model]), model
        rows.append(row)
    return rows


def _row(
    question: str, answer: Mapping[str, Any], version: str, outcome: ConfirmedOutcome | None
) -> dict[str, Any]:
    return {
        "code": question,
        "question": str(QUESTIONS[question]),
        "state": _state(answer),
        "estimate": str(WORDS.get(answer["word"], answer["word"])),
        "number": _number(question, answer),
        "interval": _interval(answer),
        "strength": strength(answer),
        "points_for": [say(point) for point in answer["for"]],
        "points_against": [say(point) for point in answer["against"]],
        "not_checked": [_unchecked(one) for one in answer["not_checked"]],
        "disagreement": _disagreement(answer["disagreement"]),
        "caveat": str(CAVEATS[question]),
        "version": " · ".join(part for part in (version, answer["calibration"]) if part),
        "truth": _truth(outcome),
    }


def strength(answer: Mapping[str, Any]) -> int | None:
    """Three steps of what the answer rests on: 3 a definitive finding, 2 at least 2 of log-odds on its side, 1 less; 0
    where nothing speaks, None where nothing was checked."""
    if answer["word"] == "not_checked":
        return None
    points = [*answer["for"], *answer["against"]]
    if any(point["definitive"] for point in points):
        return 3
    total = abs(sum(point["counted"] or 0.0 for point in points))
    return 2 if total >= 2 else 1 if total > 0 else 0


def say(point: Mapping[str, Any]) -> str:
    """A point in the reader's language; its stored sentence where its code or its values are not known here."""
    words = POINTS.get(point["code"])
    if words is None:
        return str(point["sentence"])
    values = dict(point["values"])
    if "signal" in values:
        values["signal"] = str(SIGNALS.get(point["signal"], values["signal"]))
    try:
        return str(words) % values
    except (KeyError, TypeError, ValueError):
        return str(point["sentence"])


def _state(answer: Mapping[str, Any]) -> str:
    """The icon of the row: found for yes, not_found for no, not_checked for everything between."""
    states = {"certain": "found", "likely": "found", "unclear": "found", "unlikely": "not_found"}
    return states.get(answer["word"], "not_checked")


def _number(question: str, answer: Mapping[str, Any]) -> str:
    """A number where it says something: of "can't tell" only the score of explicitness, since the queue goes by it."""
    probability = answer["probability"]
    if answer["word"] == "cant_tell" and question != EXPLICIT:
        return ""
    return "" if probability is None or answer["state"] == "definitive" else f"{probability:.2f}"


def _interval(answer: Mapping[str, Any]) -> str:
    if answer["probability"] is None or answer["state"] == "definitive":
        return ""
    return _now("%(low).2f to %(high).2f") % {"low": answer["low"], "high": answer["high"]}


def _unchecked(one: Mapping[str, Any]) -> str:
    name = str(SIGNALS.get(one["signal"], str(one["signal"]).replace("_", " ")))
    reasons = {"not_run": _now("did not run"), "no_number": _now("the model gave no usable number")}
    return f"{name}: {one['reason'] or reasons.get(one['code'], one['sentence'])}"


def _disagreement(one: Mapping[str, Any] | None) -> str:
    return "" if one is None else str(DISAGREEMENTS.get(one["code"], one["sentence"]))


def _truth(outcome: ConfirmedOutcome | None) -> str:
    if outcome is None:
        return ""
    return _now("%(name)s confirmed: %(truth)s") % {
        "name": outcome.confirmed_by.name, "truth": outcome.get_truth_display(),
    }  # fmt: skip


def _copies(item: Item, viewer: User, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The copies as *viewer* may know them: the stored answer is what everybody who sees the case may know."""
    from .wording import visible_matches  # that room shows these rows, so it imports this one

    signal = next((one for one in item.signals.all() if one.name == KNOWN), None)
    seen = visible_matches(signal, viewer) if signal is not None else []
    banks = list(
        BankMatch.objects.for_user(viewer).standing().filter(item=item).select_related("entry__bank")
    )
    if not seen and not banks:
        none = _now("no copy known") if answer["word"] == "unlikely" else ""
        return {"estimate": none, "number": "", "interval": ""} if none else {}
    exact = any(match["distance"] is None for match in seen) or any(match.is_exact for match in banks)
    return {
        "state": "found",
        "estimate": _now("exact copy") if exact else _now("near copy"),
        "number": "",
        "interval": "",
        "strength": 3 if exact else 2,
        "points_for": [
            *(match["words"] for match in seen),
            *(_bank_words(match) for match in banks),
        ],
        "points_against": [],
    }


def _bank_words(match: BankMatch) -> str:
    bank = match.entry.bank.name
    if match.is_exact:
        return _now("%(bank)s, the same file") % {"bank": bank}
    return _now("%(bank)s, distance %(distance)d of 256") % {"bank": bank, "distance": match.distance}
