"""Evidence: the vault, what machines said, and each look."""

from __future__ import annotations

from .answers import AI_SIGNALS, Assessment, BankMatch, BankMatchQuerySet, SignalRecord
from .items import Blob, Frame, FrameQuerySet, Item, ItemQuerySet, PerceptualHash, Wrap
from .looks import (
    Mark,
    Playback,
    PlaybackQuerySet,
    Reveal,
    RevealQuerySet,
    RevealReason,
    Trace,
    TraceQuerySet,
)

__all__ = [
    "AI_SIGNALS",
    "Assessment",
    "BankMatch",
    "BankMatchQuerySet",
    "Blob",
    "Frame",
    "FrameQuerySet",
    "Item",
    "ItemQuerySet",
    "Mark",
    "PerceptualHash",
    "Playback",
    "PlaybackQuerySet",
    "Reveal",
    "RevealQuerySet",
    "RevealReason",
    "SignalRecord",
    "Trace",
    "TraceQuerySet",
    "Wrap",
]
