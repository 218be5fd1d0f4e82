"""A draft is offered once its author has read what would leave, and once basis, consent and marking hold."""

from __future__ import annotations

from typing import Any

import pytest

from casework.accounts.models import User
from casework.cases.actions import add_locators
from casework.cases.models import Case
from casework.escalations import actions, rules
from casework.escalations.models import Basis, Consent, Escalation, Urgency
from casework.partners.models import Channel, Tlp
from casework.reports.models import PassingOn
from tests.cast import make_case
from tests.escalations.making import make_draft, make_partner, offered, seen
from tests.journal import verbs_of
from tests.partners.directory import make_key
from tests.worlds import make_item, make_report

pytestmark = pytest.mark.usefixtures("db", "mona")

CONSENTED = {"consent": Consent.GIVEN, "consent_how": "On the phone, on Monday."}
#: Drafts that the rules refuse, and a word of the sentence that says why.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a victim's request without their word": ({"consent": Consent.NOT_ASKED, "consent_how": ""}, "asked for it"),
    "consent without when and how": ({"consent": Consent.GIVEN, "consent_how": " "}, "when and how"),
    "a refusal, and nothing compels": ({"consent": Consent.REFUSED}, "said no"),
    "voluntary, nobody asked, no reason": (
        {"basis": Basis.VOLUNTARY, "consent": Consent.NOT_ASKED, "consent_how": ""}, "Ask the person"
    ),
    "a statute without its name": ({"basis": Basis.STATUTORY}, "law or the order"),
    "Article 18 for routine": ({"basis": Basis.DSA_ART18, "urgency": Urgency.ROUTINE}, "Article 18"),
    "a marking above the ceiling": ({"tlp": Tlp.RED}, "TLP:RED"),
}  # fmt: skip
#: Drafts that may be offered.
ACCEPTED: dict[str, dict[str, Any]] = {
    "a victim's request with consent": {"basis": Basis.VICTIM_REQUEST, **CONSENTED},
    "voluntary with consent": {"basis": Basis.VOLUNTARY, **CONSENTED},
    "voluntary with a reason": {
        "basis": Basis.VOLUNTARY, "consent": Consent.NOT_ASKED, "consent_how": "They can't be reached.",
    },
    "a statute, though they said no": {
        "basis": Basis.STATUTORY, "authority": "§ 138 StGB", "consent": Consent.REFUSED, "consent_how": "",
    },
    "Article 18 for a threat": {"basis": Basis.DSA_ART18, "urgency": Urgency.ONGOING, "consent": Consent.NOT_NEEDED},
}  # fmt: skip


def said(case: Case, kind: str, choice: str) -> None:
    report = case.reports.first() or make_report(case)
    PassingOn.objects.create(report=report, kind=kind, choice=choice)


def refused(draft: Escalation, match: str) -> None:
    author = draft.drafted_by
    actions.note_preview(draft, actor=author, digest=seen(draft, author))
    before = verbs_of(draft.case)
    with pytest.raises(actions.NotReady, match=match):
        actions.offer(draft, actor=author)
    draft.refresh_from_db()
    assert draft.offered_at is None
    assert verbs_of(draft.case) == before


def test_a_draft_that_was_read_and_holds_is_offered() -> None:
    draft = offered(make_draft())
    assert draft.offered_at is not None
    assert verbs_of(draft.case)[-2:] == ["escalation.previewed", "escalation.offered"]


def test_nothing_is_offered_unread(mona: User) -> None:
    draft = make_draft()
    with pytest.raises(actions.LookAgain):
        actions.offer(draft, actor=mona)
    with pytest.raises(actions.LookAgain):
        actions.note_preview(draft, actor=mona, digest="0" * 64)
    assert verbs_of(draft.case)[-1] == "escalation.drafted"


def test_what_changed_since_it_was_read_has_to_be_read_again(mona: User) -> None:
    draft = make_draft()
    actions.note_preview(draft, actor=mona, digest=seen(draft, mona))
    Escalation.objects.filter(pk=draft.pk).update(facts="Something else.")
    with pytest.raises(actions.LookAgain):
        actions.offer(draft, actor=mona)


