"""The steward of one cluster: rings ready jobs, keeps the cluster moving, and puts right what died.

A cluster can stop working without ending: a worker killed while it waited takes the lock of the shared queue
with it, a frozen process answers nobody, a half-open connection is waited on for ever. So the steward watches
progress, not life: when work is ready, hands are free and nothing moves, it starts the whole group afresh.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
from dataclasses import dataclass, field
from types import FrameType

from django.conf import settings
from django.db import connection

from casework.jobs import board
from casework.jobs.actions import CHANNEL
from casework.jobs.actions.reaping import busy_workers, has_waiting, reap, release_dead
from casework.jobs.actions.regular import add_regular
from casework.jobs.actions.ringing import (
    leave,
    note_restart,
    ring,
    ring_again,
    show_pulse,
    unacknowledged,
)
from casework.jobs.broker import GONE, PATIENCE
from casework.jobs.cluster import Cluster
from casework.jobs.deadline import deadline
from casework.jobs.listening import Ear
from casework.jobs.node import STOPPED, this_node

logger = logging.getLogger(__name__)

POLL = 1.0
LOOK_EVERY = 1.0
PULSE_EVERY = 5.0
REAP_EVERY = 15.0
REGULAR_EVERY = 10.0
#: Seconds that ready work may wait beside free hands until it is rung again, and until the cluster is ended.
RING_AGAIN_AFTER = 3.0
STALLED_AFTER = 8.0
#: A process may stand still (stopped by a signal) this long before it is killed.
FROZEN_AFTER = 8.0
STEADY = 60.0
LONGEST_PAUSE = 30.0


@dataclass
class Since:
    """How long something has been so, in seconds; 0.0 while it is not."""

    began: float | None = None

    def look(self, is_so: bool) -> float:
        """Note whether it is so now."""
        if not is_so:
            self.began = None
            return 0.0
        now = time.monotonic()
        self.began = now if self.began is None else self.began
        return now - self.began


@dataclass
class Every:
    """True at most once in *seconds*."""

    seconds: float
    last: float = float("-inf")

    def due(self) -> bool:
        """Whether it is time again; if so, the time is taken."""
        now = time.monotonic()
        if now - self.last < self.seconds:
            return False
        self.last = now
        return True

    def hasten(self) -> None:
        """It is time now."""
        self.last = float("-inf")


@dataclass
class Steward:
    """Looks after one cluster until SIGTERM. It serves *queues*; *sandbox* is "strict" or "weak"."""

    queues: tuple[str, ...]
    sandbox: str
    workers: int
    bell: str = field(default_factory=lambda: f"{this_node()}/{os.getpid()}-{secrets.token_hex(3)}")
    stopping: bool = False
    untold: str = ""
    failures: int = 0
    started: float = 0.0
    due: float = 0.0
    seen_beats: int = -1
    told_beats: int = -1
    stalled: Since = field(default_factory=Since)
    unacked: Since = field(default_factory=Since)
    frozen: dict[int, Since] = field(default_factory=dict)
    look: Every = field(default_factory=lambda: Every(LOOK_EVERY))
    pulse: Every = field(default_factory=lambda: Every(PULSE_EVERY))
    reaping: Every = field(default_factory=lambda: Every(REAP_EVERY))
    regular: Every = field(default_factory=lambda: Every(REGULAR_EVERY))
    ear: Ear = field(default_factory=lambda: Ear(CHANNEL))

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.bell)

    def run(self) -> None:
        """Ring and watch until SIGTERM or SIGINT, then drain."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        board.close_doors(False)
        while not self.stopping:
            self._keep_cluster()
            try:
                with deadline(PATIENCE):
                    self._round()
            except GONE as error:
                self._lose_sight(error)
        self._drain()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        board.close_doors()

    def _round(self) -> None:
        if self.pulse.due() or self.untold:
            self._show_pulse()
        if self.look.due():
            self._watch()
        if self.reaping.due():
            reap()
        if self.regular.due():
            add_regular()
        if self.cluster.leader:
            ring(self.bell, self.queues, most=4 * self.workers)
        self.ear.hear(POLL)

    # --- the cluster's processes: no database needed

    def _keep_cluster(self) -> None:
        if self.cluster.leader and self.cluster.has_ended():
            self._plan_restart("the cluster ended by itself")
        if self.cluster.leader == 0 and time.monotonic() >= self.due:
            self.cluster.start()
            self.started = time.monotonic()
        self._end_frozen()

    def _plan_restart(self, why: str) -> None:
        self.untold = why
        self.failures = 0 if time.monotonic() - self.started > STEADY else self.failures + 1
        pause = 0.0 if self.failures <= 1 else min(LONGEST_PAUSE, 0.5 * 2 ** (self.failures - 2))
        self.due = time.monotonic() + pause
        self._forget()
        logger.error("Cluster %s is started again in %.1f s: %s.", self.bell, pause, why)

    def _end_frozen(self) -> None:
        members = self.cluster.members()
        self.frozen = {
            pid: self.frozen.get(pid, Since()) for pid, state in members.items() if state == STOPPED
        }
        for pid, since in self.frozen.items():
            if since.look(True) > FROZEN_AFTER:
                logger.error("Process %d of the cluster has been standing still; it is ended.", pid)
                os.kill(pid, signal.SIGKILL)

    def _restart(self, why: str) -> None:
        self.cluster.kill()
        self._plan_restart(why)

    def _forget(self) -> None:
        self.stalled, self.unacked, self.frozen = Since(), Since(), {}

    # --- what the ledger says

    def _watch(self) -> None:
        if release_dead(this_node()):
            self.reaping.hasten()  # somebody died here; what else he left behind need not wait
        moved = board.beats() != self.seen_beats
        self.seen_beats = board.beats()
        if self.cluster.leader == 0:
            return
        busy = busy_workers(this_node(), set(self.cluster.members()))
        free = busy < self.workers
        if free:
            ring_again(self.bell, seconds=RING_AGAIN_AFTER)
        waits = free and not moved and has_waiting(self.queues, seconds=POLL)
        if self.stalled.look(waits) > STALLED_AFTER:
            self._restart("work was ready, hands were free and nothing moved")
        elif self.unacked.look(busy == 0 and unacknowledged(self.bell, seconds=5.0) > 0) > STALLED_AFTER:
            self._restart("finished work was not acknowledged")

    def _show_pulse(self) -> None:
        moved = board.beats() != self.told_beats
        self.told_beats = board.beats()
        show_pulse(self.bell, node=this_node(), queues=self.queues, sandbox=self.sandbox, moved=moved)
        if self.untold:
            note_restart(self.bell, why=self.untold)
            self.untold = ""

    def _lose_sight(self, error: BaseException) -> None:
        # Without the database nobody can tell a stalled cluster from one that waits as we do.
        logger.warning("The ledger cannot be read (%s); trying again.", type(error).__name__)
        connection.close()
        self._forget()
        time.sleep(POLL)

    def _drain(self) -> None:
        board.close_doors()
        if not self.cluster.stop(settings.JOB_DRAIN_SECONDS):
            logger.error("Running work did not end in %d s and was cut off.", settings.JOB_DRAIN_SECONDS)
        try:
            with deadline(PATIENCE):
                release_dead(this_node())
                leave(self.bell)
        except GONE as error:
            logger.warning(
                "The ledger could not be told that we left (%s); the reaper notices.", type(error).__name__
            )
