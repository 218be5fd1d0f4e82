"""Asking the platform to carry effects out, through the outbox. Where none is connected a person confirms by hand."""

from __future__ import annotations

from collections.abc import Iterable

from casework.accounts.models import User
from casework.cases.models import Case, Decision, Effect
from casework.outbox.actions import cancel_waiting, platform_endpoint, post

#: What the message is called; ``OUTBOX_HEARS`` names who hears its results.
WANTED = "effects.wanted"
#: Effects that happen at the platform.
AT_PLATFORM = {Effect.Kind.TAKE_DOWN, Effect.Kind.LIMIT, Effect.Kind.RESTORE}


def ask_platform(decision: Decision, case: Case, effects: Iterable[Effect], *, actor: User) -> None:
    """Put one message for the effects of *decision* into the outbox, in the transaction that opened them.

    It holds what the platform needs to act and nothing of the report: places, what is wanted, the policy's code.
    """
    wanted = [effect for effect in effects if effect.kind in AT_PLATFORM]
    endpoint = platform_endpoint()
    if endpoint is None or not wanted:
        return
    payload = {
        "decision": str(decision.public_id),
        "policy": str(decision.policy),
        "effects": [
            {
                "id": str(effect.public_id),
                "wanted": str(effect.kind),
                "place": {"kind": str(effect.locator.kind), "value": effect.locator.value}
                if effect.locator
                else None,
            }
            for effect in wanted
        ],
    }
    about = [str(effect.public_id) for effect in wanted]
    post(endpoint, WANTED, payload, case=case, actor=actor, about=about)


def stop_asking(case: Case, *, actor: User) -> None:
    """What earlier decisions asked for and the platform has not taken yet is not asked for any more."""
    cancel_waiting(case, WANTED, actor=actor, why="replaced")
