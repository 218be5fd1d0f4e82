"""A second person lets exactly what was seen go; pictures need a third. What follows is asked for at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.cases.actions import restrict_case
from casework.escalations import actions
from casework.escalations.actions.packages import NotMade
from casework.escalations.models import Basis, Escalation, Package, State
from casework.jobs.models import Job
from casework.partners.actions import revoke_key, suspend_partner
from casework.partners.models import Channel, Partner
from tests.cases.test_at_once import all_at_once
from tests.cast import make_case, person
from tests.escalations.making import begin_packing, make_draft, make_offered, make_partner, offered, seen
from tests.journal import verbs_of
from tests.partners.directory import make_key
from tests.worlds import make_item

in_one_transaction = pytest.mark.usefixtures("db", "mona")


def refused(
    escalation: Escalation, exception: type[Exception], act: Callable[[], Any], match: str | None = None
) -> None:
    """*act* raises, and leaves neither a change nor an entry."""
    before = verbs_of(escalation.case)
    with pytest.raises(exception, match=match), transaction.atomic():
        act()
    escalation.refresh_from_db()
    assert (escalation.state, escalation.approved_by) == (State.DRAFT, None)
    assert not escalation.packages.exists()
    assert verbs_of(escalation.case) == before


def approve(escalation: Escalation, actor: User, digest: str = "") -> None:
    actions.approve(escalation, actor=actor, digest=digest or seen(escalation, actor))


def agree(escalation: Escalation, actor: User, reason: str = "x", digest: str = "") -> None:
    """The word for its pictures, by somebody who sees them as they are now."""
    actions.approve_imagery(escalation, actor=actor, reason=reason, digest=digest or seen(escalation, actor))


def with_picture(*, partner: Partner | None = None) -> Escalation:
    """Mona's draft on the basis of a statute with one picture, offered."""
    case = make_case()
    item = make_item(case)
    draft = make_draft(
        case, partner=partner or make_partner("Pictures", kind="law_enforcement", imagery_allowed=True),
        items={item: True}, basis=Basis.STATUTORY, authority="§ 1", imagery_why="They look for copies.",
    )  # fmt: skip
    Escalation.objects.filter(pk=draft.pk).update(fields=[*draft.fields, "imagery"])
    draft.refresh_from_db()
    return offered(draft)


@in_one_transaction
@pytest.mark.parametrize("name", ["sena", "lena", "lex"])
def test_approved_by(name: str) -> None:
    draft, second = make_offered(), person(name)
    digest = seen(draft, second)
    approve(draft, second)
    assert (draft.state, draft.approved_by, draft.approved_digest) == (State.APPROVED, second, digest)
    assert verbs_of(draft.case)[-2:] == ["escalation.approved", "package.asked"]


@in_one_transaction
def test_an_approval_asks_for_the_package_in_the_same_transaction(lena: User) -> None:
    draft = make_offered()
    approve(draft, lena)
    package = draft.packages.get()
    assert (package.state, package.version) == (Package.State.WAITING, draft.version)
    assert Job.objects.filter(kind="escalations.package").count() == 1


@in_one_transaction
def test_nobody_approves_their_own_draft(sena: User) -> None:
    draft = make_offered(author=sena)
    refused(draft, actions.SamePerson, lambda: approve(draft, sena), "Somebody else")


@in_one_transaction
@pytest.mark.parametrize("name", ["milo", "audra", "ada", "nia", "stan"])
def test_not_approved_by(name: str) -> None:
    draft, other = make_offered(), person(name)
    refused(
        draft, PermissionDenied, lambda: actions.approve(draft, actor=other, digest=draft.previewed_digest)
    )


@in_one_transaction
def test_a_restricted_case_is_not_approved_by_who_is_not_cleared(lex: User, sena: User) -> None:
    partner = make_partner("Police", kind="law_enforcement", accepts=["minor"])
    User.objects.filter(pk=person("nia").pk).update(cleared=True)
    draft = make_offered(make_case(minor_indicated=True), author=sena, partner=partner)
    refused(draft, actions.NotThere, lambda: actions.approve(draft, actor=lex, digest=draft.previewed_digest))
    approve(draft, person("lena"))
    assert draft.state == State.APPROVED


