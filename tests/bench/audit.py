"""What the log costs: appends a second, time to seal, rows verified a second.

Run it on a database of its own (``make bench`` does):
    python -m casework.runtime with-database -- .venv/bin/python -m tests.bench.audit [--entries N] [--seconds S]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django

CLIENTS = (1, 4, 16)


def append_for(seconds: float, ready: Any, who: int, answers: Any) -> None:
    """One client: a committed transaction with one entry each, as fast as it goes; sends its latencies (s)."""
    django.setup()
    from django.db import connection, transaction

    from casework.accounts.models import User
    from casework.audit.log import Verb, record

    connection.ensure_connection()
    actor = User.objects.get(pk=who)
    took: list[float] = []
    ready.wait()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        with transaction.atomic():
            record(Verb.CASE_READ, actor=actor, subject=actor, number=len(took))
        took.append(time.perf_counter() - begun)
    answers.put(took)


def appends(clients: int, seconds: float) -> str:
    """Appends a second of so many people, in processes of their own, with the sealer running beside them."""
    from casework.accounts.models import User

    context = get_context("spawn")
    answers = context.Queue()
    ready = context.Barrier(clients)
    people = [
        User.objects.create_user(f"bench{clients}-{number}@demo.test", name="Bench")
        for number in range(clients)
    ]
    running = [context.Process(target=append_for, args=(seconds, ready, who.pk, answers)) for who in people]
    for process in running:
        process.start()
    took = sorted(one for _client in running for one in answers.get())
    for process in running:
        process.join()
    p99 = took[int(len(took) * 0.99)] * 1000
    return f"{clients:>3} clients: {len(took) / seconds:>7,.0f} appends/s, p99 {p99:.1f} ms"


def fill(count: int, who: int) -> None:
    """*count* entries in few transactions."""
    from django.db import transaction

    from casework.accounts.models import User
    from casework.audit.log import Verb, record

    actor = User.objects.get(pk=who)
    for begin in range(0, count, 5_000):
        with transaction.atomic():
            for number in range(begin, min(begin + 5_000, count)):
                record(Verb.CASE_READ, actor=actor, subject=actor, number=number)


def seal_latency(rounds: int, who: int) -> str:
    """From the commit of an entry to its seal, with the sealer of production beside it."""
    from casework.audit.models import Entry

    waits = []
    for number in range(rounds):
        fill(1, who)
        begun = time.perf_counter()
        entry = Entry.objects.order_by("-id")[0]
        while not hasattr(Entry.objects.select_related("seal").get(pk=entry.pk), "seal"):
            time.sleep(0.01)
        waits.append(time.perf_counter() - begun)
        time.sleep(0.05 * (number % 7))
    return f"from commit to seal: median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s"


def main() -> None:
    """Make the schema, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    chosen = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "casework.settings"
    os.environ["CHECKPOINT_FILE"] = str(Path(tempfile.mkdtemp(prefix="casework-bench-")) / "checkpoints.log")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from casework.accounts.models import User
    from casework.audit import identity, sealer, verification
    from casework.audit.journal import Journal
    from casework.audit.proofs import of_entries

    actor = User.objects.create_user("bench@demo.test", name="Bench")
    stop = threading.Event()
    active = threading.Thread(target=lambda: sealer.run(sealer.configured(), stop))
    active.start()
    for clients in CLIENTS:
        print(appends(clients, chosen.seconds), flush=True)
    print(seal_latency(20, actor.pk), flush=True)
    stop.set()
    active.join()

    fill(chosen.entries, actor.pk)
    begun = time.perf_counter()
    made = sealer.configured()
    made.open()
    opened = time.perf_counter() - begun
    backlog = 0
    begun = time.perf_counter()
    while sealed := made.seal():
        backlog += sealed
    print(f"a backlog is sealed at {backlog / (time.perf_counter() - begun):,.0f} entries/s ({backlog:,})")

    journal = Journal(Path(os.environ["CHECKPOINT_FILE"]))
    begun = time.perf_counter()
    found = verification.verify(journal, identity.verifier(journal.last_note()))
    took = time.perf_counter() - begun
    assert not found.fault_count, found.faults
    print(
        f"verified {found.entries:,} entries, {found.checkpoints} checkpoints: {found.entries / took:,.0f} entries/s"
    )
    begun = time.perf_counter()
    made = sealer.configured()
    made.open()
    print(f"a sealer starts on them in {time.perf_counter() - begun:.2f} s (on the empty log {opened:.2f} s)")
    from casework.audit.models import Entry

    begun = time.perf_counter()
    of_entries(list(Entry.objects.select_related("seal")[:1]), None)
    print(f"one inclusion proof out of {found.entries:,}: {(time.perf_counter() - begun) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
