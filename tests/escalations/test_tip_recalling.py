"""A worker dies between NCMEC's answer and the next write: what the call's row kept is enough to go on with that
report, and what it did not keep is said to people. What waits for a person is found, and can be tried again."""

from __future__ import annotations

from typing import Any

import pytest

from casework.escalations import actions
from casework.escalations.actions import tip_runs, tips
from casework.escalations.cybertip.progress import Stage
from casework.escalations.cybertip.progress import State as Progress
from casework.escalations.models import Escalation, State, Tip, TipCall
from casework.jobs import tasks
from casework.jobs.models import Job
from tests.cast import client_of, person
from tests.escalations import tips as make
from tests.escalations.cybertip.server import Tipline, answers_status, hangs_up
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


def progress_of(tip: Tip) -> Progress:
    return Progress.from_json(Tip.objects.get(pk=tip.pk).progress)


def answered_and_died(tip: Tip, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker gets NCMEC's answer onto the row of the call, and dies before it writes anything else."""

    class Died(BaseException):
        """As good as dead: nothing of ours catches it."""

    def die(self: tip_runs.InRow, was: Progress, now: Progress) -> None:
        if now.stage is Stage.OPEN:
            raise Died
        save(self, was, now)

    save = tip_runs.InRow.save
    with monkeypatch.context() as patched:
        patched.setattr(tip_runs.InRow, "save", die)
        job = Job.objects.get(kind=tips.JOB, state=Job.State.QUEUED)
        with pytest.raises(Died):
            tasks.run(str(job.public_id))
    assert progress_of(tip).stage is Stage.SUBMITTING
    assert tip.calls.get(what="submit").code == "0"
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED, lease_until=None)


