"""A report that was let go reaches NCMEC once, with its files, and the case knows it; trouble is said in words."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from casework.audit.models import Entry
from casework.cases.models import LegalHold
from casework.escalations import actions, tip_sending
from casework.escalations.actions import tip_runs, tips
from casework.escalations.cybertip.client import Upload, Uploaded
from casework.escalations.cybertip.progress import State as Progress
from casework.escalations.models import Escalation, State, Tip
from casework.evidence.models import Blob, Reveal
from casework.jobs import tasks
from casework.jobs.models import Job
from casework.partners.actions import suspend_partner
from tests.cast import person
from tests.escalations import tips as make
from tests.escalations.cybertip.server import Tipline, answers, answers_status, hangs_up
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


def sent_digests(report: Any) -> list[str]:
    return sorted(hashlib.sha256(data).hexdigest() for data in report.files.values())


def tip_verbs(escalation: Escalation) -> list[str]:
    return [verb for verb in verbs_of(escalation.case) if verb.startswith("tip.")]


def reread(escalation: Escalation) -> Tip:
    escalation.refresh_from_db()
    return Tip.objects.get(escalation=escalation)


# --- handed in ------------------------------------------------------------------------------------------------------


def test_a_report_that_was_let_go_is_handed_in_once_with_its_originals(tipline: Tipline) -> None:
    escalation = make.make_draft()
    make.let_go(escalation)
    assert make.work() == 1
    (report,) = tipline.finished()
    assert sent_digests(report) == make.originals(escalation)
    assert report.details.keys() == report.files.keys()
    tip = reread(escalation)
    assert tipline.reports[tip.report_id or 0] is report
    assert (escalation.state, escalation.recipient_reference) == (State.ACKNOWLEDGED, str(tip.report_id))
    told = [verb for verb in verbs_of(escalation.case) if verb.startswith(("tip.", "escalation."))]
    assert told == [
        "tip.started", "tip.opened", "tip.file_sent", "tip.file_sent", "tip.finished", "escalation.sent",
        "escalation.delivered", "escalation.acknowledged",
    ]  # fmt: skip


def test_each_call_is_a_row_with_its_end(tipline: Tipline) -> None:
    tip = make.let_go(make.make_draft(items=1))
    make.work()
    rows = list(tip.calls.values_list("what", "code"))
    assert rows == [("xsd", "0"), ("submit", "0"), ("upload", "0"), ("fileinfo", "0"), ("finish", "0")]
    assert not tip.calls.filter(ended_at__isnull=True).exists()


def test_a_large_original_arrives_in_pieces_and_whole(tipline: Tipline) -> None:
    escalation = make.make_draft(items=0)
    item = make.make_original(escalation.case, position=1, more=bytes(range(256)) * 12_000)
    escalation.chosen_items.create(item=item, with_picture=True)
    make.let_go(escalation)
    make.work()
    (report,) = tipline.finished()
    assert sent_digests(report) == [item.sha256]


def test_a_report_started_twice_is_sent_once(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tips.start_tip(escalation, actor=person("lena"))
    assert make.work() == 1
    assert len(tipline.reports) == 1
    assert tip_verbs(escalation).count("tip.started") == 1


def test_what_goes_to_production_is_kept_for_a_year(tipline: Tipline, settings: Any) -> None:
    settings.CYBERTIP_ENVIRONMENT = "production"
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    make.work()
    hold = LegalHold.objects.get(case=escalation.case)
    tip = reread(escalation)
    assert (hold.why, hold.reference) == ("cybertip", str(tip.report_id))
    assert tip.finished_at is not None
    assert hold.until == tip.finished_at.replace(year=tip.finished_at.year + 1)
    assert "hold.placed" in verbs_of(escalation.case)


def test_what_goes_to_the_test_server_places_no_hold(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    make.work()
    assert len(tipline.finished()) == 1
    assert not LegalHold.objects.exists()


def test_a_desk_that_may_not_keep_originals_reports_without_files(tipline: Tipline, settings: Any) -> None:
    settings.CSAM_CUSTODY = "forbidden"
    escalation = make.make_draft()
    make.let_go(escalation)
    make.work()
    (report,) = tipline.finished()
    assert report.files == {}
    assert all(digest in report.document.decode() for digest in make.originals(escalation))


def test_a_report_that_takes_long_is_carried_on_by_later_runs(
    tipline: Tipline, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    monkeypatch.setattr(tip_sending, "SLICE", -1.0)  # tired before the first step
    tasks.run(str(Job.objects.get(kind="escalations.tip").public_id))
    assert (tipline.finished(), reread(escalation).runs) == ([], 2)
    monkeypatch.setattr(tip_sending, "SLICE", 45.0)
    make.work()
    assert len(tipline.finished()) == 1


# --- trouble --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["submit", "upload", "fileinfo", "finish"])
def test_a_busy_server_is_asked_again_by_itself(call: str, tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail(call, answers_status(503))
    make.work()
    tip = reread(escalation)
    assert (escalation.state, tip.failure_code) == (State.APPROVED, "tryagain")
    assert tip.next_try_at is not None
    assert "503" in tip.failure
    assert tip_verbs(escalation)[-1] == "tip.failed"
    make.pause_is_over()
    make.work()
    assert len(tipline.finished()) == 1
    assert reread(escalation).failure == ""


def test_a_lost_answer_does_not_make_two_reports(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    tip = make.let_go(escalation)
    tipline.fail("finish", hangs_up, after=True)
    make.work()
    make.pause_is_over()
    make.work()
    assert len(tipline.finished()) == len(tipline.reports) == 1
    assert list(tip.calls.filter(what="finish").values_list("code", flat=True)) == ["tryagain", "5102"]


def test_after_72_hours_a_person_is_asked(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    tip = make.let_go(escalation)
    Tip.objects.filter(pk=tip.pk).update(give_up_at=Now() + timedelta(seconds=5))
    tipline.fail("submit", answers_status(503))
    make.work()
    tip = reread(escalation)
    assert tip.next_try_at is None
    assert tip.failure.startswith("Given up after 72 hours")
    assert Job.objects.filter(kind="escalations.tip", state="queued").count() == 0


@pytest.mark.parametrize(
    ("call", "code"), [("submit", 4100), ("submit", 3100), ("upload", 4200), ("finish", 2000)]
)
def test_a_refusal_waits_for_a_person_who_tries_again(call: str, code: int, tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail(call, answers(code))
    make.work()
    tip = reread(escalation)
    assert (escalation.state, tip.failure_code, tip.next_try_at) == (State.APPROVED, str(code), None)
    assert not Job.objects.filter(kind="escalations.tip", state="queued").exists()
    assert tips.try_again(escalation, actor=person("sena"))
    make.work()
    assert len(tipline.finished()) == 1
    assert "tip.retried" in tip_verbs(escalation)


def test_trying_again_what_did_not_fail_does_nothing(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    make.work()
    assert not tips.try_again(escalation, actor=person("sena"))
    assert "tip.retried" not in tip_verbs(escalation)


def test_a_worker_without_the_password_says_so(tipline: Tipline, settings: Any, tmp_path: Path) -> None:
    settings.CYBERTIP_PASSWORD_FILE = str(tmp_path / "nowhere")
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    make.work()
    assert reread(escalation).failure_code == "not_set_up"
    assert tipline.calls == []


def test_a_worker_without_the_vault_key_sends_nothing(
    tipline: Tipline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casework.escalations.tip_sending.holds_key", lambda name: False)
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    make.work()
    assert reread(escalation).failure_code == "not_set_up"
    assert tipline.reports == {}


def test_what_was_let_go_for_the_test_server_never_goes_to_the_other(tipline: Tipline, settings: Any) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    settings.CYBERTIP_ENVIRONMENT = "production"
    make.work()
    assert reread(escalation).failure_code == "not_set_up"
    assert tipline.calls == []


def test_an_original_that_is_not_what_was_recorded_does_not_leave(tipline: Tipline) -> None:
    escalation = make.make_draft(items=2)
    make.let_go(escalation)
    second = escalation.chosen_items.last()
    assert second is not None
    Blob.objects.filter(original_of=second.item).update(sha256="0" * 64)
    make.work()
    assert [report.state for report in tipline.reports.values()] == ["retracted"]
    assert "not what was recorded" in reread(escalation).failure
    assert "evidence.doubted" in verbs_of(escalation.case)
    assert tip_verbs(escalation)[-2:] == ["tip.retracted", "tip.failed"]


def test_a_run_that_the_ledger_stopped_waits_for_a_person(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    tip = make.let_go(escalation)
    tips.leave_run(str(tip.public_id), 1, reason="It ended its worker three times.")
    tip = reread(escalation)
    assert (tip.failure_code, tip.failure) == ("stopped", "It ended its worker three times.")
    assert tip_verbs(escalation)[-1] == "tip.failed"


def test_an_older_run_does_nothing(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    tip = make.let_go(escalation)
    Tip.objects.filter(pk=tip.pk).update(runs=2)
    make.work()
    assert tipline.calls == []


# --- what was approved, and nothing else ------------------------------------------------------------------------------


def test_what_has_changed_since_it_was_approved_goes_back_to_its_author(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    Tip.objects.filter(escalation=escalation).update(content=make.CONTENT | {"platform": "Elsewhere"})
    make.work()
    tip = reread(escalation)
    assert tipline.reports == {}
    assert (escalation.state, escalation.approved_by) == (State.RETURNED, None)
    assert "has changed since it was approved" in escalation.returned_why
    assert Progress.from_json(tip.progress).ended
    assert verbs_of(escalation.case)[-2:] == ["tip.called_off", "escalation.returned"]


def test_an_open_report_that_may_not_leave_any_more_is_taken_back(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("upload", answers(1111))
    make.work()
    suspend_partner(escalation.partner, actor=person("lena"), reason="They asked for a pause.")
    make.pause_is_over()
    make.work()
    reread(escalation)
    assert [report.state for report in tipline.reports.values()] == ["retracted"]
    assert escalation.state == State.RETURNED
    assert "This partner is suspended." in escalation.returned_why


def test_a_report_that_is_being_handed_in_is_not_stopped_by_a_change(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("finish", hangs_up, after=True)
    make.work()
    Tip.objects.filter(escalation=escalation).update(content=make.CONTENT | {"platform": "Elsewhere"})
    make.pause_is_over()
    make.work()
    reread(escalation)
    assert escalation.state == State.ACKNOWLEDGED


def test_a_look_after_the_approval_changes_nothing_of_the_report(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    chosen = escalation.chosen_items.get()
    Reveal.objects.create(
        item=chosen.item, person=person("sena"), session_hash="0" * 64, reason="decide",
        expires_at=timezone.now(), first_served_at=timezone.now(),
    )  # fmt: skip
    make.work()
    (report,) = tipline.finished()
    (details,) = report.details.values()
    assert b"<fileViewedByEsp>true" not in details


# --- taken back -----------------------------------------------------------------------------------------------------


def withdraw(escalation: Escalation) -> None:
    actions.withdraw(escalation, actor=person("sena"), reason="It was somebody else.")


def test_what_was_withdrawn_before_a_worker_came_is_never_sent(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    withdraw(escalation)
    make.work()
    assert tipline.calls == []
    assert tip_verbs(escalation) == ["tip.started", "tip.called_off"]


def test_an_open_report_is_taken_back_when_it_is_withdrawn(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("upload", answers(1111))
    make.work()
    withdraw(escalation)
    make.work()
    assert [report.state for report in tipline.reports.values()] == ["retracted"]
    tip = reread(escalation)
    assert escalation.state == State.WITHDRAWN
    assert Progress.from_json(tip.progress).ended
    assert tip_verbs(escalation)[-2:] == ["tip.called_off", "tip.retracted"]


def test_a_worker_in_the_middle_stops_when_it_is_withdrawn(
    tipline: Tipline, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalation = make.make_draft(items=2)
    make.let_go(escalation)
    upload = tip_runs.OnRecord.upload

    def withdrawn_meanwhile(self: tip_runs.OnRecord, report_id: int, given: Upload) -> Uploaded:
        done = upload(self, report_id, given)
        withdraw(Escalation.objects.get(pk=escalation.pk))
        return done

    monkeypatch.setattr(tip_runs.OnRecord, "upload", withdrawn_meanwhile)
    make.work()
    assert tipline.calls.count("upload") == 1
    assert [report.state for report in tipline.reports.values()] == ["retracted"]


def test_an_escalation_that_is_gone_has_its_report_taken_back_at_the_last_moment(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("fileinfo", answers(1111))
    make.work()
    Escalation.objects.filter(pk=escalation.pk).update(state=State.RETURNED)
    make.pause_is_over()
    make.work()
    assert [report.state for report in tipline.reports.values()] == ["retracted"]


def test_after_a_report_was_taken_back_the_next_one_is_another(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("upload", answers(1111))
    make.work()
    withdraw(escalation)
    make.work()
    make.let_go(escalation)
    make.work()
    assert [report.state for report in tipline.reports.values()] == ["retracted", "finished"]


def test_what_ncmec_has_cannot_be_withdrawn(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    make.work()
    before = Entry.objects.count()
    with pytest.raises(tips.HandedIn):
        withdraw(escalation)
    assert reread(escalation).report_id in tipline.reports
    assert escalation.state == State.ACKNOWLEDGED
    assert Entry.objects.count() == before
