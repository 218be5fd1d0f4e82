"""What the reporter reads is what has happened, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from casework.accounts.models import User
from casework.cases import actions as cases
from casework.cases.models import Effect
from casework.reports.actions import Filed, withdraw_report
from casework.reports.models import Report
from casework.reports.wording import standing_of

pytestmark = pytest.mark.django_db
FileOne = Callable[..., Filed]


def decide(filed: Filed, actor: User, outcome: str, policy: str = "ncii_ai", **more: Any) -> Any:
    case = filed.report.case
    token = cases.claim_case(case, actor=actor)
    return cases.decide_case(
        case, actor=actor, token=token, outcome=outcome, policy=policy, bases=["report"], grounds="facts",
        statement="Because it is so.", **more,
    )  # fmt: skip


def said(filed: Filed) -> Any:
    return standing_of(Report.objects.select_related("case").get(pk=filed.report.pk))


def test_a_new_report_is_received_then_in_review_while_mona_has_it(file_one: FileOne, mona: User) -> None:
    filed = file_one()
    assert said(filed).code == "received"
    token = cases.claim_case(filed.report.case, actor=mona)
    assert said(filed).code == "in_review"
    cases.release_case(filed.report.case, actor=mona, token=token)
    assert said(filed).code == "received"


def test_a_removal_is_not_called_removed_before_every_place_is_confirmed(
    file_one: FileOne, mona: User
) -> None:
    filed = file_one(links=("https://a.example/1", "https://a.example/2"))
    decide(filed, mona, "remove")
    assert said(filed).code == "decided"
    assert "0 of 2" in said(filed).text
    assert said(filed).reasons == "Because it is so."
    first, second = Effect.objects.filter(decision__case=filed.report.case, kind="take_down")
    cases.settle_effect(first, actor=mona, confirmed=True)
    assert (said(filed).code, "1 of 2" in said(filed).text) == ("decided", True)
    cases.settle_effect(second, actor=mona, confirmed=False)
    assert "did not work" in said(filed).text
    cases.settle_effect(second, actor=mona, confirmed=True)
    assert said(filed).code == "removed"


@pytest.mark.parametrize(
    ("outcome", "policy", "code"),
    [
        ("keep", "not_intimate", "kept"),
        ("need_more", "not_found", "need_more"),
        ("escalate", "ncii_threat", "in_review"),
        ("restrict", "ncii_ai", "decided"),
        ("suspected_minor", "minor", "received"),
    ],
)
def test_each_outcome_has_its_words(
    file_one: FileOne, mona: User, outcome: str, policy: str, code: str
) -> None:
    filed = file_one()
    decide(filed, mona, outcome, policy)
    assert said(filed).code == code
    assert "minor" not in (said(filed).title + said(filed).text).lower()


def test_a_decision_that_waits_for_a_second_person_is_not_told_as_decided(
    file_one: FileOne, sena: User
) -> None:
    filed = file_one(age_at_the_time="minor")
    decide(filed, sena, "keep", "not_intimate")
    assert said(filed).code == "second_person"
    assert said(filed).reasons == ""


def test_a_held_case_is_in_review(file_one: FileOne, mona: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    filed = file_one()
    token = cases.claim_case(filed.report.case, actor=mona)
    cases.hold_case(
        filed.report.case, actor=mona, token=token, until=timezone.now() + timedelta(days=1), reason="asked"
    )
    assert said(filed).code == "in_review"


def test_withdrawal_is_told_even_when_something_had_been_decided(file_one: FileOne, mona: User) -> None:
    filed = file_one()
    decide(filed, mona, "keep", "not_intimate")
    withdraw_report(filed.report)
    assert said(filed).code == "withdrawn"
    filed.report.case.refresh_from_db()
    assert filed.report.case.status == "closed"
