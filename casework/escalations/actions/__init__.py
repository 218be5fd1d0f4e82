"""Every write on an escalation, each one transaction with its audit entry; ``actor`` is None for the system."""

from casework.escalations.conflicts import (
    Conflict,
    GlassRefused,
    IllegalMove,
    LookAgain,
    NotReady,
    NotThere,
    OnlyAuthor,
    SamePerson,
    StaleEscalation,
)

from .drafting import (
    approve,
    approve_imagery,
    change_draft,
    draft_escalation,
    note_preview,
    offer,
    refuse,
    return_draft,
)
from .ending import close_escalation, decline, end_access, note_expired, withdraw
from .fetches import allow_fetches
from .glass import break_glass, note_overdue_review, review_glass
from .links import LinkRefused, make_link, open_link, revoke_link, revoke_links
from .moving import acknowledge, answer, give_back, move, note_delivered, note_sent
from .packages import ask_for_package, remove_package
from .portal import (
    ClaimedByColleague,
    DownloadsUsedUp,
    FileGone,
    begin_download,
    claim,
    end_download,
    release,
)
from .reminding import keep_time, remind
from .talking import note_read, write_line
from .tips import start_tip

__all__ = [
    "ClaimedByColleague",
    "Conflict",
    "DownloadsUsedUp",
    "FileGone",
    "GlassRefused",
    "IllegalMove",
    "LinkRefused",
    "LookAgain",
    "NotReady",
    "NotThere",
    "OnlyAuthor",
    "SamePerson",
    "StaleEscalation",
    "acknowledge",
    "allow_fetches",
    "answer",
    "approve",
    "approve_imagery",
    "ask_for_package",
    "begin_download",
    "break_glass",
    "change_draft",
    "claim",
    "close_escalation",
    "decline",
    "draft_escalation",
    "end_access",
    "end_download",
    "give_back",
    "keep_time",
    "make_link",
    "move",
    "note_delivered",
    "note_expired",
    "note_overdue_review",
    "note_preview",
    "note_read",
    "note_sent",
    "offer",
    "open_link",
    "refuse",
    "release",
    "remind",
    "remove_package",
    "return_draft",
    "review_glass",
    "revoke_link",
    "revoke_links",
    "start_tip",
    "withdraw",
    "write_line",
]
