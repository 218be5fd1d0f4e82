"""Writes of the outbox: endpoints, messages, attempts, and what endpoints tell us."""

from .delivering import begin_attempt, end_attempt, leave_attempt
from .endpoints import (
    SameNetPerson,
    approve_net,
    change_endpoint,
    create_endpoint,
    rotate_secret,
    send_test,
    switch_endpoint,
)
from .hearing import NotResults, Result, hear_callback
from .posting import cancel_waiting, platform_endpoint, post, replay_message

__all__ = [
    "NotResults",
    "Result",
    "SameNetPerson",
    "approve_net",
    "begin_attempt",
    "cancel_waiting",
    "change_endpoint",
    "create_endpoint",
    "end_attempt",
    "hear_callback",
    "leave_attempt",
    "platform_endpoint",
    "post",
    "replay_message",
    "rotate_secret",
    "send_test",
    "switch_endpoint",
]
