"""A job that ends every process that touches it."""

from __future__ import annotations

from tests.chaos.desk import Desk


def test_poison_is_started_three_times_and_its_neighbours_are_done(desk: Desk) -> None:
    before = desk.entries("job.quarantined")
    desk.start_worker()
    desk.add("test.poison", "bad")
    names = desk.add_notes("next", 5)
    desk.wait_for_rest(60)
    assert [line[2] for line in desk.diary("poison")] == ["1", "2", "3"]
    assert desk.state("bad") == ("quarantined", 3)
    assert len(desk.diary("mourned")) == 1
    assert sorted(line[1] for line in desk.diary()) == sorted(names)
    assert desk.entries("job.quarantined") == before + 1


def test_a_job_that_raises_is_tried_again_later_and_then_stopped(desk: Desk) -> None:
    desk.start_worker()
    desk.add("test.fails", "wrong")
    desk.wait_for_rest(60)
    assert [line[2] for line in desk.diary("fails")] == ["1", "2", "3"]
    ((error_class, error),) = desk.sql("SELECT error_class, error FROM jobs_job")
    assert error_class == "ValueError"
    assert "lighthouse" not in error
    assert "lighthouse" not in desk.said()
    assert desk.sql("SELECT count(*) FROM django_q_task") == [(0,)]
