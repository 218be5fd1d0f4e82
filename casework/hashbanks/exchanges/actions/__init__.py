"""Every write on exchanges: one transaction each, with its entry; ``actor`` is None for the system."""

from .attempting import begin_attempt, end_attempt, fail_attempt, reap_attempts
from .connecting import change_exchange, connect_exchange, pause_exchange, resume_exchange, run_now
from .fetching import (
    Replaced,
    begin_due,
    continue_run,
    drop_missing,
    fail_run,
    finish_run,
    keep_page,
    stop_run,
)
from .sending import continue_sending, fail_sending, finish_sending, mark_sent, stop_sending

__all__ = [
    "Replaced",
    "begin_attempt",
    "begin_due",
    "change_exchange",
    "connect_exchange",
    "continue_run",
    "continue_sending",
    "drop_missing",
    "end_attempt",
    "fail_attempt",
    "fail_run",
    "fail_sending",
    "finish_run",
    "finish_sending",
    "keep_page",
    "mark_sent",
    "pause_exchange",
    "reap_attempts",
    "resume_exchange",
    "run_now",
    "stop_run",
    "stop_sending",
]
