"""Keeping one assessment an item: made when it is examined, made anew when a signal or a calibration changes."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from casework.audit.log import Verb, record
from casework.cases.actions import note_assessed
from casework.cases.models import Case
from casework.evidence.assessing import assessed, scores_of, signals_of
from casework.evidence.models import Assessment, Item
from casework.scoring.actions import add_samples, add_step, begin_walk, finish_walk, note_progress
from casework.scoring.models import Reassessment

EXPLICIT, AI_MADE = "explicit", "ai_made"


@transaction.atomic
def assess_item(item: Item, *, because_of: Case | None = None) -> Assessment:
    """Make the assessment of an examined *item* from its signals as they are now, and keep it with its entry.

    One that says what the last one said is left as it is, with its time and without an entry. The factors of the case
    are for the caller: ``note_examined`` after an examination, ``assess_again`` later. The entry belongs to
    *because_of* where that is given: on the timeline of the item's own case it would betray a restricted one.
    """
    # First of all locks, in every transaction: whoever restricts a case holds its row and comes here afterwards.
    item.case = Case.objects.select_for_update().get(pk=item.case_id)
    signals = signals_of(item)
    found, calibrations = assessed(item, signals)
    plain = found.as_dict()
    made: dict[str, Any] = {
        "version": found.version, "calibrations": calibrations, "answers": plain["questions"], "triage": found.triage,
    }  # fmt: skip
    add_samples(item.public_id, scores_of(item, signals))
    before = Assessment.objects.filter(item=item).first()
    if before is not None and all(getattr(before, name) == value for name, value in made.items()):
        return before
    kept = before or Assessment(item=item)  # nobody else is at it: the case is locked
    for name, value in (made | {"made_at": Now()}).items():
        setattr(kept, name, value)
    kept.save()
    del kept.made_at  # the database's time, fetched when somebody asks
    record(
        Verb.EVIDENCE_ASSESSED, actor=None, subject=item, case=because_of or item.case, item=item.public_id,
        version=found.version,
        answers={name: one["word"] for name, one in plain["questions"].items()}, triage=found.triage,
        calibrations=calibrations, again=before is not None,
    )  # fmt: skip
    return kept


@transaction.atomic
def assess_again(item: Item, *, because_of: Case | None = None) -> bool:
    """Make the assessment of *item* anew, and the factors of its case with it; whether it said something else.

    An item that was never assessed (it waits for its examination) is left alone.
    """
    before = Assessment.objects.filter(item=item).values_list("pk", "made_at").first()
    if before is None:
        return False
    made = assess_item(item, because_of=because_of)
    refresh_factors(item.case, because_of=because_of)
    return (made.pk, made.made_at) != before


def refresh_factors(case: Case, *, because_of: Case | None = None) -> None:
    """Set what the order of *case* takes from its assessments: the highest score, and whether one says AI-made."""
    explicit, synthetic = [], False
    for answers in Assessment.objects.filter(item__case=case).values_list("answers", flat=True):
        explicit.append(answers[EXPLICIT]["probability"])
        synthetic = synthetic or says_yes(answers[AI_MADE])
    scores = [score for score in explicit if score is not None]
    note_assessed(
        case, explicit_score=max(scores, default=None), synthetic_found=synthetic, because_of=because_of
    )


def says_yes(answer: dict[str, Any]) -> bool:
    """Whether a stored answer is yes for the order of a queue."""
    return answer["word"] in ("certain", "likely")


def walk_on(walk: Reassessment, *, most: int) -> None:
    """Assess the next *most* items of open cases again, each in its own transaction, then leave the rest to a next job.

    A walk that was torn off goes on behind the last item that was done.
    """
    items = Item.objects.filter(case__status__in=Case.OPEN, assessment__isnull=False).order_by("pk")
    begin_walk(walk, total=items.count())
    left = items.filter(pk__gt=walk.reached).select_related("case")
    for item in left[:most]:
        with transaction.atomic():
            note_progress(walk, reached=item.pk, changed=assess_again(item))
    if items.filter(pk__gt=walk.reached).exists():
        add_step(walk)
    else:
        finish_walk(walk)
