"""Every write on reports, drafts and API keys. Each function is one transaction with its audit entry."""

from .drafts import (
    begin_draft,
    draft_of,
    drop_draft,
    drop_files,
    file_draft,
    keep_answers,
    keep_files,
    reap_drafts,
    show_receipt,
)
from .filing import DraftGone, Filed, FilesNotAllowed, KeyReused, file_report, upload_refusal
from .following import (
    add_missing,
    choose_passing_on,
    find_element,
    open_status,
    receive_message,
    report_of_key,
    report_of_reporter,
    send_message,
    withdraw_report,
)
from .keys import create_api_key, key_of, note_key_used, revoke_api_key

__all__ = [
    "DraftGone",
    "Filed",
    "FilesNotAllowed",
    "KeyReused",
    "add_missing",
    "begin_draft",
    "choose_passing_on",
    "create_api_key",
    "draft_of",
    "drop_draft",
    "drop_files",
    "file_draft",
    "file_report",
    "find_element",
    "keep_answers",
    "keep_files",
    "key_of",
    "note_key_used",
    "open_status",
    "reap_drafts",
    "receive_message",
    "report_of_key",
    "report_of_reporter",
    "revoke_api_key",
    "send_message",
    "show_receipt",
    "upload_refusal",
    "withdraw_report",
]
