"""Putting an e-mail into the outbox. It says as little as it can: mail is read on other people's machines."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from casework.accounts.models import User
from casework.outbox.mail import Attachment, checked, compose
from casework.outbox.models import Message

from .posting import put_in


def post_mail(
    *,
    to: str,
    subject: str,
    text: str,
    kind: str,
    case: Any,
    actor: User | None,
    attachments: Sequence[Attachment] = (),
    about: Sequence[str] = (),
) -> Message:
    """Put an e-mail to the one mailbox *to* into the outbox, inside the caller's transaction: both happen or neither.

    *case* is anything with a ``public_id``, or None; *about* are public ids that it speaks of. The mail server gets it
    at least once, under the same Message-ID. Raises ``BadMail``, ``OutsideTransaction``.
    """
    public_id = uuid.uuid4()
    message = Message(
        public_id=public_id, kind=kind, form=Message.Form.MAIL, mail_to=checked(to),
        body=compose(public_id, to=to, subject=subject, text=text, attachments=attachments),
    )  # fmt: skip
    return put_in(message, case=case, actor=actor, about=about)
