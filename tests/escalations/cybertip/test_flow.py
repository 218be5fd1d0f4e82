"""One report from facts to "finished": what is written down when, and what each kind of trouble leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from casework.escalations.cybertip.errors import (
    AlreadyFinished,
    CyberTipError,
    NotAllowed,
    Rejected,
    TryAgain,
)
from casework.escalations.cybertip.facts import BadFacts
from casework.escalations.cybertip.flow import Job, has_all_files, preserve_until, send, withdraw
from casework.escalations.cybertip.progress import FileState, Mark, Stage, State, Superseded
from tests.escalations.cybertip.conftest import MakeJob
from tests.escalations.cybertip.examples import NOW, PLAIN_FILE, WHOLE, WHOLE_FILE
from tests.escalations.cybertip.keeping import Memory
from tests.escalations.cybertip.server import Tipline, Trick, answers, answers_status, hangs_up

DAY = 24 * 3600.0


def stages(job: Job) -> list[str]:
    assert isinstance(job.progress, Memory)
    return [str(state.stage) for state in job.progress.states]


def test_a_report_is_finished_with_its_files_and_details(make_job: MakeJob, tipline: Tipline) -> None:
    state = send(make_job(PLAIN_FILE, WHOLE_FILE, report=WHOLE))
    (report,) = tipline.finished()
    assert tipline.calls == ["submit", "upload", "fileinfo", "upload", "fileinfo", "finish"]
    assert list(report.files.values()) == [
        b"picture of a goldfish, item-plain",
        b"picture of a goldfish, item-whole",
    ]
    assert tuple(report.files) == tuple(file.file_id for file in state.files) == state.listed
    assert has_all_files(state)
    assert state.finished_at == NOW


def test_a_report_without_files_is_finished(make_job: MakeJob, tipline: Tipline) -> None:
    state = send(replace(make_job(), items=()))
    assert (state.stage, state.listed, tipline.calls) == (Stage.FINISHED, (), ["submit", "finish"])


def test_the_id_is_written_down_before_anything_is_uploaded(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("upload", answers(1111))
    with pytest.raises(TryAgain):
        send(job)
    assert job.progress.load().report_id in tipline.reports


def test_each_call_is_announced_in_writing(make_job: MakeJob) -> None:
    job = make_job()
    send(job)
    assert stages(job) == [
        "ready",
        "ready",
        "submitting",
        "open",
        "open",
        "open",
        "open",
        "open",
        "finishing",
        "finished",
    ]
    marks = [state.files[0].mark for state in job.progress.states if state.stage is Stage.OPEN]  # type: ignore[attr-defined]
    assert marks == [Mark.WAITING, Mark.UPLOADING, Mark.UPLOADED, Mark.DESCRIBING, Mark.DESCRIBED]


def test_facts_that_cannot_be_sent_open_no_report(make_job: MakeJob, tipline: Tipline) -> None:
    with pytest.raises(BadFacts):
        send(make_job(replace(PLAIN_FILE, classification="Z9")))
    assert tipline.calls == []


CALLS = ("submit", "upload", "fileinfo", "finish")
TROUBLE = [
    (answers(1100), False),
    (answers_status(429), False),
    (answers_status(503), False),
    (hangs_up, False),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("trick", "after"), [*TROUBLE, (answers_status(503), True), (hangs_up, True)])
def test_a_lost_or_refused_call_ends_in_one_report_all_the_same(
    call: str, trick: Trick, after: bool, make_job: MakeJob, tipline: Tipline
) -> None:
    job = make_job(PLAIN_FILE, WHOLE_FILE)
    tipline.fail(call, trick, after=after)
    with pytest.raises(TryAgain):
        send(job)
    state = send(job)
    (report,) = tipline.finished()
    assert len(report.files) == len(report.details) == 2
    assert state.report_id == next(key for key, one in tipline.reports.items() if one is report)
    lost = [one for one in tipline.reports.values() if one.state == "open"]
    assert [one.files for one in lost] == [{}] * (call == "submit" and after)


def test_a_lost_answer_to_finish_is_learned_by_asking_again(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("finish", hangs_up, after=True)
    with pytest.raises(TryAgain):
        send(job)
    state = send(job)
    assert tipline.calls.count("submit") == 1
    assert state.listed is None  # NCMEC only said that it was finished
    assert has_all_files(state) is None


def test_a_sure_refusal_that_may_heal_keeps_the_report_open(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("upload", answers(1111), answers_status(429))
    for _time in range(2):
        with pytest.raises(TryAgain):
            send(job)
    send(job)
    assert tipline.calls.count("submit") == 1
    assert "retract" not in tipline.calls


def test_a_report_that_expired_meanwhile_is_sent_anew(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("upload", answers(1111))
    with pytest.raises(TryAgain):
        send(job)
    tipline.ahead = DAY + 60
    send(job)
    assert [report.state for report in tipline.reports.values()] == ["expired", "finished"]


def test_a_report_that_expired_before_it_was_finished_is_sent_anew(
    make_job: MakeJob, tipline: Tipline
) -> None:
    job = make_job()
    tipline.fail("finish", answers(1000))
    with pytest.raises(TryAgain):
        send(job)
    tipline.ahead = DAY + 60
    send(job)
    assert [report.state for report in tipline.reports.values()] == ["expired", "finished"]


def test_an_unknown_orphan_expires_and_is_never_finished(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("submit", hangs_up, after=True)
    with pytest.raises(TryAgain):
        send(job)
    assert send(job).unanswered == 1
    orphan = min(tipline.reports)
    tipline.ahead = DAY + 60
    assert tipline.refusal(orphan) == 5001
    assert len(tipline.finished()) == 1


@pytest.mark.parametrize(("call", "code"), [("upload", 4200), ("fileinfo", 4100)])
def test_a_file_that_is_refused_for_good_leaves_no_open_report(
    call: str, code: int, make_job: MakeJob, tipline: Tipline
) -> None:
    job = make_job()
    tipline.fail(call, answers(code))
    with pytest.raises(Rejected):
        send(job)
    assert [report.state for report in tipline.reports.values()] == ["retracted"]
    assert job.progress.load().retracted == tuple(tipline.reports)


def test_a_file_that_ncmec_lost_is_sent_again_in_a_report_of_its_own(
    make_job: MakeJob, tipline: Tipline
) -> None:
    tipline.fail("fileinfo", answers(5002))
    state = send(make_job())
    assert [report.state for report in tipline.reports.values()] == ["retracted", "finished"]
    assert state.retracted == (min(tipline.reports),)


def test_a_report_that_somebody_else_finished_is_for_a_person(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("fileinfo", hangs_up)
    with pytest.raises(TryAgain):
        send(job)
    next(iter(tipline.reports.values())).state = "finished"
    for _time in range(2):
        with pytest.raises(AlreadyFinished):
            send(job)
    assert tipline.calls.count("submit") == 1


def test_a_file_that_arrives_damaged_takes_the_report_back(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    damaged = [[b"picture"], [b"picturE"]]
    item = replace(job.items[0], size=7, open=damaged.pop)
    original = tipline.answer

    def answer(call: str, request: object, body: bytes) -> tuple[bytes, int]:
        return original(call, request, body.replace(b"picturE", b"picture"))  # type: ignore[arg-type]

    tipline.answer = answer  # type: ignore[method-assign, assignment]
    job = replace(job, items=(item,))
    with pytest.raises(TryAgain):
        send(job)
    send(job)
    assert [report.state for report in tipline.reports.values()] == ["retracted", "finished"]


@pytest.mark.parametrize("call", ["submit", "upload", "finish"])
def test_an_account_without_the_right_waits_for_a_person(
    call: str, make_job: MakeJob, tipline: Tipline
) -> None:
    job = make_job()
    tipline.fail(call, answers(3100))
    with pytest.raises(NotAllowed):
        send(job)
    send(job)
    assert tipline.calls.count("submit") == (2 if call == "submit" else 1)
    assert len(tipline.finished()) == 1


def test_a_server_that_forgets_every_report_is_left_alone_for_a_while(
    make_job: MakeJob, tipline: Tipline
) -> None:
    tipline.fail("upload", *[answers(5001)] * 9)
    with pytest.raises(TryAgain):
        send(make_job())
    assert tipline.calls.count("submit") == 3


def test_files_may_not_change_under_an_open_report(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("upload", answers(1111))
    with pytest.raises(TryAgain):
        send(job)
    with pytest.raises(Rejected):
        send(replace(make_job(WHOLE_FILE), progress=job.progress))
    assert tipline.finished() == []


# --- taking back ----------------------------------------------------------------------------------------------------


def test_a_report_is_withdrawn_before_it_is_finished(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("upload", answers(1111))
    with pytest.raises(TryAgain):
        send(job)
    assert withdraw(job).stage is Stage.WITHDRAWN
    assert send(job).stage is Stage.WITHDRAWN  # a late start of the job sends nothing
    assert [report.state for report in tipline.reports.values()] == ["retracted"]


def test_a_report_that_was_never_opened_is_withdrawn_without_a_call(
    make_job: MakeJob, tipline: Tipline
) -> None:
    job = make_job()
    assert withdraw(job).stage is Stage.WITHDRAWN
    assert send(job).stage is Stage.WITHDRAWN
    assert tipline.calls == []


def test_a_withdrawal_whose_answer_is_lost_is_carried_on(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    tipline.fail("upload", answers(1111))
    with pytest.raises(TryAgain):
        send(job)
    tipline.fail("retract", hangs_up, after=True)
    with pytest.raises(CyberTipError):
        withdraw(job)
    assert send(job).stage is Stage.WITHDRAWN
    assert tipline.finished() == []


def test_a_finished_report_cannot_be_withdrawn(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job()
    send(job)
    with pytest.raises(AlreadyFinished):
        withdraw(job)
    assert "retract" not in tipline.calls


# --- two workers ----------------------------------------------------------------------------------------------------


class TakenOver(Memory):
    """Somebody else takes the report over just before the *last* write."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    def save(self, was: State, now: State) -> None:
        if now.version == self.last:
            self.last = 0
            self.states.append(replace(self.load(), version=self.load().version + 1))
        super().save(was, now)


