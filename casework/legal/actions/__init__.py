"""What can be done with a legal request: each function is one transaction with its entry in the log."""

from casework.legal.conflicts import AnotherNeeded, Conflict, NotAllowed, WrongState

from .checking import CHECKS_NEEDED, accept, check_request, refuse, reopen, why_not_accepted, withdraw
from .clocks import keeping_ended, note_breaches, renew
from .intake import EMERGENCY_PARTS, MOST_BYTES, enter_request, leave_out, open_document, store_document
from .letters import FITS, note_hand_over, release_letter, write_letter
from .producing import (
    ENDED,
    answer_in_words,
    choose_partner,
    close_request,
    note_process,
    produce,
    settle,
    settle_all,
)
from .silence import note_notified, prolong_silence

__all__ = [
    "AnotherNeeded",
    "CHECKS_NEEDED",
    "Conflict",
    "EMERGENCY_PARTS",
    "ENDED",
    "FITS",
    "MOST_BYTES",
    "NotAllowed",
    "WrongState",
    "accept",
    "answer_in_words",
    "check_request",
    "choose_partner",
    "close_request",
    "enter_request",
    "keeping_ended",
    "leave_out",
    "note_breaches",
    "note_hand_over",
    "note_notified",
    "note_process",
    "open_document",
    "produce",
    "prolong_silence",
    "refuse",
    "release_letter",
    "renew",
    "reopen",
    "settle",
    "settle_all",
    "store_document",
    "why_not_accepted",
    "withdraw",
    "write_letter",
]
