"""The timeline of a case speaks in a few words; what it does not know it shows whole."""

from __future__ import annotations

import pytest

from casework.audit.telling import brief
from casework.audit.verbs import Verb
from casework.cases import actions
from tests.cast import client_of, make_case, person

SAID = [
    (Verb.CASE_MOVED, {"was": "waiting", "now": "held", "why": ""}, "waiting → held"),
    (Verb.CASE_MOVED, {"was": "decided", "now": "closed", "why": "effects_confirmed"},
     "decided → closed · every effect is confirmed"),
    (Verb.CASE_FACTORS_CHANGED, {"locators_added": 2}, "2 places named"),
    (Verb.CASE_FACTORS_CHANGED, {"explicit_score": "0.941", "synthetic_found": True, "known_matches": 1},
     "explicit score 0.94 · AI-made, likely"),
    (Verb.DECISION_MADE, {"outcome": "keep", "policy": "ncii_ai", "needs_second": True},
     "keep · intimate imagery made or altered with AI · waits for a second person"),
    (Verb.EVIDENCE_EXAMINED, {"signals": {"explicit": {"status": "found"}, "c2pa": {"status": "not_found"}}},
     "found: explicitness"),
    (Verb.EVIDENCE_ASSESSED, {"answers": {"explicit": "likely", "ai_made": "cant_tell", "known": "certain"}},
     "explicitness likely · AI-made can't tell"),
    (Verb.OUTCOME_CONFIRMED, {"question": "ai_made", "now": "unclear"}, "AI-made: nobody can say"),
    (Verb.EVIDENCE_REVEAL_CLOSED, {"seconds": "6.2", "estimated": True}, "6 s, estimated"),
    (Verb.REPORT_FILED, {"channel": "form", "role": "depicted", "elements": {"contact": False, "signature": True}},
     "public form · the person depicted · missing: contact"),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "data", "words"), SAID)
def test_an_entry_in_a_few_words(verb, data, words):
    assert brief(verb, data) == words


def test_an_entry_of_an_older_shape_is_shown_whole():
    assert brief(Verb.CASE_MOVED, {"from": "waiting"}) == "from: waiting"


@pytest.mark.django_db
def test_no_code_or_timestamp_stands_on_the_timeline_of_a_new_case():
    case = make_case(minor_indicated=True)
    actions.claim_case(case, actor=person("sena"))
    page = client_of(person("sena")).get(f"/cases/{case.public_id}/").text
    timeline = page.split('id="timeline-title"')[1].split("</section>")[0]
    assert "minor_indicated" not in timeline
    assert "us_tida" not in timeline
    assert "+00:00" not in timeline.split("datetime=")[0]
