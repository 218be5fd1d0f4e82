"""Escalations, what leaves with them, and who has had access to it."""

from .access import Download, SecureLink
from .escalation import (
    Basis,
    BreakGlass,
    Consent,
    Escalation,
    EscalationItem,
    EscalationLocator,
    Line,
    Outcome,
    State,
    Urgency,
)
from .package import Package, PackagePicture
from .tip import Tip, TipCall

__all__ = [
    "Basis",
    "BreakGlass",
    "Consent",
    "Download",
    "Escalation",
    "EscalationItem",
    "EscalationLocator",
    "Line",
    "Outcome",
    "Package",
    "PackagePicture",
    "SecureLink",
    "State",
    "Tip",
    "TipCall",
    "Urgency",
]
