"""What time does to legal requests is done row by row: one that can't be done stops none behind it."""

from __future__ import annotations

import pytest

from casework.audit.log import record
from casework.jobs.rows import NotAllDone
from casework.legal import tasks
from casework.legal.actions import producing
from casework.legal.models import LegalClock, LegalRequest, State, Type
from tests.cast import make_case
from tests.journal import all_verbs
from tests.legal.making import accepted, enter, let_go, make_police, pass_time

pytestmark = pytest.mark.django_db


def test_a_breach_that_can_t_be_noted_stops_none_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = enter(Type.ESAFETY), enter(Type.ESAFETY)
    for each in (bad, good):
        pass_time(each, days=2)

    def note(verb: str, **said: object) -> object:
        if said["subject"] == bad:
            raise KeyError("a text that may hold a name")
        return record(verb, **said)  # type: ignore[arg-type]

    monkeypatch.setattr("casework.legal.actions.clocks.record", note)
    with pytest.raises(NotAllDone, match=f"^{bad.public_id}: KeyError$"):
        tasks.keep_time(start=None)
    assert all_verbs().count("legal.clock_breached") == 1
    assert LegalClock.objects.filter(request=good, breached_at__isnull=False).exists()
    assert not LegalClock.objects.filter(request=bad, breached_at__isnull=False).exists()
    monkeypatch.undo()
    tasks.keep_time(start=None)
    assert all_verbs().count("legal.clock_breached") == 2


def test_one_that_can_t_be_settled_stops_neither_others_nor_the_breaches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_case()
    second = make_case(links=["https://pictures.example/p/2"])
    bad = accepted(partner=make_police(), categories=["locators"])
    named = [{"kind": "url", "value": "https://pictures.example/p/2"}]
    good = accepted(partner=make_police(), categories=["locators"], targets=named)
    late = enter(Type.ESAFETY)
    pass_time(late, days=2)
    let_go(bad)
    let_go(good, case=second)
    real = producing.settle

    def settle(request: LegalRequest) -> bool:
        if request.pk == bad.pk:
            raise KeyError("a text that may hold a name")
        return real(request)

    monkeypatch.setattr(producing, "settle", settle)
    with pytest.raises(NotAllDone, match=f"^{bad.public_id}: KeyError$"):
        tasks.keep_time(start=None)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (State.ACCEPTED, State.PRODUCED)
    assert LegalClock.objects.filter(request=late, breached_at__isnull=False).exists()
    assert all_verbs()[-2:] == ["legal.produced", "legal.clock_breached"]
