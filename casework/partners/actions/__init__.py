"""Writes of the directory: what one person proposes, what another agrees to, and what one person may stop at once."""

from .deciding import agree_change, refuse_change
from .keys import add_key, revoke_key, verify_key
from .proposing import ask_to_resume, propose_contact, propose_edit, propose_partner, withdraw_change
from .standing import end_contact, suspend_partner

__all__ = [
    "add_key",
    "agree_change",
    "ask_to_resume",
    "end_contact",
    "propose_contact",
    "propose_edit",
    "propose_partner",
    "refuse_change",
    "revoke_key",
    "suspend_partner",
    "verify_key",
    "withdraw_change",
]
