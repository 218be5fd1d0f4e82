"""Every write on banks of known hashes; ``actor`` is None for the system."""

from casework.hashbanks.values import NewEntry

from .banks import change_bank, create_bank
from .entries import (
    Kept,
    drop_entries,
    hold_entries,
    keep_entries,
    last_change,
    reap_entries,
    share_entries,
    withdraw_entry,
)
from .imports import ask_import, fail_import, finish_import, keep_page
from .reading import export_bank, search_banks
from .sweeps import advance_sweep, ask_sweep, begin_sweep, fail_sweep, finish_sweep
from .verdicts import judge_entry, note_outside_verdicts

__all__ = [
    "Kept",
    "NewEntry",
    "advance_sweep",
    "ask_import",
    "ask_sweep",
    "begin_sweep",
    "change_bank",
    "create_bank",
    "drop_entries",
    "export_bank",
    "fail_import",
    "fail_sweep",
    "finish_import",
    "finish_sweep",
    "hold_entries",
    "judge_entry",
    "keep_entries",
    "keep_page",
    "last_change",
    "note_outside_verdicts",
    "reap_entries",
    "search_banks",
    "share_entries",
    "withdraw_entry",
]
