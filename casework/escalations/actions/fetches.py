"""More fetches of a package, where those that were agreed are used up: the desk's word, never the partner's."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.audit.log import Verb
from casework.escalations.conflicts import IllegalMove, NotThere, StaleEscalation
from casework.escalations.models import Escalation, Package

from . import moving

#: At once, and altogether: whoever needs more should say why they can't keep the file.
MOST_AT_ONCE, MOST_FETCHES = 10, 50


def may_have_more(escalation: Escalation) -> bool:
    """Whether there is a file that the partner may still fetch, and room for more fetches of it."""
    if escalation.download_limit >= MOST_FETCHES:
        return False
    return Package.objects.filter(
        escalation=escalation, state=Package.State.READY, escalation__state__in=Escalation.WITH_PARTNER,
        escalation__expires_at__gt=Now(),
    ).exists()  # fmt: skip


@transaction.atomic
def allow_fetches(escalation: Escalation, *, actor: User, was: int, more: int, reason: str) -> None:
    """Let the partner fetch the file *more* times (1 to ``MOST_AT_ONCE``) beyond the limit *was* that *actor* saw.

    The same file to the same keys, within the same access: nothing else leaves. Raises ``NotThere`` (also for whoever
    may not draft), ``StaleEscalation`` when somebody raised it meanwhile, ``IllegalMove`` where there is no file to be
    fetched or the limit would be more than ``MOST_FETCHES``.
    """
    if not actor.may(Perm.DRAFT_ESCALATION):
        raise NotThere
    moving.lock(escalation, actor)
    if escalation.download_limit != was:
        raise StaleEscalation
    now = was + more
    if not may_have_more(escalation) or not 1 <= more <= MOST_AT_ONCE or now > MOST_FETCHES:
        raise IllegalMove(
            _(
                "There is no file that could be fetched more often, or the limit would be above %(most)d. Nothing was "
                "changed."
            )
            % {"most": MOST_FETCHES}
        )
    moving.change(escalation, download_limit=now)
    moving.note(
        Verb.PACKAGE_FETCHES_ALLOWED, escalation, actor=actor, was=was, now=now, personal={"reason": reason}
    )
