"""Whatever process is killed, every job comes to rest, none with more than three starts."""

from __future__ import annotations

import os
import signal

import psutil

from casework.jobs.node import is_alive
from tests.chaos.desk import Desk, only_long, wait_until


def begun(desk: Desk, name: str) -> int:
    """Wait until the slow job *name* runs; the process that runs it."""
    wait_until(lambda: any(line[1] == name for line in desk.diary("begin")), 20, f"{name} began")
    return next(int(line[3]) for line in desk.diary("begin") if line[1] == name)


def test_a_job_whose_worker_is_killed_is_done_by_another(desk: Desk) -> None:
    desk.start_worker()
    desk.add("test.slow", "long", seconds=2)
    os.kill(begun(desk, "long"), signal.SIGKILL)
    desk.add_notes("next", 4)
    desk.wait_for_rest(30)
    assert desk.state("long") == ("done", 2)
    assert [line[1] for line in desk.diary()].count("long") == 1


def test_an_idle_worker_that_holds_the_lock_is_killed(desk: Desk) -> None:
    before = desk.entries("job.cluster_restarted")
    desk.start_worker()
    desk.add_notes("warm", 3)
    desk.wait_for_rest()
    desk.idle_holder().kill()
    desk.add_notes("next", 6)
    desk.wait_for_rest(60)
    assert desk.entries("job.cluster_restarted") == before + 1


def test_the_monitor_is_killed(desk: Desk) -> None:
    desk.start_worker()
    desk.cast()["monitor"].kill()
    names = desk.add_notes("next", 30)
    desk.wait_for_rest(60)
    assert sorted(line[1] for line in desk.diary()) == sorted(names)
    wait_until(lambda: desk.sql("SELECT count(*) FROM django_q_ormq") == [(0,)], 60, "nothing hangs there")


def test_the_pusher_is_killed_with_work_in_its_hands(desk: Desk) -> None:
    desk.start_worker()
    for number in range(6):
        desk.add("test.slow", f"slow{number}", seconds=0.4)
    begun(desk, "slow0")
    desk.cast()["pusher"].kill()
    desk.wait_for_rest(60)
    assert [desk.state(f"slow{number}") for number in range(6)] == [("done", 1)] * 6


def test_the_guard_is_killed(desk: Desk) -> None:
    desk.start_worker()
    desk.add("test.slow", "long", seconds=1)
    begun(desk, "long")
    guarded = list(desk.cast().values())
    guarded[0].kill()
    wait_until(lambda: not any(is_alive(one.pid) for one in guarded), 10, "nobody outlives the guard")
    desk.add_notes("next", 3)
    desk.wait_for_rest(60)
    assert desk.state("long") == ("done", 2)


def test_the_whole_cluster_is_killed(desk: Desk) -> None:
    desk.start_worker()
    for number in range(8):
        desk.add("test.slow", f"slow{number}", seconds=0.5)
    begun(desk, "slow0")
    leader = desk.leader()
    assert leader is not None
    os.killpg(leader.pid, signal.SIGKILL)
    desk.wait_for_rest(60)
    assert {desk.state(f"slow{number}")[0] for number in range(8)} == {"done"}


def test_the_steward_is_killed_and_leaves_no_orphan(desk: Desk) -> None:
    desk.start_worker()
    desk.add("test.slow", "long", seconds=2)
    begun(desk, "long")
    had = desk.kill_steward()
    assert len(had) == 6
    wait_until(lambda: not any(is_alive(one.pid) for one in had), 10, "nobody outlives the steward")
    desk.add_notes("next", 3)
    desk.start_worker()
    desk.wait_for_rest(60)
    assert desk.state("long") == ("done", 2)


def test_a_frozen_worker_is_replaced(desk: Desk) -> None:
    desk.start_worker()
    desk.add("test.slow", "long", seconds=1)
    frozen = psutil.Process(begun(desk, "long"))
    frozen.suspend()
    desk.add_notes("next", 5)
    desk.wait_for_rest(60)
    assert desk.state("long") == ("done", 2)
    assert not is_alive(frozen.pid)


@only_long
def test_a_frozen_guard_is_noticed(desk: Desk) -> None:
    desk.start_worker()
    guard = desk.cast()["guard"]
    guard.suspend()
    wait_until(lambda: not is_alive(guard.pid), 60, "the frozen guard is ended")
    desk.add_notes("next", 5)
    desk.wait_for_rest(60)


def test_sigterm_lets_a_running_job_finish(desk: Desk) -> None:
    desk.start_worker()
    desk.add("test.slow", "long", seconds=3)
    begun(desk, "long")
    for number in range(5):
        desk.add("test.slow", f"later{number}", seconds=3)
    assert desk.stop_worker() == 0
    assert desk.state("long") == ("done", 1)
    assert desk.sql("SELECT count(*) FROM jobs_job WHERE state = 'running'") == [(0,)]
    assert desk.sql("SELECT count(*) FROM jobs_pulse") == [(0,)]
    assert desk.sql("SELECT count(*) FROM django_q_ormq") == [(0,)]
