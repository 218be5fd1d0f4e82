"""What went without a second person is judged by one afterwards."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.cases.actions import restrict_case
from casework.escalations import actions
from casework.escalations.actions.reminding import keep_time
from casework.escalations.models import Escalation, State
from tests.cases.test_at_once import all_at_once
from tests.cast import person
from tests.escalations.making import URGENT, break_glass, make_draft, make_offered
from tests.journal import verbs_of

in_one_transaction = pytest.mark.usefixtures("db", "mona")


def broken(author: str = "sena") -> Escalation:
    draft = make_draft(author=person(author), **URGENT)
    break_glass(draft)
    return draft


def not_reviewed(escalation: Escalation, exception: type[Exception], actor: User) -> None:
    before = verbs_of(escalation.case)
    with pytest.raises(exception), transaction.atomic():
        actions.review_glass(escalation, actor=actor, right=True, words="x")
    escalation.refresh_from_db()
    assert escalation.reviewed_at is None
    assert verbs_of(escalation.case) == before


@in_one_transaction
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_lena_says_whether_it_was_right(right: bool, lena: User) -> None:
    escalation = broken()
    actions.review_glass(escalation, actor=lena, right=right, words="I called them.")
    assert (escalation.reviewed_by, escalation.review_right) == (lena, right)
    assert escalation.review_words == "I called them."
    assert verbs_of(escalation.case)[-1] == "escalation.glass_reviewed"


@in_one_transaction
def test_what_was_wrong_can_be_withdrawn(lena: User) -> None:
    escalation = broken()
    actions.review_glass(escalation, actor=lena, right=False, words="It could have waited.")
    actions.withdraw(escalation, actor=lena, reason="It should not have gone.")
    assert escalation.state == State.WITHDRAWN


@in_one_transaction
def test_nobody_reviews_themselves(lena: User) -> None:
    not_reviewed(broken("lena"), actions.SamePerson, lena)


@in_one_transaction
@pytest.mark.parametrize("name", ["mona", "sena", "lex", "audra", "ada", "nia"])
def test_not_reviewed_by(name: str) -> None:
    not_reviewed(broken("lena"), PermissionDenied, person(name))


@in_one_transaction
def test_of_a_restricted_case_only_the_cleared_review() -> None:
    livia = User.objects.create(email="livia@demo.test", name="Livia", role="supervisor", cleared=False)
    escalation = broken()
    restrict_case(escalation.case, actor=None, why="minor_suspected")
    not_reviewed(escalation, actions.NotThere, livia)


@in_one_transaction
def test_there_is_nothing_to_review_where_two_agreed(lena: User) -> None:
    not_reviewed(make_offered(), actions.IllegalMove, lena)


@in_one_transaction
def test_a_review_that_nobody_made_in_time_is_written_down_once(lena: User) -> None:
    escalation = broken()
    keep_time()
    assert "escalation.glass_overdue" not in verbs_of(escalation.case)
    Escalation.objects.filter(pk=escalation.pk).update(review_due_at=escalation.drafted_at)
    keep_time()
    keep_time()
    assert verbs_of(escalation.case).count("escalation.glass_overdue") == 1
    actions.review_glass(escalation, actor=lena, right=True, words="Late, and right.")


@in_one_transaction
def test_a_review_in_time_is_never_overdue(lena: User) -> None:
    escalation = broken()
    actions.review_glass(escalation, actor=lena, right=True, words="Right.")
    Escalation.objects.filter(pk=escalation.pk).update(review_due_at=escalation.drafted_at)
    keep_time()
    assert "escalation.glass_overdue" not in verbs_of(escalation.case)


@in_one_transaction
def test_the_database_refuses_a_review_by_the_author(sena: User) -> None:
    escalation = broken()
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.filter(pk=escalation.pk).update(reviewed_by=sena, reviewed_at=Now())


@pytest.mark.usefixtures("committed_db")
def test_of_two_who_review_at_once_one_does() -> None:
    escalation = broken()
    User.objects.create(email="livia@demo.test", name="Livia", role="supervisor", cleared=True)
    people = User.objects.filter(role="supervisor").order_by("pk")
    person("lena")
    ends = all_at_once(
        *(
            lambda who=who: actions.review_glass(
                Escalation.objects.get(pk=escalation.pk), actor=who, right=True, words="x"
            )
            for who in people
        )
    )
    assert sorted(ends) == ["IllegalMove", "done"]
    assert verbs_of(escalation.case).count("escalation.glass_reviewed") == 1