def test_a_report_whose_number_reached_the_row_of_its_call_is_carried_on(
    tipline: Tipline, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalation = make.make_draft(items=1)
    tip = make.let_go(escalation)
    answered_and_died(tip, monkeypatch)
    make.work()
    assert [report.state for report in tipline.reports.values()] == ["finished"]
    assert tipline.calls.count("submit") == 1
    assert progress_of(tip).unanswered == 0
    found = verbs_of(escalation.case)
    assert found.count("tip.opened") == 1
    assert "tip.answer_lost" not in found


def test_a_report_whose_number_reached_the_row_of_its_call_is_taken_back_when_it_is_withdrawn(
    tipline: Tipline, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalation = make.make_draft(items=1)
    tip = make.let_go(escalation)
    answered_and_died(tip, monkeypatch)
    actions.withdraw(escalation, actor=person("sena"), reason="It was somebody else.")
    make.work()
    assert [report.state for report in tipline.reports.values()] == ["retracted"]
    assert [verb for verb in verbs_of(escalation.case) if verb.startswith("tip.")][-2:] == [
        "tip.called_off",
        "tip.retracted",
    ]


def test_the_answer_to_an_earlier_submission_is_never_taken_for_this_one(
    tipline: Tipline, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip = make.let_go(make.make_draft(items=1))
    answered_and_died(tip, monkeypatch)
    TipCall.objects.filter(tip=tip, what="submit").update(at_version=1)
    assert tips.recalled(tip, progress_of(tip)).report_id is None
    make.work()
    assert sorted(report.state for report in tipline.reports.values()) == ["finished", "open"]
    assert progress_of(tip).unanswered == 1


def test_a_lost_answer_is_an_entry_and_stands_on_both_pages(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("submit", hangs_up, after=True)
    make.work()
    assert verbs_of(escalation.case).count("tip.answer_lost") == 1
    make.pause_is_over()
    make.work()
    assert len(tipline.finished()) == 1
    assert verbs_of(escalation.case).count("tip.answer_lost") == 1
    sena = client_of(person("sena"))
    for path in ("", "tip/"):
        page = sena.get(f"/escalations/{escalation.public_id}/{path}").content.decode()
        assert "1 answer of NCMEC was lost" in page
        assert "A report may stand open and empty at NCMEC" in page


def test_a_refusal_before_anything_was_opened_is_no_lost_answer(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("submit", answers_status(429))
    make.work()
    assert "tip.failed" in verbs_of(escalation.case)
    assert "tip.answer_lost" not in verbs_of(escalation.case)


def test_asking_for_the_schema_is_a_row_too_and_a_failure_says_why(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    tip = make.let_go(escalation)
    tipline.fail("xsd", answers_status(503))
    make.work()
    assert list(tip.calls.values_list("what", "code")) == [("xsd", "tryagain")]
    assert "503" in tip.calls.get().sentence
    make.pause_is_over()
    make.work()
    row = tip.calls.filter(what="xsd").last()
    assert row is not None
    assert (row.code, len(row.answer)) == ("0", 64)
    page = client_of(person("sena")).get(f"/escalations/{escalation.public_id}/tip/").content.decode()
    assert "ask for the schema in force" in page


# --- what waits for a person ------------------------------------------------------------------------------------------


def stopped_taking_back(tipline: Tipline, settings: Any) -> Escalation:
    """Withdrawn while NCMEC has an open report, and our account is refused when it is taken back."""
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("upload", answers_status(429))
    make.work()
    actions.withdraw(escalation, actor=person("sena"), reason="It was somebody else.")
    tipline.fail("retract", answers_status(403))
    make.work()
    escalation.refresh_from_db()
    assert escalation.state == State.WITHDRAWN
    assert [report.state for report in tipline.reports.values()] == ["open"]
    return Escalation.objects.get(pk=escalation.pk)


def listed(name: str, tab: str) -> list[str]:
    page = client_of(person(name)).get("/escalations/", {"show": tab})
    return [row["reference"] for row in page.context["rows"]]


def test_a_withdrawn_report_that_could_not_be_taken_back_stands_among_the_stopped(
    tipline: Tipline, settings: Any
) -> None:
    escalation = stopped_taking_back(tipline, settings)
    assert listed("lena", "stopped") == [escalation.number]
    (row,) = client_of(person("lena")).get("/escalations/", {"show": "stopped"}).context["rows"]
    assert row["what"] == "withdrawn; NCMEC may still have the open report"


def test_its_author_is_counted_it_and_reads_what_to_do(tipline: Tipline, settings: Any) -> None:
    from casework.escalations.reading import waiting_for

    escalation = stopped_taking_back(tipline, settings)
    assert waiting_for(person("sena")) == 1
    page = client_of(person("sena")).get(f"/escalations/{escalation.public_id}/").content.decode()
    assert "Taking the report back at NCMEC failed." in page
    assert "Try again now" in page


def test_sena_has_it_taken_back_again(tipline: Tipline, settings: Any) -> None:
    escalation = stopped_taking_back(tipline, settings)
    client_of(person("sena")).post(f"/escalations/{escalation.public_id}/tip/again/")
    make.work()
    assert [report.state for report in tipline.reports.values()] == ["retracted"]
    assert listed("lena", "stopped") == []
    assert verbs_of(escalation.case)[-2:] == ["tip.retried", "tip.retracted"]


def test_who_is_not_cleared_sees_nothing_of_it(tipline: Tipline, settings: Any) -> None:
    escalation = stopped_taking_back(tipline, settings)
    assert listed("mona", "stopped") == []
    page = client_of(person("mona")).get("/escalations/")
    assert [tab["count"] for tab in page.context["tabs"] if tab["url"] == "?show=stopped"] == [0]
    assert (
        client_of(person("mona")).post(f"/escalations/{escalation.public_id}/tip/again/").status_code == 404
    )


def test_a_report_that_is_tried_by_itself_is_not_among_the_stopped(tipline: Tipline) -> None:
    make.let_go(make.make_draft(items=1))
    tipline.fail("submit", answers_status(503))
    make.work()
    assert listed("lena", "stopped") == []
