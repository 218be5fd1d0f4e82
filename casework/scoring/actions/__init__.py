"""Every write about models: outcomes that people confirmed, calibrations, and assessing open cases again."""

from .calibrations import (
    AlreadySettled,
    Proposal,
    accept_calibration,
    note_nothing_better,
    propose_calibration,
    refuse_calibration,
    retire_calibration,
)
from .outcomes import Score, add_samples, confirm_outcome
from .reassessing import (
    AlreadyWalking,
    add_step,
    ask_to_assess_again,
    begin_walk,
    finish_walk,
    leave_walk,
    note_progress,
)

__all__ = [
    "AlreadySettled",
    "AlreadyWalking",
    "Proposal",
    "Score",
    "accept_calibration",
    "add_samples",
    "add_step",
    "ask_to_assess_again",
    "begin_walk",
    "confirm_outcome",
    "finish_walk",
    "leave_walk",
    "note_nothing_better",
    "note_progress",
    "propose_calibration",
    "refuse_calibration",
    "retire_calibration",
]
