"""The desk's list of escalations: what waits for whom, what is late, and what nobody but the cleared may know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from casework.accounts.models import User
from casework.escalations.models import Escalation
from casework.escalations.reading import waiting_for
from casework.partners.models import Partner
from tests.cast import client_of, make_case
from tests.escalations.handing import make_partner, make_sent
from tests.worlds import make_item

pytestmark = pytest.mark.django_db
LIST = reverse("escalations")


@pytest.fixture
def partner() -> Partner:
    return make_partner()


def offered(partner: Partner, **kwargs: Any) -> Escalation:
    """A draft of mona's that waits for a second person."""
    return make_sent(partner, state="draft", offered_at=timezone.now(), **kwargs)


def shown(user: User, **query: str) -> list[str]:
    """The numbers in the list of *user*, in order."""
    answer = client_of(user).get(LIST, query)
    assert answer.status_code == 200
    return [row["reference"] for row in answer.context["rows"]]


def test_a_draft_is_in_its_authors_tab_and_in_nobody_elses(partner: Partner, mona: User, milo: User) -> None:
    draft = make_sent(partner, state="draft")
    assert shown(mona, show="mine") == [draft.number]
    assert shown(milo, show="mine") == []


def test_an_offered_draft_waits_for_sena_and_not_for_its_author(
    partner: Partner, mona: User, sena: User
) -> None:
    draft = offered(partner)
    assert shown(sena, show="approve") == [draft.number]
    assert shown(sena) == [draft.number], "the list opens where a word is asked for"
    draft.drafted_by = sena
    draft.save()
    assert shown(sena, show="approve") == []


def test_a_draft_that_was_not_offered_waits_for_nobody(partner: Partner, sena: User) -> None:
    make_sent(partner, state="draft")
    assert shown(sena, show="approve") == []


def test_pictures_wait_for_lex_until_somebody_let_them_go_along(
    partner: Partner, lex: User, lena: User
) -> None:
    draft = offered(partner)
    item = make_item(draft.case)
    draft.chosen_items.create(item=item)
    assert shown(lex, show="imagery") == []
    draft.chosen_items.update(with_picture=True)
    assert shown(lex, show="imagery") == [draft.number]
    Escalation.objects.filter(pk=draft.pk).update(imagery_approved_by=lena, imagery_approved_at=Now())
    assert shown(lex, show="imagery") == []


def test_what_went_without_a_second_person_is_red_until_it_is_reviewed(partner: Partner, lena: User) -> None:
    gone = make_sent(
        partner, approved_by=None, approved_at=None, break_glass="suicide", broken_at=timezone.now(),
        review_due_at=timezone.now() + timedelta(hours=24),
    )  # fmt: skip
    page = client_of(lena).get(LIST)
    assert [row["reference"] for row in page.context["rows"]] == [gone.number]
    assert [badge["tone"] for row in page.context["rows"] for badge in row["badges"]] == ["", "danger"]
    tones = [
        badge["tone"] for badge in client_of(lena).get(LIST, {"show": "all"}).context["rows"][0]["badges"]
    ]
    assert "danger" not in tones
    Escalation.objects.filter(pk=gone.pk).update(reviewed_by=lena, reviewed_at=Now(), review_right=True)
    assert shown(lena, show="glass") == []


def test_moderators_have_no_tab_for_what_they_do_not_judge(mona: User, lena: User) -> None:
    def names(user: User) -> list[str]:
        return [tab["url"] for tab in client_of(user).get(LIST).context["tabs"]]

    assert names(mona) == ["?show=mine", "?show=stopped", "?show=out", "?show=all"]
    assert "?show=glass" in names(lena)
    assert "?show=imagery" in names(lena)


