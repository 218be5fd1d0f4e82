"""Lines between desk and partner, and that somebody there has read what they were sent."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb
from casework.escalations.conflicts import IllegalMove
from casework.escalations.models import Escalation, Line
from casework.escalations.wording import no_lines_now

from . import sending
from .moving import lock, note


@transaction.atomic
def write_line(
    escalation: Escalation, *, actor: User | None, side: str, kind: str, text: str, name: str = ""
) -> Line:
    """One line; *name* is of somebody without an account. The desk's are announced by the channel's neutral word.

    Raises ``NotThere``, and ``IllegalMove`` while the partner does not see the escalation, or never
    does by its channel: nobody would read it.
    """
    lock(escalation, actor)
    if escalation.state not in Escalation.WITH_PARTNER:
        raise IllegalMove(no_lines_now(escalation.state))
    if side == Line.Side.DESK and escalation.channel not in Escalation.READ_THERE:
        raise IllegalMove(
            _(
                "By this channel nobody would read it. Call the partner or write to them directly. Nothing was stored."
            )
        )
    line = Line.objects.create(
        escalation=escalation, side=side, kind=kind, author=actor, author_name=name, text=text
    )
    note(
        Verb.ESCALATION_LINE_WRITTEN, escalation, actor=actor, personal={"name": name, "text": text},
        side=str(side), kind=str(kind), line=line.public_id,
    )  # fmt: skip
    if side == Line.Side.DESK:
        sending.remind(escalation)
    return line


@transaction.atomic
def note_read(escalation: Escalation, *, actor: User | None) -> None:
    """Somebody at the partner opened it: reads count. None is somebody who came by a link."""
    lock(escalation, actor)
    note(Verb.ESCALATION_READ, escalation, actor=actor, state=escalation.state)
