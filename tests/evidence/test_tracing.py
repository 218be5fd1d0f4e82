"""A copy that turned up outside names the look it came from, or says that it does not."""

from __future__ import annotations

import io
import json
import secrets
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from casework.accounts.models import User
from casework.audit.models import Entry
from casework.cases.models import Case
from casework.evidence import actions, marking, tasks, tracing
from casework.evidence.models import Blob, Item, Mark, Reveal, Trace
from casework.evidence.sealing import open_blob
from casework.evidence.storage import FileStore
from casework.jobs.actions import LostLease, Start, claim
from casework.jobs.models import Job
from casework.privacy.keyring import mark_key
from detection import watermark
from detection.sandbox import ChildDied, Usage
from tests.bench.pictures import drawn
from tests.cast import client_of, make_case, person, refusal
from tests.evidence.leaks import cropped, look, make_shown, saved
from tests.evidence.making import entries

pytestmark = pytest.mark.django_db


def hand_in(browser: Client, *copies: bytes) -> Any:
    files = [SimpleUploadedFile(f"copy{n}.jpg", data, "image/jpeg") for n, data in enumerate(copies)]
    return browser.post(reverse("evidence_traces"), {"copy": files} if files else {})


def start_of(trace: Trace) -> Start:
    job = Job.objects.filter(args={"trace": str(trace.public_id)}, state=Job.State.QUEUED).latest("pk")
    start = claim(job.public_id)
    assert start is not None
    return start


def trace_of(data: bytes, name: str = "lena") -> Trace:
    """Hand in a copy by the page and let a worker do what it finds in the ledger."""
    answer = hand_in(client_of(person(name)), data)
    assert answer.status_code == 302, answer.content.decode()
    trace = Trace.objects.latest("pk")
    assert answer.url == reverse("evidence_trace", args=[trace.public_id])
    tasks.trace_copy(str(trace.public_id), start=start_of(trace))
    trace.refresh_from_db()
    return trace


def page_of(trace: Trace, name: str = "lena") -> str:
    answer = client_of(person(name)).get(reverse("evidence_trace", args=[trace.public_id]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def told_by_the_log(verb: str) -> dict[str, Any]:
    entry = Entry.objects.get(verb=verb)
    assert entry.actor == person("lena")
    assert entry.case_id is None, "a line on the case's timeline would warn whoever is looked for"
    return dict(json.loads(bytes(entry.body))["data"])


@pytest.fixture
def item() -> Item:
    return make_shown(make_case(), 3)


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "in colour"])
def test_a_copy_of_what_mona_was_shown_names_her_look(item: Item, colour: bool) -> None:
    look(item, "milo")
    reveal, shown = look(item, "mona", colour=colour)
    trace = trace_of(shown)
    assert (trace.verdict, trace.mark, trace.item) == ("named", reveal.mark, item)
    assert trace.chance is not None
    assert trace.chance <= 1e-6
    page = page_of(trace)
    for words in ("This was shown to Mona", item.case.number, str(reveal.public_id)[:8], "to decide"):
        assert words in page
    said = told_by_the_log("evidence.traced")
    assert said["sha256"] == trace.sha256 == told_by_the_log("evidence.trace_asked")["sha256"]
    assert (said["verdict"], said["mark"]) == ("named", str(reveal.mark.public_id))


def test_a_cropped_and_scaled_copy_names_the_look_among_others(item: Item) -> None:
    for seed in (11, 12, 13):
        look(make_shown(make_case(), seed), "milo")
    _others, (reveal, shown) = [look(item, name) for name in ("milo", "sena")], look(item, "mona")
    for seed in (14, 15):
        look(make_shown(make_case(), seed), "milo")
    trace = trace_of(cropped(shown))
    assert (trace.verdict, trace.mark) == ("named", reveal.mark)
    assert trace.candidates == 6


def test_the_copy_is_removed_with_the_answer(
    item: Item, vault: FileStore, django_capture_on_commit_callbacks: Any
) -> None:
    _reveal, shown = look(item)
    before = {found.key for found in vault.iterate()}
    with django_capture_on_commit_callbacks(execute=True):
        trace = trace_of(shown)
    assert trace.copy is None
    assert {found.key for found in vault.iterate()} == before


def test_while_it_waits_the_copy_is_sealed_and_the_page_says_that_a_worker_comes(item: Item) -> None:
    _reveal, shown = look(item)
    hand_in(client_of(person("lena")), shown)
    trace = Trace.objects.get()
    assert trace.copy is not None
    assert trace.copy.wrap.recipient == "vault"
    assert trace.copy.staged_for == trace.public_id
    page = page_of(trace)
    assert "The copy is being compared" in page
    assert 'hx-trigger="every 2s"' in page
    assert "/image/" not in page and "<img" not in page  # noqa: PT018
    assert entries("evidence.traced") == 0


