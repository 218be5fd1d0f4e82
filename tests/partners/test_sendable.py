"""Whether something may be sent to a partner today, and the sentences that say why not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from casework.accounts.models import User
from casework.outbox import actions as outbox
from casework.outbox.models import Endpoint
from casework.partners import actions
from casework.partners.models import Partner, PartnerKey
from casework.partners.reading import why_not_sendable
from tests.partners.directory import make_key, make_partner, recipient

pytestmark = pytest.mark.django_db


def why(partner: Partner, *, tlp: str = "TLP:AMBER", imagery: bool = False) -> str:
    return " ".join(why_not_sendable(partner, tlp=tlp, imagery=imagery))


def endpoint(actor: User) -> Endpoint:
    made, _secret = outbox.create_endpoint(
        actor=actor, name="Their desk", url="https://partner.example/hook", purpose="partner"
    )
    outbox.switch_endpoint(made, actor=actor, on=True)
    return made


def test_a_partner_in_force_with_a_verified_key_may_be_sent_something():
    partner = make_partner()
    make_key(partner)
    assert why(partner) == ""


def test_nothing_is_sent_before_a_second_person_agreed(ada: User):
    change = actions.propose_partner(actor=ada, name="Harbour", kind="ngo")
    assert "A second person has not agreed" in why(change.partner)


def test_nothing_is_sent_to_a_suspended_partner(ada: User):
    partner = make_partner()
    make_key(partner)
    actions.suspend_partner(partner, actor=ada, reason="their mailbox was taken over")
    assert why(partner) == "This partner is suspended."


def test_nothing_is_sent_without_a_key():
    assert "No key is on record" in why(make_partner())


def test_a_key_that_nobody_verified_blocks_even_beside_a_verified_one(ada: User, lena: User):
    partner = make_partner()
    make_key(partner)
    new = actions.add_key(partner, recipient(), actor=ada)
    assert partner.sealing_keys() == []
    assert "A key waits to be verified" in why(partner)
    actions.verify_key(new, actor=lena, how="in_person", with_whom="their director")
    assert len(partner.sealing_keys()) == 2
    assert why(partner) == ""


def test_a_key_is_good_for_a_year():
    partner = make_partner()
    key = make_key(partner)
    PartnerKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert partner.sealing_keys() == []
    assert "more than a year ago" in why(partner)


def test_a_label_above_the_ceiling_is_refused():
    partner = make_partner(tlp_ceiling="TLP:GREEN")
    make_key(partner)
    assert "no more than TLP:GREEN" in why(partner, tlp="TLP:AMBER")
    assert why(partner, tlp="TLP:GREEN") == ""


def test_pictures_need_an_agreement_that_lets_them_go():
    plain, open_to_pictures = make_partner(), make_partner("Harbour", imagery_allowed=True)
    make_key(plain)
    make_key(open_to_pictures)
    assert "lets no pictures go" in why(plain, imagery=True)
    assert why(open_to_pictures, imagery=True) == ""


@pytest.mark.parametrize(
    ("begins", "ends", "said"), [(1, None, "begins on"), (None, -1, "ran out on"), (0, 0, "")]
)
def test_an_agreement_holds_from_its_first_to_its_last_day(begins: int | None, ends: int | None, said: str):
    partner = make_partner()
    make_key(partner)
    days: dict[str, Any] = {
        name: timezone.now().date() + timedelta(days=day)
        for name, day in (("agreement_from", begins), ("agreement_until", ends))
        if day is not None
    }
    Partner.objects.filter(pk=partner.pk).update(**days)
    partner.refresh_from_db()
    assert said in why(partner)
    assert bool(why(partner)) is not partner.receives
    assert Partner.objects.receiving().contains(partner) is partner.receives


def test_a_webhook_needs_its_endpoint_switched_on(ada: User):
    at = endpoint(ada)
    partner = make_partner(channel="webhook", endpoint=at)
    make_key(partner)
    assert why(partner) == ""
    outbox.switch_endpoint(at, actor=ada, on=False)
    assert why(partner) == "The endpoint “Their desk” is switched off."


def test_a_notice_by_mail_needs_no_key():
    partner = make_partner(channel="xarf_mail", mail="abuse@host.example")
    assert why(partner) == ""
    assert "No key" in " ".join(why_not_sendable(partner, tlp="TLP:CLEAR", imagery=False, channel="portal"))


def test_what_is_asked_is_read_anew(ada: User):
    seen_before = make_partner()
    make_key(seen_before)
    actions.suspend_partner(Partner.objects.get(), actor=ada, reason="hurry")
    assert seen_before.state == Partner.State.ACTIVE
    assert "suspended" in why(seen_before)