def test_what_stopped_about_a_restricted_case_exists_for_the_cleared_alone(mona: User, lena: User) -> None:
    exchange = make_partner("StopNCII", channel="stopncii")
    long_ago = timezone.now() - timedelta(days=4)
    plain = make_sent(exchange, sent_at=long_ago)
    held = make_sent(exchange, sent_at=long_ago, case=make_case(minor_indicated=True))
    seen = {
        user: (shown(user, show="stopped"), stopped_count(user), waiting_for(user)) for user in (mona, lena)
    }
    assert seen == {
        mona: ([plain.number], 1, 1),
        lena: ([held.number, plain.number], 2, 0),  # the number in the rail is for whoever drafted them
    }


def stopped_count(user: User) -> int:
    """What the tab says, to *user*."""
    (tab,) = [tab for tab in client_of(user).get(LIST).context["tabs"] if tab["url"] == "?show=stopped"]
    return int(tab["count"])


def test_an_acknowledgement_that_is_overdue_is_said_and_stands_first(partner: Partner, mona: User) -> None:
    fresh, old = make_sent(partner), make_sent(partner)
    Escalation.objects.filter(pk=old.pk).update(sent_at=Now() - timedelta(hours=25))
    page = client_of(mona).get(LIST, {"show": "out"})
    assert [row["reference"] for row in page.context["rows"]] == [old.number, fresh.number]
    assert "1 was not acknowledged in time" in page.content.decode()
    assert "is-breached" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "sent"}, 1),
        ({"state": "answered"}, 0),
        ({"urgency": "life_threat"}, 0),
        ({"urgency": "routine"}, 2),
    ],
    ids=["sent", "answered", "life", "routine"],
)
def test_the_list_is_narrowed_by_state_and_urgency(
    partner: Partner, mona: User, query: dict[str, str], expected: int
) -> None:
    make_sent(partner)
    make_sent(partner, state="acknowledged")
    assert len(shown(mona, show="out", **query)) == expected


def test_the_list_is_narrowed_by_partner(partner: Partner, mona: User) -> None:
    make_sent(partner)
    other = make_sent(make_partner("Another one"))
    assert shown(mona, show="out", partner=str(other.partner.public_id)) == [other.number]


def test_a_filter_that_makes_no_sense_is_left_out(partner: Partner, mona: User) -> None:
    sent = make_sent(partner)
    assert shown(mona, show="out", state="nonsense", partner="x") == [sent.number]


def test_mona_never_learns_of_an_escalation_of_a_restricted_case(
    partner: Partner, mona: User, sena: User
) -> None:
    hidden = make_sent(partner, case=make_case(minor_indicated=True))
    assert shown(sena, show="all") == [hidden.number]
    page = client_of(mona).get(LIST, {"show": "all"})
    assert page.context["rows"] == []
    assert partner.organisation.name not in page.content.decode(), "not even as a filter"


def test_the_rail_counts_what_waits_for_this_very_person(partner: Partner, mona: User, lena: User) -> None:
    offered(partner)
    offered(partner, drafted_by=lena)

    def number(user: User) -> Any:
        nav = client_of(user).get(LIST).context["frame"]["nav"]
        return next(entry["count"] for entry in nav if entry["url"] == LIST)

    assert number(lena) == 1
    assert number(mona) is None


def test_an_auditor_reads_the_list_and_a_partner_does_not(
    partner: Partner, audra: User, nia: User, ada: User
) -> None:
    sent = make_sent(partner)
    assert shown(audra, show="all") == [sent.number]
    assert client_of(nia).get(LIST).status_code == 404
    assert client_of(ada).get(LIST).status_code == 403


def test_the_list_asks_the_database_no_more_for_fifty_than_for_two(
    partner: Partner, mona: User, django_assert_max_num_queries: Any
) -> None:
    case = make_case()
    for _ in range(50):
        make_sent(partner, case=case)
    client = client_of(mona)
    client.get(LIST)
    with django_assert_max_num_queries(22):
        assert len(client.get(LIST, {"show": "all"}).context["rows"]) == 50
