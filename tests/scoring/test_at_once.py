"""Two supervisors at the very same moment: exactly one of them settles a calibration."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from casework.scoring import actions
from casework.scoring.models import Calibration, Reassessment
from tests.cast import person
from tests.journal import all_verbs
from tests.scoring.making import accepted, proposal

pytestmark = pytest.mark.usefixtures("committed_db")


def all_at_once(*acts: Callable[[], Any]) -> list[str]:
    """Do *acts* in threads of their own, begun together; "done" or the name of the refusal, sorted."""
    together = Barrier(len(acts))

    def do(act: Callable[[], Any]) -> str:
        together.wait()
        try:
            act()
        except (actions.AlreadySettled, actions.AlreadyWalking) as refusal:
            return type(refusal).__name__
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(do, acts))


def test_one_of_two_supervisors_puts_it_in_force() -> None:
    made, lena = proposal(person("lena")), person("lena")
    sena = person("sena")
    ends = all_at_once(
        *(
            lambda who=who: actions.accept_calibration(made, actor=who, reason="x")
            for who in (lena, sena, lena, sena)
        )
    )
    assert ends == ["AlreadySettled"] * 3 + ["done"]
    assert Calibration.objects.in_force().count() == 1
    assert all_verbs().count("model.calibration_accepted") == 1


def test_accepted_and_refused_at_once_it_is_one_of_both() -> None:
    made, lena = proposal(person("lena")), person("lena")
    accepted(lena, model="another", version="1")
    ends = all_at_once(
        lambda: actions.accept_calibration(made, actor=lena, reason="x"),
        lambda: actions.refuse_calibration(made, actor=lena, reason="x"),
    )
    assert ends == ["AlreadySettled", "done"]
    made.refresh_from_db()
    assert made.state in ("accepted", "refused")
    said = all_verbs().count("model.calibration_refused") + all_verbs().count("model.calibration_accepted")
    assert said == 2, "one for this, and one for that of the other model"
    assert Calibration.objects.in_force().count() == 1 + (made.state == "accepted")


def test_open_cases_are_assessed_again_once_however_many_ask() -> None:
    lena = person("lena")
    ends = all_at_once(*[lambda: actions.ask_to_assess_again(actor=lena)] * 4)
    assert ends == ["AlreadyWalking"] * 3 + ["done"]
    assert Reassessment.objects.count() == 1
    assert all_verbs().count("model.reassessment_asked") == 1
