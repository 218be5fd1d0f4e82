"""Writes to the ledger. ``ringing`` and ``reaping`` are for workers only, and not part of this front."""

from .ledger import (
    CHANNEL,
    GiveUp,
    LostLease,
    Start,
    UnknownKind,
    add_job,
    claim,
    confirm_start,
    fail,
    finish,
    give_up,
    requeue_job,
)

__all__ = [
    "CHANNEL",
    "GiveUp",
    "LostLease",
    "Start",
    "UnknownKind",
    "add_job",
    "claim",
    "confirm_start",
    "fail",
    "finish",
    "give_up",
    "requeue_job",
]
