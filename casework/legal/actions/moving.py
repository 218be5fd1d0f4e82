"""One way to lock a request and one to move it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.legal.conflicts import AnotherNeeded, WrongState
from casework.legal.models import LegalRequest, State


def locked(request: LegalRequest, *states: State) -> LegalRequest:
    """The row as it is now, locked until the transaction ends. Raises WrongState outside of *states*, if any."""
    row = LegalRequest.objects.select_for_update(of=("self",)).defer("document").get(pk=request.pk)
    if states and row.state not in states:
        raise WrongState(row.get_state_display())
    return row


def only_cleared(row: LegalRequest, actor: User) -> None:
    """Once a request is accepted, what depends on all of its productions is done by the cleared, whatever it concerns.

    "Something is under way" would tell anybody else that there is a case which they do not see. Raises AnotherNeeded.
    """
    if row.state == State.ACCEPTED and not actor.cleared:
        raise AnotherNeeded(
            _(
                "Once a request is accepted, somebody who is cleared does this, for every request. Nothing was changed."
            )
        )


def moved(row: LegalRequest, to: State, **changes: Any) -> LegalRequest:
    """Move a locked row and change columns with it. Raises WrongState where ``MOVES`` has no such move."""
    if to not in LegalRequest.MOVES[row.state]:
        raise WrongState(row.get_state_display())
    return changed(row, state=to, **changes)


def changed(row: LegalRequest, **changes: Any) -> LegalRequest:
    """Write columns of a locked row; expressions of the database may be among them."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    row.refresh_from_db(fields=list(changes))
    return row