def test_a_report_whose_id_came_too_late_is_taken_back_at_once(make_job: MakeJob, tipline: Tipline) -> None:
    job = make_job(progress=TakenOver(last=3))
    with pytest.raises(Superseded):
        send(job)
    assert [report.state for report in tipline.reports.values()] == ["retracted"]
    send(job)
    assert [report.state for report in tipline.reports.values()] == ["retracted", "finished"]


@pytest.mark.parametrize("last", [1, 2, 4, 5, 6, 7, 8])
def test_a_worker_that_was_replaced_calls_nothing_more(
    last: int, make_job: MakeJob, tipline: Tipline
) -> None:
    job = make_job(progress=TakenOver(last=last))
    with pytest.raises(Superseded):
        send(job)
    assert tipline.finished() == []
    send(job)
    assert len(tipline.finished()) == 1


# --- small parts ----------------------------------------------------------------------------------------------------


def test_a_state_survives_json() -> None:
    state = State(
        7, Stage.FINISHED, 4, (FileState("k", Mark.DESCRIBED, "f"),), (1, 2), 1, True, NOW, ("f",), "digest"
    )  # fmt: skip
    assert State.from_json(state.to_json()) == state
    assert State.from_json(State().to_json()) == State()


@pytest.mark.parametrize(
    ("finished", "until"),
    [((2026, 11, 23), (2027, 11, 23)), ((2028, 2, 29), (2029, 3, 1)), ((2027, 2, 28), (2028, 2, 28))],
)
def test_contents_are_kept_for_one_year(finished: tuple[int, int, int], until: tuple[int, int, int]) -> None:
    assert preserve_until(datetime(*finished, tzinfo=UTC)) == datetime(*until, tzinfo=UTC)
