"""The facts of a package: only what was chosen, as of the approval, with nobody of the desk named."""

from __future__ import annotations

import dataclasses
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from casework.cases.actions import settle_effect
from casework.cases.actions.holds import place_hold
from casework.cases.models import Case, Locator
from casework.escalations import choosing, gathering
from casework.escalations.models import Escalation, Tip
from casework.escalations.package.facts import Facts
from casework.evidence.models import Assessment
from casework.runtime.installation import CHECKOUT
from casework.scoring.models import ConfirmedOutcome
from tests.cases.test_decide import decide
from tests.cast import make_case, person
from tests.evidence.making import explicit, make_examined, open_reveal
from tests.partners.directory import make_partner

from .package.rows import approved, drafted, garden, made, police, reported

pytestmark = pytest.mark.django_db


def facts(escalation: Escalation, **changes: Any) -> Facts:
    """What would leave after these *changes* of its row."""
    if changes:
        Escalation.objects.filter(pk=escalation.pk).update(**changes)
    return gathering.outline(Escalation.objects.get(pk=escalation.pk)).facts


def further(found: Facts) -> dict[str, tuple[str, ...]]:
    return {said.code: said.values for said in found.further}


def test_of_a_draft_without_fields_only_who_and_why_is_left() -> None:
    case = garden()
    decide(case)
    found = facts(drafted(case, police()), fields=[])
    empty = ("locators", "custody", "decisions", "statements", "scores", "further", "pictures")
    assert [getattr(found, name) for name in empty] == [()] * len(empty)
    assert (found.summary, found.offence, found.case_opened_at, found.log) == ("", "", None, None)
    assert case.number not in str(found)
    [item] = found.items
    assert (item.digests, item.size, item.width, item.mime_type, item.received_at, item.made) == (
        (), None, None, "", None, ""
    )  # fmt: skip


@pytest.mark.parametrize("code", [code for code in choosing.FIELDS if code not in ("log_proofs", "imagery")])
def test_each_field_adds_itself_and_no_other(code: str) -> None:
    """Taking a field away changes what is shown of it, and of no other one except where it stands in their rows."""
    case = rich()
    escalation = drafted(
        case, police(accepts=["minor", "adult"]), consent="given", consent_how="on the phone"
    )
    every = [name for name in choosing.FIELDS if name != "imagery"]
    whole = shown_with(escalation, every)
    without = shown_with(escalation, [name for name in every if name != code])
    assert whole[code]
    assert without[code] == []
    touches = {
        "case_number": {"hashes", "item_details", "times"},
        "hashes": {"log_proofs"},
        "item_details": {"log_proofs"},
        "decisions": {"log_proofs"},
        "custody": {"log_proofs"},
        "scores": {"log_proofs"},
        "actions_taken": {"log_proofs"},
        "times": {"log_proofs"},
        "locators": {"times"},
    }
    others = {name for name in every if name != code and whole[name] != without[name]}
    assert others <= touches.get(code, set())


def shown_with(escalation: Escalation, fields: list[str]) -> dict[str, list[str]]:
    Escalation.objects.filter(pk=escalation.pk).update(fields=fields)
    found = choosing.preview(Escalation.objects.get(pk=escalation.pk), viewer=person("mona"))
    return {each.code: each.shown for each in found.fields}


def rich() -> Case:
    """A reported case with a picture, an account, a decision, a look and a hold."""
    case = reported(accounts=("@garden_thief",), contact={"channel": "email", "address": "kim@example.org"})
    make_examined(case, 1, signals=[explicit(0.25)], pdq="f0" * 32)
    decide(case)
    place_hold(case, actor=person("lex"), why="litigation", until=None)
    return case


def test_custody_says_who_did_what_with_which_item_in_order() -> None:
    case = garden()
    item = case.items.get()
    open_reveal(item, person("mona"))
    found = facts(drafted(case, police()))
    assert [event.action for event in found.custody] == [
        "ingested", "derived", "derived", "examined", "viewed clear"
    ]  # fmt: skip
    assert [event.seq for event in found.custody] == [1, 2, 3, 4, 5]
    assert {event.item for event in found.custody} == {item.public_id}
    looked = found.custody[-1]
    assert (looked.actor.role, looked.reason) == ("moderator", "to decide")
    assert found.custody[0].actor.role == "system"
    assert found.custody[0].hash_after == item.sha256


def test_of_an_item_that_was_not_picked_nothing_is_told() -> None:
    case = garden(2)
    escalation = drafted(case, police())
    other = case.items.last()
    assert other is not None
    escalation.chosen_items.filter(item=other).delete()
    found = facts(escalation)
    assert other.sha256 not in str(found)
    assert str(other.public_id) not in str(found)


def test_the_same_person_is_somebody_else_in_each_package() -> None:
    case = garden()
    open_reveal(case.items.get(), person("mona"))
    packages = [made(approved(case, police(name))) for name in ("Police of Here", "Police of There")]
    told = [gathering.facts(package.escalation, package).custody[-1].actor for package in packages]
    assert told[0].role == told[1].role == "moderator"
    assert len({told[0].id, told[1].id, person("mona").public_id}) == 3


