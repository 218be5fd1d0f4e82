"""Which entries of the log are opened to a partner: only where a field that was chosen says the same."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from casework.audit import happenings
from casework.audit.verbs import Verb
from casework.cases.actions import restrict_case, review_decision
from casework.cases.models import Basis, Case, Outcome
from casework.escalations import choosing, gathering
from casework.escalations.models import Escalation
from casework.evidence.actions import record_unopened
from detection.findings import Failure
from tests.cases.test_decide import decide
from tests.cast import make_case, person
from tests.escalations.package.rows import drafted, garden, police
from tests.evidence.making import explicit, make_examined, make_item, picture
from tests.evidence.test_examining_again import again
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


def opened(escalation: Escalation, without: str = "", **more: Any) -> set[str]:
    """The verbs of the entries that would be opened, had *without* not been chosen."""
    fields = [code for code in escalation.fields if code != without]
    Escalation.objects.filter(pk=escalation.pk).update(fields=fields, **more)
    found = gathering.outline(Escalation.objects.get(pk=escalation.pk))
    return {each.verb for each in found.entries}


def garden_of_a_minor() -> Case:
    """A case that was restricted from its first moment, with one picture of a garden."""
    case = make_case(minor_indicated=True)
    assert case.restricted
    make_examined(case, 1, signals=[explicit(0.25)])
    return case


@pytest.fixture
def case() -> Case:
    found = garden()
    decide(found)
    return found


TAKES_MINORS = ("adult", "ai", "minor")


def test_the_police_get_entries_about_items_decisions_and_removals(case: Case) -> None:
    assert opened(drafted(case, police(accepts=list(TAKES_MINORS)))) == {
        "case.opened", "evidence.received", "evidence.derived", "evidence.examined", "decision.made", "effect.opened"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "closed"),
    [
        ("times", "case.opened"),
        ("item_details", "case.opened"),
        ("custody", "evidence.received"),
        ("hashes", "evidence.received"),
        ("item_details", "evidence.received"),
        ("item_details", "evidence.examined"),
        ("item_details", "evidence.derived"),
        ("scores", "evidence.examined"),
        ("decisions", "decision.made"),
        ("actions_taken", "effect.opened"),
    ],
)
def test_without_its_field_an_entry_stays_a_hash(case: Case, field: str, closed: str) -> None:
    escalation = drafted(case, police(accepts=list(TAKES_MINORS)))
    assert closed in opened(escalation)
    assert closed not in opened(escalation, without=field)


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


def test_an_examination_made_again_tells_nothing_of_what_was_known_of_other_cases() -> None:
    case, other = garden(), garden()
    copy = case.items.get()
    again(copy, data=picture(1), signals=[explicit(0.5)], pdq="f0" * 32)
    told = happenings.of_case(case.public_id, [Verb.EVIDENCE_EXAMINED_AGAIN])
    assert [each.data["was"]["known"] for each in told] == ["not_found"]
    assert "evidence.examined_again" not in opened(drafted(case, police()))
    again_known = other.items.get()
    assert again_known.signals.get(name="known").status == "found"


def test_why_a_file_could_not_be_opened_goes_with_the_details_of_items() -> None:
    case = garden()
    record_unopened(make_item(case, picture(2)), Failure("no_key", "This worker holds no vault key."))
    escalation = drafted(case, police())
    assert "evidence.not_opened" in opened(escalation)
    assert "evidence.not_opened" not in opened(escalation, without="item_details")


def test_a_decision_that_rests_on_a_match_with_another_case_stays_a_hash() -> None:
    case = garden()
    decide(case, bases=[Basis.REPORT, Basis.MATCH])
    escalation = drafted(case, police())
    assert "decisions" in escalation.fields
    assert not outcomes(escalation)


def test_a_decision_that_rests_on_a_score_goes_with_scores() -> None:
    case = garden()
    decide(case, bases=[Basis.REPORT, Basis.SCORE])
    escalation = drafted(case, police())
    assert "decision.made" in opened(escalation)
    assert "decision.made" not in opened(escalation, without="scores")


def test_that_a_case_was_restricted_is_told_to_those_who_may_know() -> None:
    escalation = drafted(garden_of_a_minor(), police(accepts=list(TAKES_MINORS)), drafter="sena")
    told = [each for each in gathering.outline(escalation).entries if each.verb == "case.opened"]
    assert [each.data for each in told] == [{"restricted": True}]


@pytest.mark.parametrize("lifted", [False, True])
def test_what_says_that_a_case_was_restricted_never_opens_for_partners_who_may_not_know(
    lifted: bool,
) -> None:
    case = garden_of_a_minor()
    decide(case, who="sena")
    if lifted:
        Case.objects.filter(pk=case.pk).update(restricted=False, minor_indicated=False)
    escalation = drafted(Case.objects.get(pk=case.pk), police(), drafter="sena")
    found = gathering.outline(escalation).entries
    assert "evidence.received" in {each.verb for each in found}
    assert "restricted" in str([each.data for each in happenings.of_case(case.public_id, list(Verb))])
    assert "restricted" not in str([(each.verb, dict(each.data)) for each in found])
    assert "minor" not in str([(each.verb, dict(each.data)) for each in found])


def test_the_opening_is_missing_for_every_case_so_that_its_lack_says_nothing(case: Case) -> None:
    never = drafted(case, police())
    once = drafted(garden_of_a_minor(), police("Police of Elsewhere"), drafter="sena")
    assert "case.opened" not in opened(never) | opened(once)


def test_a_decision_that_never_held_stays_a_hash() -> None:
    case = garden()
    decide(case)
    restrict_case(case, actor=person("sena"), why="minor_suspected")
    keep = decide(Case.objects.get(pk=case.pk), who="sena", outcome=Outcome.KEEP)
    escalation = drafted(Case.objects.get(pk=case.pk), police(), drafter="sena")
    assert outcomes(escalation) == ["remove"]
    review_decision(keep, actor=person("lena"), approved=True, reason="")
    assert sorted(outcomes(escalation)) == ["keep", "keep", "remove"]


def outcomes(escalation: Escalation) -> list[str]:
    """Of the opened entries about decisions and their approval."""
    found = gathering.outline(Escalation.objects.get(pk=escalation.pk)).entries
    return [each.data["outcome"] for each in found if each.verb.startswith("decision.")]


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
