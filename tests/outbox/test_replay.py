"""A dead letter is sent again by a person with a reason."""

from __future__ import annotations

from casework.outbox import actions
from casework.outbox.models import Message
from tests.cast import client_of, person
from tests.journal import all_verbs

from .conftest import Platform
from .sending import pause_is_over, point, post, time_is_up, work


def dead(platform: Platform) -> Message:
    """A message that was given up because nobody answered."""
    point(platform.endpoint, "http://127.0.0.1:9/")
    message = post(platform.endpoint)
    time_is_up(message)
    work()
    point(platform.endpoint, platform.receiver.url)
    message.refresh_from_db()
    assert message.state == "dead"
    return message


def test_lena_sends_a_dead_letter_again_and_it_arrives_under_its_old_id(platform: Platform):
    message = dead(platform)
    lena = client_of(person("lena"))
    assert "Send it again" in lena.get(f"/outbox/messages/{message.public_id}/").content.decode()
    lena.post(f"/outbox/messages/{message.public_id}/replay/", {"reason": "The platform was down."})
    assert work() == 1
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("delivered", 2)
    assert platform.receiver.rows("hit") == [(str(message.public_id),)]
    assert "outbox.replayed" in all_verbs()


def test_a_replay_has_another_72_hours_and_starts_its_pauses_anew(platform: Platform):
    message = dead(platform)
    point(platform.endpoint, "http://127.0.0.1:9/")
    assert actions.replay_message(message, actor=person("lena"), reason="again")
    work()
    message.refresh_from_db()
    assert (message.state, message.attempts, message.round_began_at) == ("waiting", 2, 1)
    assert (message.next_try_at - message.tries.last().ended_at).total_seconds() < 10


def test_a_replay_needs_a_reason(platform: Platform):
    message = dead(platform)
    before = all_verbs()
    answer = client_of(person("lena")).post(f"/outbox/messages/{message.public_id}/replay/", {"reason": " "})
    message.refresh_from_db()
    assert (answer.status_code, message.state) == (422, "dead")
    assert all_verbs() == before


def test_what_is_not_dead_is_not_sent_again(platform: Platform):
    message = post(platform.endpoint)
    work()
    before = all_verbs()
    assert not actions.replay_message(message, actor=person("lena"), reason="again")
    pause_is_over()
    assert work() == 0
    assert all_verbs() == before


def test_mona_may_not(platform: Platform):
    message = dead(platform)
    answer = client_of(person("mona")).post(f"/outbox/messages/{message.public_id}/replay/", {"reason": "x"})
    assert answer.status_code == 403
    assert "outbox.replayed" not in all_verbs()
