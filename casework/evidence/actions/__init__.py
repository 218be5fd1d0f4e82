"""Every write on evidence: one transaction each, with its audit entry; ``actor`` is None for the system."""

from .custody import add_items, ask_to_verify, record_doubted, record_verified
from .examination import record_examination, record_unopened, set_item_aside
from .reaping import Reaped, reap_blobs
from .recounting import recount_known
from .reveals import (
    JUST_CLOSED,
    NothingToReveal,
    RevealDenied,
    RevealOver,
    close_expired,
    close_reveal,
    colour_reveal,
    extend_reveal,
    open_rendition,
    open_reveal,
    record_refused,
    serve_reveal,
)
from .staging import (
    SealedUpload,
    UploadGone,
    discard_staged,
    discard_staged_of,
    keep_staged,
    recall_staged,
    stage_blob,
)

__all__ = [
    "JUST_CLOSED",
    "NothingToReveal",
    "Reaped",
    "RevealDenied",
    "RevealOver",
    "SealedUpload",
    "UploadGone",
    "add_items",
    "ask_to_verify",
    "close_expired",
    "close_reveal",
    "colour_reveal",
    "discard_staged",
    "discard_staged_of",
    "extend_reveal",
    "keep_staged",
    "open_rendition",
    "open_reveal",
    "reap_blobs",
    "recall_staged",
    "record_doubted",
    "record_examination",
    "record_refused",
    "record_unopened",
    "record_verified",
    "recount_known",
    "serve_reveal",
    "set_item_aside",
    "stage_blob",
]
