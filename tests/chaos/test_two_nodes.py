"""Two stewards on one ledger."""

from __future__ import annotations

from dataclasses import replace

from tests.chaos.desk import Desk, only_long


def test_two_workers_share_the_work_and_do_nothing_twice(desk: Desk) -> None:
    other = replace(desk, worker=None)
    desk.start_worker()
    other.start_worker()
    try:
        names = desk.add_notes("shared", 120)
        desk.wait_for_rest(60)
    finally:
        other.end()
    assert sorted(line[1] for line in desk.diary()) == sorted(names)


@only_long
def test_what_a_killed_node_had_taken_is_done_by_the_other(desk: Desk) -> None:
    other = replace(desk, worker=None)
    desk.start_worker()
    other.start_worker()
    try:
        for number in range(16):
            desk.add("test.slow", f"slow{number}", seconds=0.4)
        desk.kill_steward()
        desk.wait_for_rest(60)
    finally:
        other.end()
    assert {desk.state(f"slow{number}")[0] for number in range(16)} == {"done"}