def test_a_copy_that_never_passed_through_a_look_is_recognised_and_names_nobody(item: Item) -> None:
    look(item)
    assert item.rendition is not None
    trace = trace_of(open_blob(item.rendition))
    assert (trace.verdict, trace.mark, trace.item) == ("recognised", None, item)
    assert "no mark can be read" in page_of(trace)
    assert "mark" not in told_by_the_log("evidence.traced")


def test_another_picture_is_none_of_ours(item: Item) -> None:
    look(item)
    trace = trace_of(drawn((640, 480), 99))
    assert (trace.verdict, trace.mark, trace.item, trace.compared) == ("nothing", None, None, 1)
    assert "No mark of ours" in page_of(trace)


def test_a_mark_that_no_record_names_is_said_to_be_one(item: Item) -> None:
    reveal, shown = look(item)
    look(item, "milo")
    Mark.objects.filter(pk=reveal.mark.pk).update(value=secrets.randbits(48))
    trace = trace_of(shown)
    assert (trace.verdict, trace.mark, trace.item) == ("unknown_mark", None, item)


def test_a_file_that_is_no_picture_is_not_compared_and_says_so(item: Item) -> None:
    look(item)
    trace = trace_of(b"%PDF-1.7 a letter about lighthouses")
    assert (trace.verdict, trace.candidates) == ("unopened", None)
    assert "This is not a JPEG" in page_of(trace)