@in_one_transaction
def test_a_case_restricted_between_page_and_word_is_gone_for_lex(lex: User) -> None:
    draft = make_offered()
    digest = seen(draft, lex)
    restrict_case(draft.case, actor=None, why="minor_suspected")
    refused(draft, actions.NotThere, lambda: approve(draft, lex, digest))


@in_one_transaction
def test_a_case_restricted_after_the_word_of_somebody_not_cleared_goes_back(lex: User) -> None:
    partner = make_partner("Police", kind="law_enforcement", accepts=["minor"])
    User.objects.filter(pk=person("nia").pk).update(cleared=True)
    draft = make_offered(partner=partner)
    approve(draft, lex)
    restrict_case(draft.case, actor=None, why="minor_suspected")
    with pytest.raises(NotMade) as refusal:
        begin_packing(draft.packages.get())
    assert refusal.value.code == "not_as_approved"


@in_one_transaction
def test_a_word_given_before_the_consent_was_written_anew_does_not_count(mona: User, lena: User) -> None:
    draft = make_offered()
    digest = seen(draft, lena)
    actions.change_draft(
        draft, actor=mona, version=draft.version, items={}, consent_how="On the phone, by a friend.",
        locators=[each.locator for each in draft.chosen_locators.select_related("locator")],
    )  # fmt: skip
    offered(draft)
    refused(draft, actions.LookAgain, lambda: approve(draft, lena, digest))


@in_one_transaction
def test_a_draft_that_nobody_offered_is_not_approved(lena: User) -> None:
    draft = make_draft()
    refused(draft, actions.IllegalMove, lambda: approve(draft, lena), "not offered")


@in_one_transaction
def test_the_approver_agrees_to_what_they_saw_and_to_nothing_else(lena: User) -> None:
    draft = make_offered()
    refused(draft, actions.LookAgain, lambda: approve(draft, lena, "0" * 64))
    refused(draft, actions.LookAgain, lambda: actions.approve(draft, actor=lena, digest=""))


@in_one_transaction
def test_rows_that_changed_since_the_author_looked_are_looked_at_again(lena: User) -> None:
    draft = make_offered()
    Escalation.objects.filter(pk=draft.pk).update(facts="What nobody has read.")
    draft.refresh_from_db()
    refused(draft, actions.LookAgain, lambda: approve(draft, lena, draft.previewed_digest))
    refused(draft, actions.LookAgain, lambda: approve(draft, lena))  # not even with what is true now


@in_one_transaction
def test_nothing_is_approved_for_a_partner_that_was_suspended_since(lena: User) -> None:
    draft = make_offered()
    suspend_partner(draft.partner, actor=person("ada"), reason="Their mailbox was taken over.")
    refused(draft, actions.NotReady, lambda: approve(draft, lena), "suspended")


@in_one_transaction
def test_a_key_that_was_revoked_or_entered_since_holds_it_back(lena: User) -> None:
    draft = make_offered()
    make_key(draft.partner, verified=False)
    refused(draft, actions.Conflict, lambda: approve(draft, lena))
    for key in draft.partner.keys.all():
        revoke_key(key, actor=lena, reason="They lost it.")
    refused(draft, actions.Conflict, lambda: approve(draft, lena))


@in_one_transaction
def test_a_notice_to_a_host_leaves_at_once_and_needs_no_package(lena: User) -> None:
    host = make_partner("Host", kind="host", channel=Channel.XARF_MAIL, mail="abuse@host.example")
    draft = make_offered(partner=host)
    approve(draft, lena)
    assert draft.state == State.SENT
    assert not draft.packages.exists()
    assert verbs_of(draft.case)[-3:] == ["escalation.approved", "escalation.sent", "outbox.posted"]


# --- pictures ------------------------------------------------------------------------------------------------------


@in_one_transaction
def test_pictures_wait_for_a_third_person(lena: User, lex: User) -> None:
    draft = with_picture()
    refused(draft, actions.NotReady, lambda: approve(draft, lena), "third person")
    agree(draft, lex, "They need them to find copies.")
    assert draft.imagery_approved_by == lex
    assert verbs_of(draft.case)[-1] == "escalation.imagery_approved"
    approve(draft, lena)
    assert draft.state == State.APPROVED


@in_one_transaction
def test_the_third_person_is_neither_the_author_nor_the_second(lena: User, lex: User) -> None:
    draft = with_picture()
    agree(draft, lena, "x")
    refused(draft, actions.SamePerson, lambda: approve(draft, lena), "third person")
    own = with_picture(partner=draft.partner)
    Escalation.objects.filter(pk=own.pk).update(drafted_by=lex, previewed_by=lex)
    refused(own, actions.SamePerson, lambda: agree(own, lex, "x"))