def test_a_place_says_what_became_of_it_as_of_the_approval() -> None:
    case = garden()
    decision = decide(case)
    effect = decision.effects.get(kind="take_down")
    package = approved(case, police())
    settle_effect(effect, actor=person("mona"), confirmed=True)
    [place] = gathering.facts(package.escalation, package).locators
    assert place.state == "take down: asked for, not confirmed"
    [later] = facts(drafted(case, police("Police of Elsewhere"))).locators
    assert later.state == "take down: confirmed"
    assert later.host == "pictures.example"


def test_an_account_is_no_address() -> None:
    case = reported(accounts=("@garden_thief",))
    escalation = drafted(case, police())
    assert [place.kind for place in facts(escalation).locators] == ["url"]
    assert further(facts(escalation))["uploader_accounts"] == ("@garden_thief",)
    assert Locator.objects.filter(case=case).count() == 2


@pytest.mark.parametrize(
    ("word", "truth", "expected"),
    [
        ("likely", None, "synthetic"),
        ("unlikely", None, "unknown"),
        (None, None, "unknown"),
        ("likely", "no", "authentic"),
        ("unlikely", "yes", "synthetic"),
        ("certain", "unclear", "synthetic"),
    ],
)
def test_a_machine_never_says_authentic(word: str | None, truth: str | None, expected: str) -> None:
    case = garden()
    item = case.items.get()
    Assessment.objects.filter(item=item).delete()
    if word is not None:
        Assessment.objects.create(item=item, version="1", answers={"ai_made": {"word": word}})
    if truth is not None:
        ConfirmedOutcome.objects.create(
            item=item.public_id, question="ai_made", truth=truth, confirmed_by=person("lena")
        )
    assert facts(drafted(case, police())).items[0].made == expected


def test_a_score_that_was_not_taken_says_so() -> None:
    case = garden()
    case.items.get().signals.update(status="not_checked", score=None, reason="no model")
    [score] = facts(drafted(case, police())).scores
    assert score.value == ""
    assert "no model" in score.limits


def test_a_decision_that_waits_for_a_second_person_is_not_told() -> None:
    case = garden()
    decision = decide(case, outcome="keep")
    escalation = drafted(case, police())
    told = {each.id for each in facts(escalation).decisions}
    assert (decision.public_id in told) == (not decision.needs_second)
    type(decision).objects.update(needs_second=True)
    assert facts(escalation).decisions == ()


def test_the_words_of_a_withdrawn_report_stay_here() -> None:
    case = reported()
    escalation = drafted(case, police(), more=("reporter_statement",))
    assert [said.text for said in facts(escalation).statements] == ["I never agreed to it."]
    case.reports.update(withdrawn_at=timezone.now())
    assert facts(escalation).statements == ()


def test_another_report_and_a_hold_are_told_with_their_numbers() -> None:
    case = garden()
    until = timezone.now() + timedelta(days=365)
    place_hold(case, actor=None, why="cybertip", until=until)
    tip = drafted(case, make_partner("NCMEC", kind="hotline", mail="desk@ncmec.example"))
    trial = drafted(case, make_partner("A test server", kind="hotline", mail="test@ncmec.example"))
    for escalation, number, environment in ((tip, 4321, "production"), (trial, 99, "test")):
        Tip.objects.create(
            escalation=escalation, report_id=number, finished_at=timezone.now(), environment=environment
        )
    told = further(facts(drafted(case, police())))
    assert told["other_reports"] == ("NCMEC CyberTipline report 4321",)
    assert told["preservation"] == (f"kept until {until:%Y-%m-%d %H:%M:%S UTC}",)


def test_another_authority_s_wish_to_preserve_is_told_to_nobody_else() -> None:
    case = make_case()
    place_hold(case, actor=None, why="preservation", until=timezone.now() + timedelta(days=90))
    told = further(facts(drafted(case, police())))
    assert told["preservation"] == ("no hold that you are told of here",)


def test_what_was_chosen_and_is_not_known_says_so() -> None:
    told = further(facts(drafted(make_case(), police())))
    assert told["age_band"] == ("not known",)
    assert told["preservation"] == ("no hold that you are told of here",)


def test_words_are_in_a_language_of_the_partner() -> None:
    assert gathering.language_of(make_partner("One", languages=["de", "en"])) == "en"
    assert gathering.language_of(make_partner("Two", languages=["tlh"])) == "en"


def test_without_log_proofs_no_entry_leaves() -> None:
    case = garden()
    least = [code for code in choosing.FIELDS if code not in ("log_proofs", "imagery")]
    package = approved(
        case, police(), fields=least, reasons=dict.fromkeys(least, "asked"), consent="given", consent_how="x"
    )
    assert gathering.facts(package.escalation, package).log is None
    assert gathering.outline(package.escalation).entries == ()


def test_what_is_read_for_many_items_is_little(django_assert_max_num_queries: Any) -> None:
    one, many = drafted(garden(1), police()), drafted(garden(8), police("Police of Elsewhere"))
    with CaptureQueriesContext(connection) as few:
        gathering.outline(one)
    with django_assert_max_num_queries(len(few) + 2 * 7):
        gathering.outline(many)


def test_the_software_says_its_own_version() -> None:
    told = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    assert facts(drafted(garden(), police())).software_version == told["project"]["version"]


def test_the_facts_are_plain_and_frozen() -> None:
    found = facts(drafted(garden(), police()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.summary = "changed"  # type: ignore[misc]
