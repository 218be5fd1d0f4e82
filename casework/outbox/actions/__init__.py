"""Writes of the outbox: endpoints, messages, attempts, and what endpoints tell us."""

from casework.outbox.mail import Attachment, BadMail

from .delivering import begin_attempt, end_attempt, leave_attempt
from .endpoints import (
    SameEndpointPerson,
    SameNetPerson,
    agree_endpoint,
    approve_net,
    change_endpoint,
    create_endpoint,
    rotate_secret,
    send_test,
    switch_endpoint,
)
from .hearing import NotResults, Result, hear_callback, use_once
from .mailing import post_mail
from .posting import (
    cancel_about,
    cancel_waiting,
    platform_endpoint,
    post,
    post_plain,
    replay_message,
)

__all__ = [
    "Attachment",
    "BadMail",
    "NotResults",
    "Result",
    "SameEndpointPerson",
    "SameNetPerson",
    "agree_endpoint",
    "approve_net",
    "begin_attempt",
    "cancel_about",
    "cancel_waiting",
    "change_endpoint",
    "create_endpoint",
    "end_attempt",
    "hear_callback",
    "leave_attempt",
    "platform_endpoint",
    "post",
    "post_mail",
    "post_plain",
    "replay_message",
    "rotate_secret",
    "send_test",
    "switch_endpoint",
    "use_once",
]
