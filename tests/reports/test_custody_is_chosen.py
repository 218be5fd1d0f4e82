"""What the law lets a desk keep is asked at set-up and has no default outside the demo."""

from __future__ import annotations

import pytest

from casework.reports.checks import custody_was_chosen


@pytest.mark.parametrize("choice", ["forbidden", "provider_preserve"])
def test_a_desk_that_chose_may_run(choice, settings):
    settings.CSAM_CUSTODY = choice
    assert custody_was_chosen(None) == []


@pytest.mark.parametrize("choice", ["", "maybe"])
def test_a_desk_that_did_not_choose_is_told(choice, settings):
    settings.CSAM_CUSTODY = choice
    [refusal] = custody_was_chosen(None)
    assert refusal.id == "reports.E001"
