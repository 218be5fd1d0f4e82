"""A decision is carried out at the platform, and its answer settles the effects."""

from __future__ import annotations

import json

import pytest

from casework.cases import actions as cases
from casework.cases.models import Case, Effect, Outcome
from casework.outbox import actions
from casework.outbox.models import Message
from tests.cases.test_decide import decide
from tests.cast import client_of, make_case, person
from tests.journal import verbs_of

from .conftest import Platform
from .sending import ExampleReceiver, connect, pause_is_over, point, work

LINKS = ["https://pictures.example/p/1", "https://pictures.example/p/2"]


def test_remove_takes_the_content_down_and_the_answer_confirms_it(platform: Platform):
    case = make_case(links=LINKS)
    decision = decide(case)
    work()
    effects = decision.effects.filter(kind="take_down")
    assert [(one.how, one.settled_by, one.confirmed_at is not None) for one in effects] == [
        ("platform", None, True)
    ] * 2
    wanted = {(str(one.public_id), "take_down", one.locator.value) for one in effects}
    assert set(platform.receiver.rows("effect")) == wanted
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    assert not case.clocks.filter(stopped_at=None).exists()
    assert verbs_of(case).count("effect.confirmed") == 2
    assert "outbox.delivered" in verbs_of(case)


def test_what_leaves_names_places_and_nothing_of_the_report(platform: Platform):
    case = make_case()
    decision = decide(case)
    said = json.loads(Message.objects.get().body)
    (effect,) = said["data"]["effects"]
    assert set(said["data"]) == {"decision", "policy", "effects"}
    assert set(effect) == {"id", "wanted", "place"}
    assert str(case.public_id) not in Message.objects.get().body
    assert case.number not in Message.objects.get().body
    assert decision.grounds not in Message.objects.get().body


def test_restrict_limits_and_keep_puts_back_what_was_confirmed(platform: Platform):
    case = make_case()
    decide(case, outcome=Outcome.RESTRICT)
    work()
    kept = decide(case, who="milo", outcome=Outcome.KEEP)
    cases.review_decision(kept, actor=person("lena"), approved=True, reason="")
    assert kept.effects.filter(kind="restore", confirmed_at=None).count() == 1
    work()
    assert [row[1] for row in platform.receiver.rows("effect")] == ["limit", "restore"]
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED


def test_a_place_the_platform_cannot_find_fails_with_its_reason(platform: Platform):
    case = make_case(links=[])
    decision = decide(case)
    work()
    effect = decision.effects.get(kind="take_down")
    assert effect.failed_at is not None
    assert effect.remark == "No place was named; a person has to find it."
    assert "effect.failed" in verbs_of(case)
    assert case.clocks.filter(stopped_at=None).exists()


def test_without_a_platform_a_person_confirms_by_hand(db: None):
    case = make_case()
    decision = decide(case)
    assert not Message.objects.exists()
    page = client_of(person("mona")).get(f"/cases/{case.public_id}/").content.decode()
    assert "no platform is connected" in page
    cases.settle_effect(decision.effects.get(kind="take_down"), actor=person("mona"), confirmed=True)
    effect = decision.effects.get(kind="take_down")
    assert (effect.how, effect.settled_by) == ("person", person("mona"))


def test_the_case_says_that_the_platform_was_asked_and_what_it_answered(platform: Platform):
    case = make_case(links=LINKS)
    decide(case)
    page = client_of(person("mona")).get(f"/cases/{case.public_id}/").content.decode()
    assert "The platform was asked" in page
    work()
    page = client_of(person("mona")).get(f"/cases/{case.public_id}/").content.decode()
    assert "by the platform&#x27;s answer" in page
    assert "Taken at attempt 1." in page


def test_a_decision_that_is_replaced_before_it_arrived_is_not_asked_for_any_more(platform: Platform):
    point(platform.endpoint, "http://127.0.0.1:9/")
    case = make_case()
    decide(case)
    work()
    kept = decide(case, who="milo", outcome=Outcome.KEEP)
    cases.review_decision(kept, actor=person("lena"), approved=True, reason="")
    point(platform.endpoint, platform.receiver.url)
    pause_is_over()
    work()
    assert Message.objects.get().state == "cancelled"
    assert platform.receiver.rows("hit") == []
    assert "outbox.cancelled" in verbs_of(case)


def test_the_answer_to_a_replaced_decision_settles_nothing(platform: Platform):
    case = make_case()
    first = decide(case)
    effect = first.effects.get(kind="take_down")
    decide(case, who="milo", outcome=Outcome.RESTRICT)
    from casework.cases.actions.hearing import hear_platform

    assert hear_platform([actions.Result(str(effect.public_id), True)]) == 0
    effect.refresh_from_db()
    assert effect.confirmed_at is None
    assert "effect.confirmed" not in verbs_of(case)


@pytest.mark.parametrize(
    "answer",
    [b"", b"thanks", b"[]", b'{"results": []}', b'{"results": {"x": "done"}}', b'{"results": {"x": {"state": 1}}}',
     b'{"results": {"not-asked": {"state": "done"}}}', b"[" * 100_000],
)  # fmt: skip
def test_an_answer_without_results_is_a_delivery_and_settles_nothing(
    answer: bytes, loopback_allowed: None, db: None
):
    from .local import LocalServer, reply

    def answering(request):
        request.rfile.read(int(request.headers["Content-Length"]))
        reply(request, answer)

    case = make_case()
    with LocalServer(answering) as server:
        connect(server.url())
        decide(case)
        work()
    if len(answer) < 64 * 1024:
        assert Message.objects.get().state == "delivered"
    assert not Effect.objects.filter(kind="take_down", confirmed_at__isnull=False).exists()
    assert "effect.confirmed" not in verbs_of(case)


def test_a_platform_that_comes_back_carries_out_what_waited(tmp_path, loopback_allowed: None, db: None):
    endpoint = connect("http://127.0.0.1:9/")
    case = make_case()
    decide(case)
    work()
    with ExampleReceiver(tmp_path, endpoint.good_secrets()[0], refuse=1) as receiver:
        point(endpoint, receiver.url)
        for _ in range(2):
            pause_is_over()
            work()
        assert len(receiver.rows("effect")) == 1
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    assert [one.code or "taken" for one in Message.objects.get().tries.all()] == [
        "closed",
        "status_503",
        "taken",
    ]
