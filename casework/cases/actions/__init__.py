"""Every write on a case. Each function is one transaction with its audit entry; ``actor`` is None for the system."""

from casework.cases.conflicts import (
    AlreadyDecided,
    AnotherPersonNeeded,
    ClaimedByOther,
    Conflict,
    IllegalMove,
    LeaseLost,
    StaleCase,
)

from .claims import (
    claim_case,
    hold_case,
    release_all,
    release_case,
    renew_claim,
    session_hash,
    skip_case,
    take_over_case,
)
from .clocks import note_breaches
from .decisions import decide_case, hear_reporter, needs_second, review_decision, settle_effect
from .notes import drop_draft, keep_draft, write_note
from .opening import (
    add_locators,
    index_terms,
    move_case,
    note_examined,
    note_items,
    note_known_matches,
    open_case,
    read_case,
    restrict_case,
    search_cases,
    unrestrict_case,
    withdraw_case,
)

__all__ = [
    "AlreadyDecided",
    "AnotherPersonNeeded",
    "ClaimedByOther",
    "Conflict",
    "IllegalMove",
    "LeaseLost",
    "StaleCase",
    "add_locators",
    "claim_case",
    "decide_case",
    "drop_draft",
    "hear_reporter",
    "hold_case",
    "index_terms",
    "keep_draft",
    "move_case",
    "needs_second",
    "note_breaches",
    "note_examined",
    "note_items",
    "note_known_matches",
    "open_case",
    "read_case",
    "release_case",
    "release_all",
    "renew_claim",
    "restrict_case",
    "review_decision",
    "search_cases",
    "session_hash",
    "settle_effect",
    "skip_case",
    "take_over_case",
    "unrestrict_case",
    "withdraw_case",
    "write_note",
]
