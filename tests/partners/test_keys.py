"""Keys: entered by one person, compared with the partner by another, renewed each year, revoked by anybody at once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta

import pyrage
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from casework.accounts.models import User
from casework.partners import actions
from casework.partners.conflicts import AlreadySettled, PartnerConflict
from casework.partners.models import PartnerKey
from casework.partners.reading import fingerprint
from tests.journal import all_verbs

from .directory import NUMBER, body, make_key, make_partner, nowhere_in_the_bodies, personal, recipient

pytestmark = pytest.mark.django_db


def test_ada_enters_a_key_and_it_is_used_for_nothing(ada: User):
    partner = make_partner()
    text = recipient()
    key = actions.add_key(partner, f"  {text}\n", actor=ada)
    assert (key.recipient, key.usable) == (text, False)
    assert partner.sealing_keys() == []
    assert all_verbs()[-1] == "partner.key_added"
    assert body("partner.key_added")["fingerprint"] == key.fingerprint


def test_the_fingerprint_is_what_sha256sum_says(require_tool: Callable[[str], str]):
    text = recipient()
    said = subprocess.run(
        [require_tool("sha256sum")], input=text.encode(), capture_output=True, check=True
    ).stdout.decode()
    groups = fingerprint(text).split()
    assert "".join(groups) == said.split()[0]
    assert [len(group) for group in groups] == [4] * 16


WRONG = {
    "nothing": "age1",
    "another": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJustNotAKey",
    "one letter": "age1fgkgwajnq0k7v7x2qe5usmcyqxvcjf50yj3y9xfnh7fu6l68uglsczrz6q",
}


@pytest.mark.parametrize("wrong", list(WRONG.values()), ids=list(WRONG))
def test_what_is_no_recipient_is_refused(ada: User, wrong: str):
    partner = make_partner()
    before = all_verbs()
    with pytest.raises(ValidationError, match="no age recipient"):
        actions.add_key(partner, wrong, actor=ada)
    assert not PartnerKey.objects.exists()
    assert all_verbs() == before


def test_a_secret_key_is_refused_and_stands_nowhere(ada: User):
    partner = make_partner()
    with pytest.raises(ValidationError) as refusal:
        actions.add_key(partner, str(pyrage.x25519.Identity.generate()), actor=ada)
    assert "secret key" in str(refusal.value)
    assert "AGE-SECRET" not in str(refusal.value)


def test_the_same_key_is_entered_once(ada: User, lena: User):
    partner = make_partner()
    key = make_key(partner)
    before = all_verbs()
    with pytest.raises(PartnerConflict, match="on record already"):
        actions.add_key(partner, key.recipient, actor=lena)
    assert all_verbs() == before


def test_lena_verifies_what_ada_entered_for_a_year(ada: User, lena: User):
    partner = make_partner(**NUMBER)
    key = make_key(partner, verified=False)
    key = actions.verify_key(key, actor=lena, how="call_back", with_whom="Rosa at the desk")
    assert key.usable
    assert partner.sealing_keys() == [key]
    assert key.verified_with == f"Rosa at the desk, {NUMBER['call_back_number']}"
    assert key.expires_at is not None
    assert abs(key.expires_at - timezone.now() - timedelta(days=365)) < timedelta(minutes=1)
    assert all_verbs()[-1] == "partner.key_verified"
    assert personal("partner.key_verified") == {
        "partner": "Haven", "with": "Rosa at the desk", "number": NUMBER["call_back_number"],
    }  # fmt: skip
    assert nowhere_in_the_bodies("Rosa", "901820")


def test_whoever_entered_a_key_does_not_verify_it(ada: User):
    key = make_key(make_partner(**NUMBER), verified=False)
    before = all_verbs()
    with pytest.raises(PermissionDenied, match="Somebody other"):
        actions.verify_key(key, actor=ada, how="in_person", with_whom="Rosa")
    now = timezone.now()
    with pytest.raises(IntegrityError, match="verified_by_another"), transaction.atomic():
        PartnerKey.objects.filter(pk=key.pk).update(
            verified_by=ada, verified_at=now, verified_how="in_person", expires_at=now
        )
    key.refresh_from_db()
    assert not key.usable
    assert all_verbs() == before


def test_a_call_back_needs_a_number_with_a_source_of_its_own(lena: User):
    key = make_key(make_partner(), verified=False)
    before = all_verbs()
    with pytest.raises(PartnerConflict, match="No number to call back"):
        actions.verify_key(key, actor=lena, how="call_back", with_whom="Rosa")
    assert all_verbs() == before


def test_a_number_that_only_waits_does_not_count(ada: User, lena: User):
    partner = make_partner()
    actions.propose_edit(partner, actor=ada, why="", **NUMBER)
    key = make_key(partner, verified=False)
    with pytest.raises(PartnerConflict, match="No number to call back"):
        actions.verify_key(key, actor=lena, how="call_back", with_whom="Rosa")


def test_signed_with_a_key_before_needs_such_a_key(ada: User, lena: User):
    partner = make_partner()
    key = make_key(partner, verified=False)
    with pytest.raises(PartnerConflict, match="is verified and not revoked"):
        actions.verify_key(key, actor=lena, how="signed", with_whom="Rosa")
    make_key(partner)
    assert actions.verify_key(key, actor=lena, how="signed", with_whom="Rosa").usable


def test_a_revoked_key_signs_for_no_other(ada: User, lena: User):
    partner = make_partner()
    stolen = make_key(partner)
    actions.revoke_key(stolen, actor=ada, reason="Their laptop was stolen.")
    key = make_key(partner, verified=False)
    before = all_verbs()
    with pytest.raises(PartnerConflict, match="not revoked"):
        actions.verify_key(key, actor=lena, how="signed", with_whom="Rosa")
    assert all_verbs() == before


def test_a_year_later_it_is_compared_again(lena: User):
    partner = make_partner()
    key = make_key(partner)
    PartnerKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert partner.sealing_keys() == []
    actions.verify_key(key, actor=lena, how="video", with_whom="Rosa, known since 2024")
    assert partner.sealing_keys() == [key]
    assert body("partner.key_verified")["again"] is True


def test_a_key_is_revoked_at_once_by_one_person(ada: User, lena: User):
    partner = make_partner()
    key = make_key(partner)
    actions.revoke_key(key, actor=ada, reason="Rosa lost the stick")
    assert partner.sealing_keys() == []
    assert all_verbs()[-1] == "partner.key_revoked"
    assert nowhere_in_the_bodies("Rosa lost")
    before = all_verbs()
    for act in (
        lambda: actions.revoke_key(key, actor=ada, reason="again"),
        lambda: actions.verify_key(key, actor=lena, how="in_person", with_whom="Rosa"),
    ):
        with pytest.raises(AlreadySettled):
            act()
    assert all_verbs() == before


def test_revoking_a_key_that_waits_frees_the_one_before(ada: User):
    partner = make_partner()
    old = make_key(partner)
    new = make_key(partner, verified=False)
    assert partner.sealing_keys() == []
    actions.revoke_key(new, actor=ada, reason="a mistake")
    assert partner.sealing_keys() == [old]


def test_a_revoked_key_may_be_entered_again_and_waits_again(ada: User, lena: User):
    partner = make_partner()
    old = make_key(partner)
    actions.revoke_key(old, actor=lena, reason="x")
    assert not make_key(partner, verified=False, text=old.recipient).usable
