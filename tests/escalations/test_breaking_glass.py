"""Without a second person: only for danger to life, by its author, with a preview and word to all supervisors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.models import Entry
from casework.escalations import actions
from casework.escalations.models import Basis, Escalation, State, Urgency
from casework.outbox.models import Message
from tests.cases.test_at_once import all_at_once
from tests.cast import make_case, person
from tests.escalations.making import (
    GLASS_WORDS,
    URGENT,
    break_glass,
    make_draft,
    make_offered,
    make_partner,
    seen,
)
from tests.journal import verbs_of
from tests.worlds import make_item

in_one_transaction = pytest.mark.usefixtures("db", "mona")


def refused(
    draft: Escalation, exception: type[Exception], act: Callable[[], Any], match: str | None = None
) -> None:
    """*act* raises, and leaves neither a change nor an entry."""
    before = verbs_of(draft.case)
    with pytest.raises(exception, match=match), transaction.atomic():
        act()
    draft.refresh_from_db()
    assert (draft.state, draft.break_glass, draft.previewed_digest) == (State.DRAFT, "", "")
    assert verbs_of(draft.case) == before


@in_one_transaction
@pytest.mark.parametrize("name", ["sena", "lena", "lex"])
def test_it_goes_at_once_for(name: str) -> None:
    draft = make_draft(author=person(name), **URGENT)
    break_glass(draft)
    assert (draft.state, draft.break_glass, draft.break_glass_words) == (
        State.APPROVED,
        "suicide",
        GLASS_WORDS,
    )
    assert draft.approved_by is None
    assert draft.review_due_at is not None
    assert draft.broken_at is not None
    assert (draft.review_due_at - draft.broken_at).total_seconds() == 24 * 3600
    assert [verb for verb in verbs_of(draft.case) if not verb.startswith("outbox")][-3:] == [
        "escalation.previewed", "escalation.glass_broken", "package.asked",
    ]  # fmt: skip


@in_one_transaction
def test_the_words_stand_on_the_erasable_side_of_the_entry(sena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    break_glass(draft)
    entry = Entry.objects.get(verb="escalation.glass_broken")
    assert entry.detail.personal == {"words": GLASS_WORDS}
    assert GLASS_WORDS not in bytes(entry.body).decode()


@in_one_transaction
def test_all_supervisors_get_word_that_says_nothing_and_nobody_else_does(
    sena: User, lena: User, lex: User
) -> None:
    second = User.objects.create(email="livia@demo.test", name="Livia", role="supervisor", cleared=True)
    User.objects.create(email="gone@demo.test", name="Gone", role="supervisor", cleared=True, is_active=False)
    draft = make_draft(author=sena, **URGENT)
    break_glass(draft)
    sent = Message.objects.filter(kind="escalation.glass")
    assert sorted(message.mail_to for message in sent) == [lena.email, second.email]
    for message in sent:
        assert GLASS_WORDS not in message.body
        assert draft.case.number not in message.body
        assert draft.number not in message.body


@in_one_transaction
def test_a_withdrawal_does_not_take_the_word_to_supervisors_back(sena: User, lena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    break_glass(draft)
    actions.withdraw(draft, actor=sena, reason="It was a mistake.")
    assert Message.objects.get(kind="escalation.glass").state == Message.State.WAITING


@in_one_transaction
def test_a_supervisor_without_a_mailbox_holds_up_no_life(sena: User, lena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    User.objects.filter(pk=lena.pk).update(email="no address")
    break_glass(draft)
    assert draft.state == State.APPROVED
    assert not Message.objects.filter(kind="escalation.glass").exists()


@in_one_transaction
def test_of_a_restricted_case_only_cleared_supervisors_hear(sena: User, lena: User) -> None:
    User.objects.create(email="livia@demo.test", name="Livia", role="supervisor", cleared=False)
    partner = make_partner("Police", kind="law_enforcement", accepts=["minor"])
    User.objects.filter(contact__partner=partner).update(cleared=True)  # else it would reach nobody there
    draft = make_draft(make_case(minor_indicated=True), author=sena, partner=partner, **URGENT)
    break_glass(draft)
    assert [message.mail_to for message in Message.objects.filter(kind="escalation.glass")] == [lena.email]


@in_one_transaction
def test_mona_has_no_glass_to_break(mona: User) -> None:
    draft = make_draft(**URGENT)
    refused(draft, PermissionDenied, lambda: break_glass(draft))


@in_one_transaction
def test_it_is_its_authors_word_and_nobody_elses(sena: User, mona: User) -> None:
    draft = make_draft(**URGENT)
    refused(draft, actions.OnlyAuthor, lambda: break_glass(draft, author=sena))


@in_one_transaction
@pytest.mark.parametrize("urgency", [Urgency.ONGOING, Urgency.ROUTINE])
def test_only_danger_to_life_goes_so(urgency: str, sena: User) -> None:
    draft = make_draft(author=sena, **(URGENT | {"basis": Basis.VICTIM_REQUEST, "urgency": urgency}))
    refused(draft, actions.GlassRefused, lambda: break_glass(draft), "danger to life")


@in_one_transaction
def test_it_needs_a_kind_and_words(sena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    refused(draft, actions.GlassRefused, lambda: break_glass(draft, why="haste"), "danger to life")
    refused(
        draft, actions.GlassRefused, lambda: break_glass(draft, words="x" * 19 + " " * 9), "20 characters"
    )
    break_glass(draft, words="x" * 20)
    assert draft.state == State.APPROVED


@in_one_transaction
def test_it_needs_a_preview_of_what_it_is_now(sena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    digest = seen(draft, sena)
    Escalation.objects.filter(pk=draft.pk).update(facts="Something else.")
    refused(draft, actions.LookAgain, lambda: break_glass(draft, digest=digest))


@in_one_transaction
def test_the_rules_hold_for_a_life_too(sena: User) -> None:
    draft = make_draft(author=sena, **(URGENT | {"tlp": "TLP:RED"}))
    refused(draft, actions.NotReady, lambda: break_glass(draft), "TLP:RED")


@in_one_transaction
def test_no_picture_goes_without_another_persons_word(sena: User) -> None:
    case = make_case()
    partner = make_partner("Police", kind="law_enforcement", imagery_allowed=True)
    draft = make_draft(
        case,
        author=sena,
        partner=partner,
        items={make_item(case): True},
        imagery_why="To find them.",
        **URGENT,
    )
    Escalation.objects.filter(pk=draft.pk).update(fields=[*draft.fields, "imagery"])
    draft.refresh_from_db()
    refused(draft, actions.NotReady, lambda: break_glass(draft), "third person")


# --- one at a time -------------------------------------------------------------------------------------------------


@in_one_transaction
def test_an_unreviewed_one_blocks_its_authors_next_and_says_until_when(sena: User, lena: User) -> None:
    first = make_draft(author=sena, **URGENT)
    break_glass(first)
    second = make_draft(author=sena, **URGENT)
    refused(second, actions.GlassRefused, lambda: break_glass(second), r"not been reviewed \(due .*\d")
    actions.review_glass(first, actor=lena, right=True, words="It could not wait.")
    break_glass(second)
    assert second.state == State.APPROVED


@in_one_transaction
def test_withdrawing_it_does_not_spare_the_review(sena: User) -> None:
    first = make_draft(author=sena, **URGENT)
    break_glass(first)
    actions.withdraw(first, actor=sena, reason="It was a mistake.")
    second = make_draft(author=sena, **URGENT)
    refused(second, actions.GlassRefused, lambda: break_glass(second), "not been reviewed")


@in_one_transaction
def test_an_overdue_one_blocks_too_and_the_ordinary_way_stays_open(sena: User, lena: User) -> None:
    first = make_draft(author=sena, **URGENT)
    break_glass(first)
    Escalation.objects.filter(pk=first.pk).update(review_due_at=first.drafted_at)
    second = make_draft(author=sena, **URGENT)
    refused(second, actions.GlassRefused, lambda: break_glass(second))
    actions.note_preview(second, actor=sena, digest=seen(second, sena))
    actions.offer(second, actor=sena)
    actions.approve(second, actor=lena, digest=seen(second, lena))
    assert second.approved_by == lena


@in_one_transaction
def test_it_blocks_nobody_else(sena: User, lena: User) -> None:
    break_glass(make_draft(author=sena, **URGENT))
    other = make_draft(author=lena, **URGENT)
    break_glass(other)
    assert other.state == State.APPROVED


@pytest.mark.usefixtures("committed_db")
def test_of_two_from_two_tabs_at_once_one_goes() -> None:
    sena = person("sena")
    drafts = [make_draft(author=sena, **URGENT) for _each in range(2)]
    ends = all_at_once(*(lambda one=one: break_glass(Escalation.objects.get(pk=one.pk)) for one in drafts))
    assert sorted(ends) == ["GlassRefused", "done"]
    assert Escalation.objects.filter(break_glass="suicide").count() == 1


# --- the database's own word ---------------------------------------------------------------------------------------


@in_one_transaction
def test_the_database_refuses_a_broken_glass_without_a_review_date() -> None:
    draft = make_offered()
    for changes in ({"break_glass": "suicide"}, {"break_glass": "suicide", "broken_at": Now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Escalation.objects.filter(pk=draft.pk).update(**changes)
