"""Several at once: one second person, one suspension, one key."""

from __future__ import annotations

from collections.abc import Callable

from casework.accounts.models import User
from casework.partners import actions
from casework.partners.conflicts import PartnerConflict
from casework.partners.models import PartnerKey
from tests.journal import all_verbs
from tests.outbox.test_at_once import TOGETHER, at_once

from .directory import make_partner, recipient

FIRST_ONLY = ["done", *["somebody was first"] * (TOGETHER - 1)]


def tried(act: Callable[[], object]) -> str:
    try:
        act()
    except PartnerConflict:
        return "somebody was first"
    return "done"


def test_second_people_at_the_same_time_agree_once(committed_db: str, ada: User, lena: User):
    change = actions.propose_partner(actor=ada, name="Haven", kind="ngo")
    given = at_once(lambda: tried(lambda: actions.agree_change(change, actor=lena)))
    assert sorted(given) == FIRST_ONLY
    assert all_verbs().count("partner.change_agreed") == 1


def test_one_agrees_and_one_refuses_at_the_same_time(committed_db: str, ada: User, lena: User, lex: User):
    change = actions.propose_partner(actor=ada, name="Haven", kind="ngo")
    turns = iter([True, False] * TOGETHER)

    def act() -> object:
        if next(turns):
            return actions.agree_change(change, actor=lena)
        return actions.refuse_change(change, actor=lex, reason="x")

    assert sorted(at_once(lambda: tried(act))) == FIRST_ONLY
    change.refresh_from_db()
    change.partner.refresh_from_db()
    assert change.partner.receives is change.agreed


def test_it_is_suspended_once(committed_db: str, ada: User, lena: User):
    partner = make_partner()
    given = at_once(lambda: tried(lambda: actions.suspend_partner(partner, actor=ada, reason="x")))
    assert sorted(given) == FIRST_ONLY
    assert all_verbs().count("partner.suspended") == 1


def test_the_same_key_is_entered_once(committed_db: str, ada: User, lena: User):
    partner, text = make_partner(), recipient()
    given = at_once(lambda: tried(lambda: actions.add_key(partner, text, actor=ada)))
    assert sorted(given) == FIRST_ONLY
    assert PartnerKey.objects.count() == 1
