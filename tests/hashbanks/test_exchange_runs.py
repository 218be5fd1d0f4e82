"""A run survives what happens to it: a server that fails, a worker that dies, somebody who pauses it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from casework.hashbanks.exchanges import actions
from casework.hashbanks.exchanges import tasks as exchange_tasks
from casework.hashbanks.exchanges.actions import fetching
from casework.hashbanks.exchanges.actions.patience import seconds_to_wait
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank, Entry, Sweep
from casework.jobs import tasks
from casework.jobs.actions import LostLease, claim
from casework.jobs.actions.reaping import lose_start
from casework.jobs.models import Job
from casework.outbox.errors import BadStatus
from tests.cast import person
from tests.hashbanks.exchanging import again, connect, end_lease, in_force, logged, ready, work
from tests.hashbanks.making import keep, make_bank, pdq
from tests.hashbanks.servers.stopncii import StopNCIIServer

pytestmark = pytest.mark.usefixtures("loopback_allowed")
SEEDS = range(6)


@pytest.fixture
def server() -> Iterator[StopNCIIServer]:
    with StopNCIIServer(page_size=2) as running:
        for seed in SEEDS:
            running.put(pdq(seed).hex())
        yield running
        assert running.problems == []


def minutes_until(exchange: Exchange) -> float:
    exchange.refresh_from_db()
    assert exchange.next_run_at is not None
    return (exchange.next_run_at - timezone.now()).total_seconds() / 60


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["429", "500", "503", "nonsense"])
def test_a_server_that_fails_in_the_middle_is_tried_again_from_there(
    server: StopNCIIServer, mode: str
) -> None:
    exchange = connect(server.address, "stopncii")
    server.mode, server.mode_from = mode, 1
    work(exchange)
    assert len(in_force(exchange.bank)) == 2
    assert (exchange.failures, exchange.running, exchange.last_ok_at) == (1, False, None)
    assert 0.5 < minutes_until(exchange) < 1.5
    [failed] = logged("exchange.not_fetched")
    assert (failed["added"], failed["failures"]) == (2, 1)
    assert Sweep.objects.count() == 1  # what did come is compared with stored evidence already
    server.mode = "ok"
    again(exchange)
    assert set(in_force(exchange.bank)) == {pdq(seed).hex() for seed in SEEDS}
    assert (exchange.failures, exchange.last_error) == (0, "")
    assert "token" in server.asked[2].query["nextPageToken"]
    assert Entry.objects.count() == len(SEEDS)


@pytest.mark.django_db
def test_what_the_server_said_and_when_it_is_tried_again_can_be_read(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii")
    server.mode, server.retry_after = "503", "7200"
    work(exchange)
    assert "503" in exchange.last_error
    assert 119 < minutes_until(exchange) < 121


@pytest.mark.django_db
def test_wrong_keys_are_said_to_be_wrong(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii")
    exchange.credentials = {"subscription_key": "wrong"}
    exchange.save()
    again(exchange)
    assert "did not accept our keys" in exchange.last_error


def test_waiting_doubles_up_to_six_hours_and_is_never_shorter_than_asked() -> None:
    for failures, expected in [(1, 60), (2, 120), (5, 960), (20, 21600), (1000, 21600)]:
        drawn = {seconds_to_wait(failures) for _ in range(50)}
        assert all(0.8 * expected <= seconds <= 1.2 * expected for seconds in drawn)
        assert len(drawn) > 1
    assert seconds_to_wait(1, BadStatus(429, "", retry_after=9000.0)) == 9000.0


@pytest.mark.django_db
def test_a_run_longer_than_a_job_goes_on_in_the_next_one(
    server: StopNCIIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_tasks, "SLICE", -1.0)
    monkeypatch.setattr(fetching, "_DROPPED_AT_ONCE", 1)
    exchange = connect(server.address, "stopncii")
    work(exchange)
    assert len(in_force(exchange.bank)) == len(SEEDS)
    assert Job.objects.filter(kind="hashbanks.fetch", state="done").count() == 3
    assert len(logged("exchange.fetched")) == 1


@pytest.mark.django_db
def test_nothing_is_begun_before_its_time_or_twice(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii", interval_minutes=60)
    work(exchange)
    assert 59 < minutes_until(exchange) < 61
    work(exchange)
    assert actions.begin_due() == 0
    assert len(logged("exchange.fetched")) == 1


@pytest.mark.django_db
def test_a_paused_run_stores_nothing_more(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii")
    actions.begin_due()
    job = ready()
    assert job is not None
    start = claim(job.public_id)
    assert start is not None
    exchange.refresh_from_db()
    pages = exchange_tasks.connect(exchange).fetch({})
    actions.keep_page(exchange, next(pages), start=start)
    actions.pause_exchange(Exchange.objects.get(), actor=person("lena"))
    with pytest.raises(actions.Replaced):
        actions.keep_page(exchange, next(pages), start=start)
    assert len(in_force(exchange.bank)) == 2


@pytest.mark.django_db
def test_a_worker_that_was_thought_dead_stores_nothing_more(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii")
    actions.begin_due()
    job = ready()
    assert job is not None
    late = claim(job.public_id)
    assert late is not None
    end_lease(job)
    assert claim(job.public_id) is not None
    exchange.refresh_from_db()
    page = next(exchange_tasks.connect(exchange).fetch({}))
    for write in (
        lambda: actions.keep_page(exchange, page, start=late),
        lambda: actions.finish_run(exchange, start=late),
    ):
        with pytest.raises(LostLease):
            write()
    assert in_force(exchange.bank) == {}
    assert logged("exchange.fetched") == []


@pytest.mark.django_db
def test_lena_reads_an_exchange_now_and_only_once_at_a_time(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii")
    work(exchange)
    lena = person("lena")
    assert actions.run_now(exchange, actor=lena)
    assert not actions.run_now(exchange, actor=lena)
    work(exchange)
    assert len(logged("exchange.started")) == 1
    assert len(logged("exchange.fetched")) == 2


@pytest.mark.django_db
def test_a_job_that_the_ledger_gave_up_on_shows_and_is_tried_again(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii")
    actions.begin_due()
    job = ready()
    for _start in range(3):
        assert job is not None
        assert claim(job.public_id) is not None
        job.refresh_from_db()
        lose_start(job.pk, job.token)
        Job.objects.filter(pk=job.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    job.refresh_from_db()
    exchange.refresh_from_db()
    assert (job.state, exchange.running, exchange.failures) == ("quarantined", False, 1)
    assert exchange.last_error
    again(exchange)
    assert len(in_force(exchange.bank)) == len(SEEDS)


def run_and_die(job: Job, server: StopNCIIServer) -> None:
    """Do *job* in a child that is killed while it waits for a page."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            tasks.run(str(job.public_id))
        finally:
            os._exit(0)
    assert server.hanging.wait(20)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_worker_that_is_killed_between_pages_loses_nothing_and_doubles_nothing(
    committed_db: str, server: StopNCIIServer
) -> None:
    exchange = connect(server.address, "stopncii")
    actions.begin_due()
    job = ready()
    assert job is not None
    server.mode, server.mode_from = "hang", 2
    run_and_die(job, server)
    assert len(in_force(exchange.bank)) == 4
    end_lease(job)
    server.mode = "ok"
    tasks.run(str(job.public_id))
    assert set(in_force(exchange.bank)) == {pdq(seed).hex() for seed in SEEDS}
    assert Entry.objects.count() == len(SEEDS)
    [told] = logged("exchange.fetched")
    assert (told["added"], told["pages"], told["known"]) == (6, 3, 0)
    assert [asked.query.get("nextPageToken", "") for asked in server.asked] == [
        "", "token-10-2", "token-10-4", "token-10-4",
    ]  # fmt: skip


def test_a_worker_that_is_killed_before_it_hears_the_answer_sends_again_and_the_server_replaces(
    committed_db: str,
) -> None:
    with StopNCIIServer() as server:
        bank = make_bank(source=Bank.Source.OWN)
        keep(bank, pdq(7), quality=90, origin_item="6f1c1f0e-3c5c-4f4b-9d0a-111111111111")
        exchange = connect(server.address, "stopncii", bank=bank, may_send_hashes=True)
        actions.begin_due()
        job = ready()
        assert job is not None
        server.mode = "hang"
        run_and_die(job, server)
        assert exchange.sent.count() == 0
        end_lease(job)
        server.mode = "ok"
        tasks.run(str(job.public_id))
        tasks.run(str(job.public_id))
        assert exchange.sent.count() == 1
        assert len(server.records) == 1
        assert len(server.asked) == 2
        assert len(logged("exchange.sent")) == 1