def test_a_place_named_meanwhile_does_not_slip_into_a_draft(mona: User) -> None:
    draft = make_draft()
    before = seen(draft, mona)
    add_locators(draft.case, [("url", "https://elsewhere.example/9")], actor=None)
    draft.refresh_from_db()
    assert draft.chosen_locators.count() == 1
    assert seen(draft, mona) == before


@pytest.mark.parametrize("name", list(REFUSED))
def test_the_rules_refuse(name: str) -> None:
    fields, word = REFUSED[name]
    refused(make_draft(**fields), word)


@pytest.mark.parametrize("name", list(ACCEPTED))
def test_the_rules_accept(name: str) -> None:
    assert offered(make_draft(**ACCEPTED[name])).offered_at is not None


# --- what reporters said -------------------------------------------------------------------------------------------


def test_a_reporters_no_to_such_organisations_holds_a_victims_request_back() -> None:
    case = make_case()
    said(case, PassingOn.Kind.NGO, PassingOn.Choice.REFUSE)
    refused(make_draft(case), "said no to passing")


def test_the_newest_word_of_a_reporter_counts() -> None:
    case = make_case()
    said(case, PassingOn.Kind.NGO, PassingOn.Choice.REFUSE)
    said(case, PassingOn.Kind.NGO, PassingOn.Choice.AGREE)
    assert offered(make_draft(case)).offered_at is not None


def test_a_no_to_the_police_is_none_to_an_ngo() -> None:
    case = make_case()
    said(case, PassingOn.Kind.POLICE, PassingOn.Choice.REFUSE)
    assert offered(make_draft(case)).offered_at is not None


def test_who_wants_to_be_asked_first_is_asked() -> None:
    case = make_case()
    said(case, PassingOn.Kind.NGO, PassingOn.Choice.ASK_FIRST)
    unasked: dict[str, Any] = {"consent": Consent.NOT_ASKED, "consent_how": "They can't be reached."}
    refused(make_draft(case, basis=Basis.VOLUNTARY, **unasked), "asked first")
    assert offered(make_draft(case)).offered_at is not None


def test_a_statute_goes_over_a_no_and_warns() -> None:
    case = make_case()
    said(case, PassingOn.Kind.NGO, PassingOn.Choice.REFUSE)
    draft = make_draft(case, basis=Basis.STATUTORY, authority="§ 138 StGB")
    assert any("said no" in warning for warning in rules.warnings(draft))
    assert offered(draft).offered_at is not None
    assert rules.warnings(make_draft()) == []


# --- pictures ------------------------------------------------------------------------------------------------------


def with_picture(**fields: Any) -> Escalation:
    case = make_case()
    item = make_item(case)
    told = {
        "items": {item: True},
        "imagery_why": "They have to recognise copies.",
        "authority": "§ 1",
    } | fields
    draft = make_draft(case, **told)
    Escalation.objects.filter(pk=draft.pk).update(fields=[*draft.fields, "imagery"])
    draft.refresh_from_db()
    return draft


@pytest.mark.parametrize("basis", [Basis.STATUTORY, Basis.DSA_ART18, Basis.VICTIM_REQUEST])
def test_a_picture_may_be_offered_on(basis: str) -> None:
    partner = make_partner("Pictures", imagery_allowed=True)
    urgency = Urgency.ONGOING
    assert offered(with_picture(partner=partner, basis=basis, urgency=urgency)).offered_at is not None


def test_no_picture_goes_voluntarily() -> None:
    partner = make_partner("Pictures", imagery_allowed=True)
    refused(with_picture(partner=partner, basis=Basis.VOLUNTARY), "On this basis no picture")


def test_no_picture_goes_to_a_partner_that_is_sent_none() -> None:
    refused(with_picture(basis=Basis.STATUTORY), "not sent pictures")


def test_no_picture_goes_with_a_notice_or_to_an_exchange_of_hashes() -> None:
    host = make_partner("Host", kind="host", channel=Channel.XARF_MAIL, imagery_allowed=True)
    refused(with_picture(partner=host, basis=Basis.STATUTORY), "By this channel no picture")


# --- the partner ---------------------------------------------------------------------------------------------------


def test_a_key_that_waits_to_be_verified_holds_everything_back() -> None:
    draft = make_draft()
    make_key(draft.partner, verified=False)
    refused(draft, "waits to be verified")
