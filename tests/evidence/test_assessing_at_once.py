"""Workers assess again while somebody restricts: nobody waits for another in a circle, and the last word is true."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from casework.cases import actions as cases
from casework.cases.models import Case
from casework.evidence import actions
from casework.evidence.models import Assessment, Item, SignalRecord
from tests.cast import make_case, person
from tests.evidence.making import explicit, make_examined

pytestmark = pytest.mark.usefixtures("committed_db")

ROUNDS = 12


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


def test_restricting_a_case_while_its_neighbours_are_assessed_again_never_locks_up() -> None:
    first, second = (make_examined(make_case(), 5, signals=[explicit(0.5)]) for _ in range(2))
    sena, together = person("sena"), Barrier(3)

    def restrict_and_free() -> None:
        together.wait()
        for _ in range(ROUNDS):
            cases.restrict_case(Case.objects.get(pk=first.case_id), actor=sena, why="minor_suspected")
            cases.unrestrict_case(Case.objects.get(pk=first.case_id), actor=sena)
        cases.restrict_case(Case.objects.get(pk=first.case_id), actor=sena, why="minor_suspected")

    def assess(items: list[int]) -> None:
        together.wait()
        for turn in range(ROUNDS * 4):
            for pk in items:
                # Another score each time, so that each assessment is written and changes its case.
                SignalRecord.objects.filter(item=pk, name="explicit").update(score=(turn % 7) / 10)
                actions.assess_again(Item.objects.select_related("case").get(pk=pk))

    def run(work: Any) -> str:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a deadlock is what is looked for
            return repr(error)
        finally:
            connections.close_all()
        return "done"

    works = [
        restrict_and_free, lambda: assess([first.pk, second.pk]), lambda: assess([second.pk, first.pk]),
    ]  # fmt: skip
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(run, works)) == ["done"] * 3
    assert word(second) == "not_checked", "it may not know of the restricted one, whoever wrote last"
    cases.unrestrict_case(Case.objects.get(pk=first.case_id), actor=sena)
    assert word(second) == "certain"


def word(item: Item) -> str:
    """What is stored of *item*: whether it is known."""
    answer: str = Assessment.objects.get(item=item).answers["known"]["word"]
    return answer
