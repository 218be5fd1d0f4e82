"""Once the time to keep is over nothing is held for a request any more: no hold is placed in the past."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from casework.cases import actions as cases
from casework.cases.models import LegalHold
from casework.legal import actions
from casework.legal.models import State, Type
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs
from tests.legal.making import checked, clock_of, enter, matter_of, pass_time

pytestmark = pytest.mark.django_db


def test_a_refused_preservation_whose_time_is_over_is_not_taken_up_again():
    case = make_case()
    request = enter(Type.PRESERVATION)
    actions.refuse(request, actor=person("lex"), grounds=["formal"])
    cases.release_hold(matter_of(request).hold, actor=person("lena"))
    pass_time(request, days=91)
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="enter its new request"):
        actions.reopen(request, actor=person("lena"), reason="It was signed after all.")
    request.refresh_from_db()
    assert (request.state, all_verbs(), cases.held(case)) == (State.REFUSED, before, False)
    assert clock_of(request, "preserve").stopped_why == "refused"
    assert LegalHold.objects.count() == 1
    page = client_of(person("lena")).get(f"/legal/{request.public_id}/").text
    assert "has run its time" in page
    assert "Have it checked anew" not in page


def test_a_preservation_is_not_accepted_after_its_time():
    make_case()
    request = checked(Type.EPOC_PR)
    pass_time(request, days=61)
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="time for which it asked to keep is over"):
        actions.accept(request, actor=person("lena"))
    assert all_verbs() == before


def test_a_preservation_that_is_entered_after_its_time_holds_nothing():
    case = make_case()
    request = enter(Type.PRESERVATION, received_at=timezone.now() - timedelta(days=120))
    assert matter_of(request).hold is None
    assert not LegalHold.objects.exists()
    assert not cases.held(case)


def test_keeping_is_not_renewed_in_the_minute_before_its_end_is_noted():
    make_case()
    request = enter(Type.PRESERVATION)
    pass_time(request, days=90)
    assert clock_of(request, "preserve").breached_at is None
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="run out"):
        actions.renew(request, actor=person("lex"), reference="late")
    assert all_verbs() == before
