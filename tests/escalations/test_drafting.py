"""Drafts begin and change: by their author, about a case that exists for them, for a partner that receives."""

from __future__ import annotations

import pytest

from casework.accounts.models import User
from casework.cases.actions import restrict_case
from casework.escalations import actions, choosing
from casework.escalations.models import Basis, Escalation, State
from casework.partners.actions import suspend_partner
from casework.partners.models import Channel, Tlp
from tests.cast import make_case, person
from tests.escalations.making import DRAFT, make_draft, make_escalation, make_offered, make_partner, offered
from tests.journal import verbs_of
from tests.worlds import make_item

pytestmark = pytest.mark.usefixtures("db")


def change(escalation: Escalation, actor: User, **fields: object) -> Escalation:
    told = {"version": escalation.version, "items": {}, "locators": escalation.case.locators.all()} | fields
    return actions.change_draft(escalation, actor=actor, **told)  # type: ignore[arg-type]


def test_a_draft_speaks_of_the_whole_case_without_pictures_and_of_the_minimum(mona: User) -> None:
    case = make_case(links=["https://pictures.example/1", "https://pictures.example/2"])
    make_item(case)
    draft = make_draft(case)
    assert draft.drafted_by == mona
    assert [chosen.with_picture for chosen in draft.chosen_items.all()] == [False]
    assert draft.chosen_locators.count() == 2
    assert draft.fields == choosing.minimum(draft) != []
    assert verbs_of(case)[-1] == "escalation.drafted"


def test_a_draft_takes_channel_and_marking_from_its_partner(mona: User) -> None:
    partner = make_partner("Desk of notices", kind="host", channel=Channel.XARF_MAIL, tlp_ceiling=Tlp.GREEN)
    draft = make_draft(partner=partner)
    assert (draft.channel, draft.tlp) == (Channel.XARF_MAIL, Tlp.GREEN)
    assert make_draft(partner=make_partner("Cellar", tlp_ceiling=Tlp.RED)).tlp == Tlp.AMBER


def test_a_restricted_case_exists_for_no_draft_of_somebody_who_is_not_cleared(mona: User) -> None:
    case = make_case(minor_indicated=True)
    before = verbs_of(case)
    with pytest.raises(actions.NotThere):
        make_draft(case, author=mona)
    assert not Escalation.objects.exists()
    assert verbs_of(case) == before


def test_a_case_restricted_meanwhile_takes_its_draft_from_who_is_not_cleared(mona: User) -> None:
    draft = make_draft()
    restrict_case(draft.case, actor=None, why="minor_suspected")
    before = verbs_of(draft.case)
    for act in (
        lambda: change(draft, mona),
        lambda: actions.note_preview(draft, actor=mona, digest="0" * 64),
        lambda: actions.offer(draft, actor=mona),
        lambda: actions.withdraw(draft, actor=mona, reason="x"),
    ):
        with pytest.raises(actions.NotThere):
            act()
    assert verbs_of(draft.case) == before


def test_nothing_is_drafted_for_a_suspended_partner(mona: User) -> None:
    partner, case = make_partner(), make_case()
    suspend_partner(partner, actor=person("ada"), reason="Their mailbox was taken over.")
    partner.refresh_from_db()
    before = verbs_of(case)
    with pytest.raises(actions.NotReady, match="suspended"):
        make_draft(case, partner=partner)
    assert verbs_of(case) == before


def test_items_of_another_case_are_not_there(mona: User) -> None:
    draft, foreign = make_draft(), make_item(make_case())
    with pytest.raises(actions.NotThere):
        change(draft, mona, items={foreign: False})
    assert not draft.chosen_items.exists()


def test_mona_changes_her_draft_and_its_version_grows(mona: User) -> None:
    draft = make_draft()
    item = make_item(draft.case)
    change(draft, mona, items={item: True}, locators=[], facts="Only this.", basis=Basis.DSA_ART18)
    assert (draft.version, draft.facts, draft.basis) == (2, "Only this.", Basis.DSA_ART18)
    assert draft.with_pictures
    assert not draft.chosen_locators.exists()
    assert verbs_of(draft.case)[-1] == "escalation.changed"


def test_a_change_voids_preview_and_offer(mona: User) -> None:
    draft = make_offered()
    change(draft, mona)
    assert (draft.previewed_digest, draft.previewed_by, draft.offered_at) == ("", None, None)


def test_milo_does_not_change_monas_draft(mona: User, milo: User) -> None:
    draft = make_draft()
    before = verbs_of(draft.case)
    with pytest.raises(actions.OnlyAuthor):
        change(draft, milo, facts="Otherwise.")
    with pytest.raises(actions.OnlyAuthor):
        actions.note_preview(draft, actor=milo, digest="0" * 64)
    with pytest.raises(actions.OnlyAuthor):
        actions.offer(draft, actor=milo)
    draft.refresh_from_db()
    assert draft.facts == DRAFT["facts"]
    assert verbs_of(draft.case) == before


def test_what_was_typed_over_an_older_version_is_refused(mona: User) -> None:
    draft = make_draft()
    change(draft, mona, facts="Newer.")
    before = verbs_of(draft.case)
    with pytest.raises(actions.StaleEscalation):
        change(draft, mona, version=1, facts="Older.")
    draft.refresh_from_db()
    assert draft.facts == "Newer."
    assert verbs_of(draft.case) == before


def test_a_returned_draft_is_a_draft_again_once_it_is_changed(mona: User) -> None:
    draft = make_escalation(state=State.RETURNED)
    change(draft, mona, facts="Now with the day it was.")
    assert draft.state == State.DRAFT
    assert offered(draft).offered_at is not None


def test_what_was_sent_is_no_draft_any_more(mona: User) -> None:
    sent = make_escalation(state=State.SENT)
    before = verbs_of(sent.case)
    with pytest.raises(actions.IllegalMove, match="sent"):
        change(sent, mona, facts="Otherwise.")
    assert verbs_of(sent.case) == before


def test_a_field_that_is_not_the_authors_to_set_is_refused(mona: User) -> None:
    draft = make_draft()
    with pytest.raises(TypeError, match="approved_by"):
        change(draft, mona, approved_by=person("lena"))
