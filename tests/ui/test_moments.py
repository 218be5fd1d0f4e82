"""A moment that somebody types is one that can be stored and shown in every zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.utils import timezone

from casework.escalations.forms import DraftForm
from casework.escalations.tip_forms import TipForm
from casework.legal.forms import EntryForm, HoldForm, SilenceForm
from casework.ui.moments import MomentField


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize(
    "typed", ["9999-12-31T23:59", "2200-01-01T00:00", "0001-01-01T00:00", "1899-12-31T23:59"]
)
def test_a_year_that_not_every_zone_has_is_refused(zone: str, typed: str) -> None:
    with timezone.override(ZoneInfo(zone)), pytest.raises(forms.ValidationError):
        MomentField().clean(typed)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("typed", ["1900-01-01T00:00", "2026-11-24T02:45", "2199-12-31T23:59"])
def test_others_are_taken_in_the_zone_of_whoever_types(zone: str, typed: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        moment = MomentField().clean(typed)
        assert moment is not None
        assert timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") == typed


def test_nothing_typed_is_none() -> None:
    assert MomentField(required=False).clean("") is None


@pytest.mark.parametrize("form", [DraftForm, TipForm, EntryForm, HoldForm, SilenceForm])
def test_forms_whose_moments_are_kept_ask_for_such_ones(form: type[forms.Form]) -> None:
    kept = [field for field in form.base_fields.values() if isinstance(field, forms.DateTimeField)]
    assert kept
    assert {type(field) for field in kept} == {MomentField}
