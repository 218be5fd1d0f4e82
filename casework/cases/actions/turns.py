"""Whose turn it is to change several cases at once."""

from __future__ import annotations

from django.db import connection

#: "turns" as a number: one lock for all cases of a desk.
_LOCK = 0x7475726E73


def take_turn() -> None:
    """Wait until nobody else changes several cases in one transaction; the turn ends with this transaction.

    To be asked for before the first case is locked (and after the lock on the banks' entries, where that is wanted
    too). Restricting a case counts anew in every case that shares a picture with it, so two such transactions would
    each hold what the other wants. Which cases those are may change until they are locked: an order of them is no
    help. Whoever locks one case only needs no turn. Asking twice in a transaction is asking once.
    """
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
