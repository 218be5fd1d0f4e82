"""Every verb has words, and the words give nothing away."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from casework.audit import wording
from casework.audit.verbs import Verb

CASEWORK = Path(wording.__file__).parent.parent


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_has_a_sentence_about_who_did_it(verb: Verb) -> None:
    said = wording.sentence(verb, "mona")
    assert said.startswith("mona ")
    assert "%" not in said


@pytest.mark.parametrize("verb", list(Verb))
def test_a_sentence_names_the_actor_and_nothing_else(verb: Verb) -> None:
    assert re.findall(r"%\((\w+)\)", str(wording.SENTENCES[verb])) == ["actor"]


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_is_found_under_one_kind_that_has_a_name_and_an_icon(verb: Verb) -> None:
    kinds = [kind for kind in wording.KINDS if verb.value in wording.verbs_of(kind)]
    assert kinds == [wording.kind_of(verb)]
    assert kinds[0] in wording.ICONS


def test_no_words_stand_for_a_verb_that_does_not_exist() -> None:
    assert set(wording.SENTENCES) == set(Verb)


def test_a_verb_of_another_version_is_said_by_its_code() -> None:
    assert wording.sentence("case.teleported", "mona") == "mona did “case.teleported”"
    assert wording.kind_of("zebra.seen") == "log"


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (Verb.REPORT_WITHDRAWN, "The reporter withdrew the report"),
        (Verb.EVIDENCE_EXAMINED, "The system examined an item"),
        (Verb.LOG_ALARM, "The sealer refused to sign the log"),
    ],
)
def test_whoever_has_no_account_is_named_by_what_they_are(verb: Verb, said: str) -> None:
    assert wording.sentence(verb, None) == said


def test_what_an_entry_carries_is_said_in_one_line() -> None:
    data = {"was": "waiting", "now": "held", "restricted": False, "why": None, "ids": [1, 2]}
    assert wording.one_line(data) == "before: waiting · after: held · restricted: no · ids: 1, 2"


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_is_written_by_something(verb: Verb) -> None:
    """A verb that nothing records promises an event that the log never holds."""
    spoken_of = {"verbs.py", "wording.py", "telling.py"}
    rooms = [path for path in CASEWORK.rglob("*.py") if path.name not in spoken_of]
    assert any(re.search(rf"\bVerb\.{verb.name}\b", path.read_text()) for path in rooms)


def test_a_time_that_an_entry_carries_is_shown_to_the_second_and_not_as_it_is_stored() -> None:
    said = wording.facts(
        {"due_at": "2027-02-21T20:44:05.123456+00:00", "clocks": [{"due": "2027-02-21T20:44:05Z"}]}
    )
    assert said[0]["value"] == "Sun 21 Feb 2027, 20:44:05 UTC"
    assert said[1]["value"] == "due Sun 21 Feb 2027, 20:44:05 UTC"


@pytest.mark.parametrize("text", ["2027-99-21T20:44:05Z", "2027-02-21", "at 2027-02-21T20:44:05Z sharp"])
def test_what_is_no_time_of_the_log_stands_as_it_was_written(text: str) -> None:
    assert wording.facts({"reference": text})[0]["value"] == text


@pytest.mark.parametrize("text", ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00+00:00"])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_a_time_that_is_none_in_the_readers_zone_breaks_no_page(text: str, zone: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        assert wording.facts({"until": text})[0]["value"]