@in_one_transaction
def test_sena_approves_and_lets_no_picture_go(sena: User) -> None:
    draft = with_picture()
    refused(draft, PermissionDenied, lambda: agree(draft, sena, "x"))


@in_one_transaction
def test_there_is_nothing_to_agree_to_without_a_picture_or_twice(lex: User, lena: User) -> None:
    plain, draft = make_offered(), with_picture()
    refused(plain, actions.IllegalMove, lambda: agree(plain, lex, "x"))
    agree(draft, lex, "x")
    refused(draft, actions.IllegalMove, lambda: agree(draft, lena, "x"))


@in_one_transaction
def test_a_change_takes_the_word_for_the_pictures_back(mona: User, lex: User, lena: User) -> None:
    draft = with_picture()
    agree(draft, lex, "x")
    items = {chosen.item: chosen.with_picture for chosen in draft.chosen_items.all()}
    actions.change_draft(
        draft, actor=mona, version=draft.version, items=items, locators=[], fields=draft.fields, facts="More."
    )
    assert draft.imagery_approved_by is None
    offered(draft)
    refused(draft, actions.NotReady, lambda: approve(draft, lena), "third person")


@in_one_transaction
def test_the_third_person_agrees_to_the_pictures_they_saw_and_to_no_others(mona: User, lex: User) -> None:
    draft = with_picture()
    digest = seen(draft, lex)
    items = {chosen.item: True for chosen in draft.chosen_items.all()} | {
        make_item(draft.case, position=1): True
    }
    actions.change_draft(
        draft, actor=mona, version=draft.version, items=items, locators=[], fields=draft.fields
    )
    offered(draft)
    refused(draft, actions.LookAgain, lambda: agree(draft, lex, digest=digest))
    assert draft.imagery_approved_by is None


# --- the database's own word ---------------------------------------------------------------------------------------


def directly(escalation: Escalation, **changes: Any) -> None:
    """Update the row past every action; the database refuses."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.filter(pk=escalation.pk).update(**changes)


@in_one_transaction
def test_the_database_refuses_an_approver_who_is_the_author(mona: User) -> None:
    directly(make_offered(), approved_by=mona, approved_at=Now())


@in_one_transaction
@pytest.mark.parametrize("state", ["sent", "delivered", "acknowledged", "answered", "closed", "expired"])
def test_the_database_refuses_without_two_people(state: str) -> None:
    directly(make_offered(), state=state)


@in_one_transaction
def test_the_database_refuses_what_nobody_has_looked_at(lena: User) -> None:
    directly(make_draft(), state="approved", approved_by=lena, approved_at=Now())


@in_one_transaction
def test_the_database_refuses_pictures_let_go_by_the_author_or_the_second(mona: User, lena: User) -> None:
    draft = make_offered()
    directly(draft, imagery_approved_by=mona)
    directly(draft, imagery_approved_by=lena, approved_by=lena)


# --- at once -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("committed_db")
def test_of_two_who_approve_at_once_one_does() -> None:
    draft = make_offered()
    people = [person("lena"), person("lex")]
    digest = seen(draft, people[0])
    ends = all_at_once(
        *(
            lambda who=who: actions.approve(Escalation.objects.get(pk=draft.pk), actor=who, digest=digest)
            for who in people
        )
    )
    assert sorted(ends) == ["IllegalMove", "done"]
    assert draft.packages.count() == 1
    assert verbs_of(draft.case).count("escalation.approved") == 1


@pytest.mark.usefixtures("committed_db")
def test_an_approval_and_a_change_at_once_agree_on_one_text() -> None:
    draft, mona, lena = make_offered(), person("mona"), person("lena")
    digest = seen(draft, lena)

    def change() -> None:
        own = Escalation.objects.get(pk=draft.pk)
        actions.change_draft(own, actor=mona, version=1, items={}, locators=[], facts="Slipped in.")

    ends = all_at_once(
        change, lambda: actions.approve(Escalation.objects.get(pk=draft.pk), actor=lena, digest=digest)
    )
    draft.refresh_from_db()
    assert ends.count("done") == 1
    assert (draft.state == State.APPROVED) != (draft.facts == "Slipped in.")
