"""Round after round of kills at random moments. Long: CHAOS_LONG=1 (`make chaos`)."""

from __future__ import annotations

import random
import time

import psutil
import pytest

from tests.chaos.desk import Desk, only_long

ROUNDS = 30
VICTIMS = ("first", "second", "monitor", "pusher", "guard", "leader", "steward")


@pytest.mark.slow
@only_long
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_random_kills_lose_nothing(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    desk.start_worker()
    notes = desk.add_notes("note", 20)
    slow = [f"slow{number}" for number in range(6)]
    for name in slow:
        desk.add("test.slow", name, seconds=dice.uniform(0.05, 0.8))
    desk.add("test.poison", "bad")
    for _number in range(2):
        time.sleep(dice.uniform(0.0, 1.5))
        strike(desk, dice.choice(VICTIMS))
    desk.wait_for_rest(120)
    assert desk.state("bad") == ("quarantined", 3)
    # Two strikes and a poison can cost an innocent neighbour its starts, but never lose it.
    states = {desk.state(name)[0] for name in (*notes, *slow)}
    assert states <= {"done", "quarantined"}
    assert {line[1] for line in desk.diary()} >= {name for name in notes if desk.state(name)[0] == "done"}


def strike(desk: Desk, victim: str) -> None:
    """`kill -9` one process, if it is there just now."""
    if victim == "steward":
        desk.kill_steward()
        desk.start_worker()
        return
    target = desk.leader() if victim == "leader" else desk.cast().get(victim)
    if target is not None:
        try:
            target.kill()
        except psutil.NoSuchProcess:
            return
