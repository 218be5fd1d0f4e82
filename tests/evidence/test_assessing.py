"""Every examined item has one assessment; page and queue say the same, and neither tells of what is hidden."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from casework.audit.models import Entry
from casework.cases import actions as cases
from casework.cases.models import Case
from casework.cases.priority import with_priority
from casework.evidence import actions, tasks
from casework.evidence.models import Assessment, Item, SignalRecord
from casework.evidence.wording_assessment import DISAGREEMENTS, POINTS, QUESTIONS, SIGNALS, assessment_rows
from casework.jobs.actions import Start, claim, give_up
from casework.jobs.models import Job
from casework.scoring.actions import accept_calibration, ask_to_assess_again
from casework.scoring.models import Calibration, Reassessment, Sample
from detection import assessment as library
from detection.findings import Failure, Signal, Status, Strength
from detection.weighing import ASKED, WEIGHTS
from tests.cast import client_of, make_case, person
from tests.evidence.making import entries, make_examined, make_item
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db

MODEL, VERSION = "open-nsfw", "v1"
GENERATOR = Signal(
    "generator_metadata", "1", Status.FOUND, "The file carries a mark.", Strength.STRONG, data={"ai": True}
)


def scored(score: float | None, **data: Any) -> Signal:
    if score is None:
        return Signal("explicit", "none", Status.NOT_CHECKED, "Not scored.", reason="no model")
    told = {"model": MODEL, "raw": score, **data}
    return Signal("explicit", VERSION, Status.FOUND, "Scored.", Strength.WEAK, score, data=told)


def halving() -> Calibration:
    """A calibration in force by which every score means half of what it says."""
    bins = [{"low": n / 10, "high": (n + 1) / 10, "n": 40, "mean": n / 10, "true": n} for n in range(10)]
    made = Calibration.objects.create(
        model=MODEL, model_version=VERSION, question="explicit", number=1, method="isotonic",
        params={"xs": [0.0, 1.0], "ys": [0.0, 0.5]}, n=400, n_true=100, brier=0.1, ece=0.01, bins=bins,
        was_brier=0.3, was_ece=0.2, was_bins=bins, first_confirmed_at="2026-01-01T00:00Z",
        last_confirmed_at="2026-01-02T00:00Z",
    )  # fmt: skip
    return accept_calibration(made, actor=person("lena"), reason="It halves.")


def row(item: Item, question: str, who: str = "mona") -> dict[str, Any]:
    return next(each for each in assessment_rows(item, person(who)) if each["code"] == question)


def told(item: Item) -> dict[str, Any]:
    return json.loads(bytes(Entry.objects.filter(verb="evidence.assessed").latest("pk").body))["data"]


# --- made with the examination --------------------------------------------------------------------------------------


def test_an_examined_item_has_one_assessment_and_its_entry() -> None:
    item = make_examined(make_case(), signals=[scored(0.94), GENERATOR])
    assert Assessment.objects.get(item=item).answers["explicit"]["probability"] == 0.94
    assert verbs_of(item.case)[-3:] == ["evidence.examined", "evidence.assessed", "case.factors_changed"]
    assert told(item)["answers"] == {
        "explicit": "likely", "ai_made": "likely", "known": "not_checked", "manipulated": "not_checked",
    }  # fmt: skip
    item.case.refresh_from_db()
    assert (item.case.explicit_score, item.case.synthetic_found) == (0.94, True)


def test_an_item_that_waits_has_none() -> None:
    assert assessment_rows(make_item(make_case()), person("mona")) == []


def test_an_item_that_could_not_be_opened_is_assessed_as_not_checked() -> None:
    item = make_item(make_case())
    actions.record_unopened(item, Failure("broken", "The file is damaged."))
    item.refresh_from_db()
    assert row(item, "explicit")["estimate"] == "not checked"
    assert row(item, "explicit")["not_checked"] == ["explicitness: The file is damaged."]
    assert Assessment.objects.get().triage is None
    item.case.refresh_from_db()
    assert item.case.explicit_score is None


def test_a_weak_hint_of_a_generator_does_not_raise_a_case() -> None:
    hint = Signal("generator_metadata", "1", Status.FOUND, "A hint.", Strength.WEAK, data={"ai": True})
    item = make_examined(make_case(), signals=[scored(0.5), hint])
    item.case.refresh_from_db()
    assert not item.case.synthetic_found
    assert row(item, "ai_made")["points_for"] == ["the file hints at a generator"]


@pytest.mark.parametrize("score", [0.05, 0.5, 0.94])
def test_the_queue_gives_a_case_the_points_that_its_item_brings(score: float) -> None:
    make_examined(make_case(), 7)
    item = make_examined(make_case(), 7, signals=[scored(score), GENERATOR])
    ranked = with_priority(Case.objects.filter(pk=item.case_id)).get()
    points = ranked.p_explicit + ranked.p_synthetic + ranked.p_known
    assert Assessment.objects.get(item=item).triage == pytest.approx(points / 320, abs=1e-5)


def test_the_points_of_the_library_are_those_of_the_queue() -> None:
    most = library.TRIAGE_EXPLICIT + library.TRIAGE_AI + library.TRIAGE_COPY * library.TRIAGE_COPIES
    case = make_case()
    Case.objects.filter(pk=case.pk).update(
        item_count=1, explicit_score=1.0, synthetic_found=True, known_matches=library.TRIAGE_COPIES + 5
    )
    ranked = with_priority(Case.objects.filter(pk=case.pk)).get()
    assert ranked.p_explicit + ranked.p_synthetic + ranked.p_known == most


# --- in words -------------------------------------------------------------------------------------------------------


def test_a_row_has_number_interval_strength_both_sides_and_what_is_missing() -> None:
    item = make_examined(make_case(), signals=[scored(0.94), GENERATOR])
    explicit, ai_made = row(item, "explicit"), row(item, "ai_made")
    assert (explicit["estimate"], explicit["number"], explicit["strength"]) == ("likely", "0.94", 2)
    assert explicit["interval"].startswith("0.")
    assert explicit["caveat"] == "Triage only: a score never decides."
    assert explicit["card_url"] == reverse("model_card", args=[MODEL])
    assert ai_made["points_for"] == ["a generator's own settings stand in the file"]
    assert "classifier for AI: did not run" in ai_made["not_checked"]


def test_every_code_of_the_library_has_words_here_with_the_same_places() -> None:
    assert POINTS.keys() == WEIGHTS.keys()
    for code, line in WEIGHTS.items():
        assert str(POINTS[code]) == line.words, code
    assert DISAGREEMENTS.keys() == {code for code in library.WORDS if code not in ("not_run", "no_number")}
    for code, words in DISAGREEMENTS.items():
        assert str(words) == library.WORDS[code]
    assert QUESTIONS.keys() == set(library.QUESTIONS)
    assert SIGNALS.keys() == {name for names in ASKED.values() for name in names}


def test_an_assessment_outlives_the_code_that_made_it() -> None:
    item = make_examined(make_case(), signals=[scored(0.94)])
    stored = Assessment.objects.get(item=item)
    stored.answers["explicit"]["for"][0] |= {"code": "no_longer_known", "sentence": "an old finding"}
    stored.save()
    assert row(Item.objects.get(pk=item.pk), "explicit")["points_for"] == ["an old finding"]


def test_where_exact_and_near_copies_were_looked_for_and_none_is_here_it_says_so() -> None:
    item = make_examined(make_case(), signals=[scored(0.94)], pdq="0f" * 32)
    assert row(item, "known")["estimate"] == "no copy known"
    assert row(item, "known")["points_against"] == ["no copy is in another case"]


# --- what is hidden stays hidden ------------------------------------------------------------------------------------


def test_a_copy_in_a_restricted_case_is_in_no_assessment_and_sena_reads_of_it_all_the_same() -> None:
    hidden = make_examined(make_case(minor_indicated=True), 3)
    item = make_examined(make_case(), 3, signals=[scored(0.3)])
    alone = make_examined(make_case(), 4, signals=[scored(0.3)])
    stored, other = (Assessment.objects.get(item=each) for each in (item, alone))
    assert (stored.answers, stored.triage) == (other.answers, other.triage)
    mine, theirs = row(item, "known"), row(alone, "known")
    assert mine == theirs
    assert hidden.case.number in str(row(item, "known", "sena")["points_for"])


def test_when_a_case_is_restricted_what_others_knew_of_it_is_assessed_anew_without_a_trace_there() -> None:
    first, second = make_examined(make_case(), 5), make_examined(make_case(), 5)
    assert row(second, "known")["estimate"] == "exact copy"
    before = verbs_of(second.case)
    cases.restrict_case(first.case, actor=person("sena"), why="minor_suspected")
    assert Assessment.objects.get(item=second).answers["known"]["word"] == "not_checked", "it has no PDQ hash"
    assert row(Item.objects.get(pk=second.pk), "known")["estimate"] == "not checked"
    assert verbs_of(second.case) == before
    assert verbs_of(first.case)[-1] == "evidence.assessed"


# --- calibrations, and assessing again ------------------------------------------------------------------------------


def test_a_calibration_in_force_counts_for_new_assessments_and_old_ones_keep_theirs() -> None:
    before = make_examined(make_case(), 1, signals=[scored(0.9)])
    calibration = halving()
    after = make_examined(make_case(), 2, signals=[scored(0.9)])
    old, new = (Assessment.objects.get(item=each) for each in (before, after))
    assert (old.calibrations, old.answers["explicit"]["probability"]) == ({}, 0.9)
    assert new.calibrations == {MODEL: calibration.label}
    assert new.answers["explicit"]["probability"] == pytest.approx(0.45)
    after.case.refresh_from_db()
    assert after.case.explicit_score == pytest.approx(0.45)
    assert "0.90, which at this desk meant 0.45" in str(row(after, "explicit"))


def test_open_cases_are_assessed_again_in_steps_with_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [make_examined(make_case(), seed, signals=[scored(0.9)]) for seed in (1, 2, 3)]
    done = make_examined(make_case(), 4, signals=[scored(0.9)])
    Case.objects.filter(pk=done.case_id).update(status=Case.Status.CLOSED)
    halving()
    walk = ask_to_assess_again(actor=person("lena"))
    monkeypatch.setattr(tasks, "ASSESSED_A_STEP", 2)
    step(walk)
    walk.refresh_from_db()
    assert (walk.total, walk.done, walk.changed, walk.finished_at) == (3, 2, 2, None)
    assert Job.objects.filter(kind="evidence.assess_again").count() == 2, "the rest is left to the next job"
    step(walk)
    step(walk)  # a job that is delivered once more
    walk.refresh_from_db()
    assert (walk.done, walk.changed) == (3, 3)
    assert walk.finished_at is not None
    assert entries("model.reassessment_finished") == 1
    for item in items:
        item.case.refresh_from_db()
        assert item.case.explicit_score == pytest.approx(0.45), "a score may fall as well"
    assert Assessment.objects.get(item=done).calibrations == {}, (
        "a closed case keeps what it was decided with"
    )


def test_an_assessment_that_would_say_the_same_is_left_alone() -> None:
    item = make_examined(make_case(), signals=[scored(0.9)])
    made_at = Assessment.objects.get().made_at
    assert not actions.assess_again(item)
    assert Assessment.objects.get().made_at == made_at
    assert entries("evidence.assessed") == 1


def test_the_highest_of_all_items_stays_the_score_of_the_case() -> None:
    case = make_case()
    make_examined(case, 1, signals=[scored(0.9)])
    low = make_examined(case, 2, signals=[scored(0.2)])
    SignalRecord.objects.filter(item=low, name="explicit").update(score=0.1, data={})
    assert actions.assess_again(low)
    case.refresh_from_db()
    assert case.explicit_score == pytest.approx(0.9)


def step(walk: Reassessment) -> None:
    tasks.assess_again(
        str(walk.public_id), start=Start(uuid.uuid4(), "evidence.assess_again", {}, 1, uuid.uuid4())
    )


def test_a_walk_that_failed_three_times_says_so_and_another_may_begin() -> None:
    make_examined(make_case(), signals=[scored(0.9)])
    walk = ask_to_assess_again(actor=person("lena"))
    start = claim(str(Job.objects.get(kind="evidence.assess_again").public_id))
    assert start is not None
    give_up(start, "broken", "It failed.")
    walk.refresh_from_db()
    assert walk.stopped
    assert entries("model.reassessment_finished") == 1
    assert "it stopped after 0 items" in client_of(person("lena")).get(reverse("models")).text
    ask_to_assess_again(actor=person("lena"))
    assert Reassessment.objects.count() == 2


def test_the_kind_of_work_is_known_to_the_ledger() -> None:
    assert settings.JOB_KINDS["evidence.assess_again"]["path"] == "casework.evidence.tasks.assess_again"


def test_assessing_loads_no_numeric_library_and_nothing_that_opens_media() -> None:
    code = (
        "import django, sys; django.setup()\n"
        "import detection.assessment, detection.measuring, casework.evidence.assessing, casework.scoring.views\n"
        "import casework.scoring.fitting\n"
        "from casework.scoring.cards import shelved; shelved()\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('numpy', 'onnxruntime', 'PIL', 'c2pa', 'av')])"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "casework.settings", "CASEWORK_ROLE": "web"}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert said.stdout.strip() == "[]"


def test_the_page_of_an_item_shows_its_assessment_to_mona() -> None:
    item = make_examined(make_case(), signals=[scored(0.94), GENERATOR])
    page = client_of(person("mona")).get(reverse("evidence_item", args=[item.public_id])).text
    assert "0.94" in page


def test_of_all_scores_the_samples_are_those_of_items_somebody_confirmed() -> None:
    make_examined(make_case(), signals=[scored(0.9)])
    assert not Sample.objects.exists()