def test_a_copy_that_ends_its_reader_is_tried_again_and_then_given_up_in_words(
    item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = ChildDied("SIGSEGV", "The reader was stopped (SIGSEGV).", Usage(0.1))
    monkeypatch.setattr("detection.copies.open_copy", lambda *args, **kwargs: died)
    hand_in(client_of(person("lena")), drawn((64, 64), 1))
    trace = Trace.objects.get()
    with pytest.raises(tracing.ReaderDied):
        tasks.trace_copy(str(trace.public_id), start=start_of(trace))
    actions.leave_untraced(str(trace.public_id), reason="started three times")
    trace.refresh_from_db()
    assert (trace.verdict, trace.copy) == ("unopened", None)
    assert "ended the program that opened it" in trace.reason
    assert entries("evidence.traced") == 1


def test_a_trace_with_much_to_compare_goes_on_in_the_next_job(
    item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    reveal, shown = look(item)
    for seed in (21, 22):
        look(make_shown(make_case(), seed), "milo")
    monkeypatch.setattr(tasks, "TRACE_SLICE", 0.0)  # one picture a job
    copy = saved(Image.open(io.BytesIO(cropped(shown))), quality=60)
    hand_in(client_of(person("lena")), copy)
    trace = Trace.objects.get()
    ticks = iter(range(1000))
    monkeypatch.setattr(tracing.time, "monotonic", lambda: float(next(ticks) // 3))
    starts = 0
    while trace.finished_at is None and starts < 9:
        tasks.trace_copy(str(trace.public_id), start=start_of(trace))
        trace.refresh_from_db()
        starts += 1
    assert starts > 1
    assert (trace.verdict, trace.mark) == ("named", reveal.mark)
    assert entries("evidence.traced") == 1


def test_pictures_left_out_of_a_long_search_are_counted(item: Item, settings: Any) -> None:
    settings.TRACE_MOST = 1
    look(item)
    look(make_shown(make_case(), 31), "milo")
    trace = trace_of(drawn((640, 480), 99))
    assert (trace.verdict, trace.candidates, trace.compared) == ("nothing", 2, 1)
    assert "1 were not" in page_of(trace)


def test_a_rendition_that_does_not_open_is_counted_as_unread(item: Item, vault: FileStore) -> None:
    look(item)
    assert item.rendition is not None
    path = vault._path(item.rendition.storage_key)
    path.write_bytes(path.read_bytes()[:-1])
    trace = trace_of(drawn((640, 480), 99))
    assert (trace.verdict, trace.unread) == ("nothing", 1)
    assert "1 of them could not be opened" in page_of(trace)


def test_near_pictures_are_compared_first_and_then_the_newest_looks() -> None:
    copy = Image.open(io.BytesIO(drawn((640, 480), 3)))
    leak = tracing.Leak(copy, (int("0f" * 32, 16),))
    pdqs = {"far, older": "f0" * 32, "near": "0f" * 31 + "1f", "far, newer": "f0" * 32, "nearest": "0f" * 32}
    seen = {}
    for seed, (which, pdq) in enumerate(pdqs.items(), start=41):
        item = make_shown(make_case(), seed, (160, 120), pdq=pdq)
        look(item, "milo")
        seen[item.rendition_id] = which
    trace = actions.begin_trace("0" * 64, actor=None, operator="test")
    order = [seen[rendition] for rendition in tracing.ordered_candidates(leak, trace)]
    assert order == ["nearest", "near", "far, newer", "far, older"]


def test_the_more_was_compared_the_surer_an_answer_must_be(
    item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    reveal, _shown = look(item)
    trace = actions.begin_trace("0" * 64, actor=None, operator="test")
    reading = watermark.Reading(int(reveal.mark.value), 1e-7, 7.0, None, 0.99, 1.0)
    monkeypatch.setattr(watermark, "recognise", lambda *args, **kwargs: reading)
    leak = tracing.Leak(Image.new("RGB", (64, 64)), (0,))
    rendition = reveal.mark.rendition
    trace.candidates = 10
    assert tracing._compare(leak, trace, rendition, mark_key()) is not None
    trace.candidates = 11
    assert tracing._compare(leak, trace, rendition, mark_key()) is None


def uncleared_supervisor() -> User:
    leo = person("milo")
    leo.role, leo.cleared = person("lena").role, False
    leo.save(update_fields=["role", "cleared"])
    return leo


@pytest.fixture
def hidden() -> tuple[Case, Reveal, bytes]:
    case = make_case(minor_indicated=True)
    reveal, shown = look(make_shown(case, 5), "sena")
    return case, reveal, shown


def test_a_copy_from_a_restricted_case_is_none_of_ours_for_who_is_not_cleared(
    hidden: tuple[Case, Reveal, bytes],
) -> None:
    case, _reveal, shown = hidden
    lena = person("lena")
    lena.cleared = False
    lena.save(update_fields=["cleared"])
    trace = trace_of(shown)
    assert (trace.verdict, trace.candidates) == ("nothing", 0)
    assert case.number not in page_of(trace)


def test_the_same_picture_in_an_open_case_does_not_betray_the_restricted_one(
    hidden: tuple[Case, Reveal, bytes],
) -> None:
    _case, _reveal, shown = hidden
    look(make_shown(make_case(), 5), "milo")
    lena = person("lena")
    lena.cleared = False
    lena.save(update_fields=["cleared"])
    assert trace_of(shown).verdict == "recognised", "its mark is not said to be one of ours"


def test_how_many_the_cleared_compared_with_is_not_said_to_others(hidden: tuple[Case, Reveal, bytes]) -> None:
    trace = trace_of(drawn((300, 200), 9), "lena")
    assert (trace.verdict, trace.candidates) == ("nothing", 1)
    assert "1 of 1 picture compared" in page_of(trace)
    other = uncleared_supervisor()
    text = client_of(other).get(reverse("evidence_trace", args=[trace.public_id])).content.decode()
    assert "No mark of ours" in text
    assert "compared" not in text.replace("was compared with", "").replace("it was compared", "")


def test_a_copy_from_a_restricted_case_names_the_look_to_the_cleared(
    hidden: tuple[Case, Reveal, bytes],
) -> None:
    case, reveal, shown = hidden
    trace = trace_of(shown)
    assert (trace.verdict, trace.mark) == ("named", reveal.mark)
    assert case.number in page_of(trace)


def test_a_trace_that_led_to_a_case_restricted_since_no_longer_exists_for_others(item: Item) -> None:
    _reveal, shown = look(item)
    trace = trace_of(shown)
    lena = person("lena")
    lena.cleared = False
    lena.save(update_fields=["cleared"])
    Case.objects.filter(pk=item.case.pk).update(restricted=True)
    browser = client_of(lena)
    assert browser.get(reverse("evidence_trace", args=[trace.public_id])).status_code == 404
    assert item.case.number not in browser.get(reverse("evidence_traces")).content.decode()


def test_an_exported_copy_names_who_received_it(item: Item) -> None:
    assert item.rendition is not None
    exported = Mark.objects.create(
        value=12345, purpose=Mark.Purpose.EXPORT, item=item, rendition=item.rendition, recipient="A hotline"
    )
    data = marking.marked(open_blob(item.rendition), "A hotline", coloured=True, mark=12345, key=mark_key())
    trace = trace_of(data)
    assert (trace.verdict, trace.mark) == ("named", exported)
    assert "This is the copy that A hotline received" in page_of(trace)


@pytest.mark.parametrize("name", ["mona", "sena", "lex", "audra", "ada", "nia"])
def test_only_supervisors_trace(item: Item, name: str) -> None:
    _reveal, shown = look(item)
    staged = Blob.objects.filter(staged_until__isnull=False)
    before = staged.count()
    browser = client_of(person(name))
    assert hand_in(browser, shown).status_code == refusal(name)
    assert browser.get(reverse("evidence_trace", args=[uuid4()])).status_code == refusal(name)
    assert not Trace.objects.exists()
    assert entries("evidence.trace_asked") == 0
    assert staged.count() <= before + 1, "what was sent all the same is sealed, staged and reaped"


@pytest.mark.parametrize("count", [0, 2])
def test_one_file_at_a_time_and_nothing_of_others_is_kept(count: int) -> None:
    answer = hand_in(client_of(person("lena")), *[drawn((64, 64), seed) for seed in range(count)])
    assert answer.status_code == 422
    assert "Choose one file" in answer.content.decode()
    assert not Trace.objects.exists()
    assert not Blob.objects.exists()


def test_a_worker_that_lost_its_lease_answers_nothing(item: Item) -> None:
    _reveal, shown = look(item)
    hand_in(client_of(person("lena")), shown)
    trace = Trace.objects.get()
    late = start_of(trace)
    Job.objects.filter(public_id=late.job).update(token=uuid4())
    with pytest.raises(LostLease):
        tasks.trace_copy(str(trace.public_id), start=late)
    trace.refresh_from_db()
    assert trace.finished_at is None
    assert entries("evidence.traced") == 0


def test_a_late_worker_takes_nothing_back_from_an_answer(item: Item) -> None:
    _reveal, shown = look(item)
    trace = trace_of(shown)
    late = Trace.objects.get(pk=trace.pk)
    late.item, late.compared, late.finished_at = None, 0, None
    actions.note_compared(late)
    trace.refresh_from_db()
    assert (trace.verdict, trace.item) == ("named", item)


def test_an_answer_is_given_once(item: Item) -> None:
    _reveal, shown = look(item)
    trace = trace_of(shown)
    assert not actions.finish_trace(trace, actions.Answer(Trace.Verdict.NOTHING))
    trace.refresh_from_db()
    assert trace.verdict == "named"
    assert entries("evidence.traced") == 1


@pytest.mark.usefixtures("as_web")
def test_without_the_vault_key_the_copy_is_not_opened_and_says_so(item: Item) -> None:
    _reveal, shown = look(item)
    assert trace_of(shown).verdict == "unopened"


def test_a_verdict_that_names_nobody_holds_no_mark(item: Item) -> None:
    reveal, _shown = look(item)
    trace = actions.begin_trace("0" * 64, actor=None, operator="test")
    answer = actions.Answer(Trace.Verdict.NOTHING, mark=reveal.mark)
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.finish_trace(trace, answer)


def run_command(file: Path, *options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("trace", str(file), *options, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_the_command_names_the_same_look(item: Item, tmp_path: Path) -> None:
    _reveal, shown = look(item)
    (tmp_path / "copy.jpg").write_bytes(cropped(shown))
    code, said = run_command(tmp_path / "copy.jpg")
    assert code == 0
    assert "This was shown to Mona" in said
    assert item.case.number in said
    assert "Not compared: pictures of restricted cases" in said
    traced = Entry.objects.get(verb="evidence.traced")
    assert (traced.actor, json.loads(bytes(traced.body))["data"]["verdict"]) == (None, "named")


def test_the_command_leaves_restricted_cases_to_the_cleared(
    hidden: tuple[Case, Reveal, bytes], tmp_path: Path
) -> None:
    case, _reveal, shown = hidden
    (tmp_path / "copy.jpg").write_bytes(shown)
    code, said = run_command(tmp_path / "copy.jpg")
    assert (code, case.number in said) == (1, False)
    person("lena")
    code, said = run_command(tmp_path / "copy.jpg", "--by", "lena@demo.test")
    assert (code, case.number in said) == (0, True)
    assert Entry.objects.filter(verb="evidence.traced", actor=person("lena")).count() == 1


def test_the_command_says_what_it_could_not_compare(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_bytes(b"Dear harbour master")
    assert run_command(tmp_path / "letter.txt")[0] == 2
    before = entries("evidence.trace_asked")
    for wrong in ([tmp_path / "missing.jpg"], [tmp_path / "letter.txt", "--by", "stan@demo.test"]):
        with pytest.raises(CommandError):
            call_command("trace", *map(str, wrong), stdout=io.StringIO())
    assert entries("evidence.trace_asked") == before
