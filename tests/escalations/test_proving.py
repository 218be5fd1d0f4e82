"""Which entries of the log are opened to a partner: only where a field that was chosen says the same."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from casework.audit.verbs import Verb
from casework.cases.models import Case
from casework.escalations import choosing, gathering
from casework.escalations.models import Escalation
from tests.cases.test_decide import decide
from tests.cast import person
from tests.escalations.package.rows import drafted, garden, police
from tests.evidence.making import explicit, make_examined
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


def opened(escalation: Escalation, without: str = "", **more: Any) -> set[str]:
    """The verbs of the entries that would be opened, had *without* not been chosen."""
    fields = [code for code in escalation.fields if code != without]
    Escalation.objects.filter(pk=escalation.pk).update(fields=fields, **more)
    found = gathering.outline(Escalation.objects.get(pk=escalation.pk))
    return {each.verb for each in found.entries}


@pytest.fixture
def case() -> Case:
    found = garden()
    decide(found)
    return found


def test_the_police_get_entries_about_items_decisions_and_removals(case: Case) -> None:
    assert opened(drafted(case, police())) == {
        "case.opened", "evidence.received", "evidence.derived", "evidence.examined", "decision.made", "effect.opened"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "closed"),
    [
        ("times", "case.opened"),
        ("custody", "evidence.received"),
        ("scores", "evidence.examined"),
        ("decisions", "decision.made"),
        ("actions_taken", "effect.opened"),
    ],
)
def test_without_its_field_an_entry_stays_a_hash(case: Case, field: str, closed: str) -> None:
    assert closed not in opened(drafted(case, police()), without=field)


def test_effects_that_speak_of_partners_and_reporters_stay_hashes(case: Case) -> None:
    escalation = drafted(case, police())
    kinds = {
        each.data["kind"] for each in gathering.outline(escalation).entries if each.verb == "effect.opened"
    }
    assert kinds == {"take_down"}
    assert verbs_of(case).count("effect.opened") > 1


def test_an_examination_that_names_other_cases_stays_a_hash() -> None:
    case = garden()
    make_examined(case, 2, signals=[dataclasses.replace(explicit(0.25), name="known")])
    escalation = drafted(case, police())
    shown = [each for each in gathering.outline(escalation).entries if each.verb == Verb.EVIDENCE_EXAMINED]
    assert len(shown) == 1
    assert "known" not in shown[0].data["signals"]


def test_that_a_case_is_restricted_is_told_to_those_who_may_know(case: Case) -> None:
    escalation = drafted(case, police())
    told = [each for each in gathering.outline(escalation).entries if each.verb == "case.opened"]
    assert told[0].data == {"restricted": False}


def test_the_preview_shows_every_opened_entry_to_the_letter(case: Case) -> None:
    escalation = drafted(case, police())
    fields = choosing.preview(escalation, viewer=person("lena")).fields
    shown = next(each.shown for each in fields if each.code == "log_proofs")
    found = gathering.outline(escalation).entries
    assert len(shown) == len(found) + 2
    for each, words in zip(found, shown[1:], strict=False):
        assert each.verb in words
        for value in each.data.values():
            if isinstance(value, str):
                assert value in words
    assert "go as hashes" in shown[-1]
