"""From an approved escalation to an encrypted package in the store: what is in it, and that nothing else leaves."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from casework.escalations import actions, packing, tasks
from casework.escalations.models import Escalation, Package, PackagePicture
from casework.evidence import marking
from casework.evidence.models import Blob, Mark, SignalRecord
from casework.evidence.storage import FileStore
from casework.jobs.models import Job
from casework.partners import actions as actions_of_partners
from casework.partners.models import PartnerKey
from casework.privacy.keyring import KeyMissing
from tests.cast import client_of, person
from tests.escalations.package.rows import FACTS, approved, begun, files, garden, made, police
from tests.evidence.leaks import cropped
from tests.evidence.making import open_reveal
from tests.evidence.test_tracing import run_command, trace_of
from tests.journal import verbs_of
from tests.partners.directory import make_key

pytestmark = pytest.mark.django_db


def returned(package: Package) -> Escalation:
    """The escalation of a package that could not be made: back with its author, without any approval."""
    package.refresh_from_db()
    assert package.state == Package.State.FAILED
    escalation = Escalation.objects.get(pk=package.escalation_id)
    assert (escalation.state, escalation.approved_by, escalation.sent_at) == ("returned", None, None)
    assert escalation.returned_why == package.failure
    return escalation


def test_a_worker_makes_the_package_and_sends_it_in_the_same_moment(store: FileStore) -> None:
    case = garden()
    package = made(approved(case, police()))
    assert package.state == Package.State.READY
    assert package.storage_key is not None
    stored = store.read(package.storage_key).read()
    assert (len(stored), hashlib.sha256(stored).hexdigest()) == (package.size, package.sha256)
    assert stored.startswith(b"age-encryption.org/v1")
    assert (package.done_bytes, package.total_bytes) == (package.total_bytes, package.total_bytes)
    assert package.escalation.state == "sent"
    done = [verb for verb in verbs_of(case) if verb.startswith("package.")]
    assert done == ["package.asked", "package.begun", "package.made"]
    assert verbs_of(case).index("escalation.sent") > verbs_of(case).index("package.made")


def test_the_package_says_what_was_chosen() -> None:
    case = garden()
    found = files(made(approved(case, police())))
    sheet = found["data/facts.html"].decode()
    for told in (case.number, FACTS, "order 7 of the court", "StGB 201a", "https://pictures.example/p/1"):
        assert told in sheet
    [item] = json.loads(found["data/items.json"])["items"]
    assert item["digests"]["SHA256"] == case.items.get().sha256
    assert item["digests"]["PDQ"] == "f0" * 32


def test_asked_twice_it_is_one_package_and_one_job() -> None:
    package = approved(garden(), police())
    again = actions.ask_for_package(package.escalation, actor=person("lena"))
    assert again.pk == package.pk
    assert Job.objects.filter(kind="escalations.package").count() == 1
    assert verbs_of(package.escalation.case).count("package.asked") == 1


def test_a_job_that_comes_late_changes_nothing() -> None:
    package = made(approved(garden(), police()))
    before = package.sha256
    late = Job.objects.get(kind="escalations.package")
    Job.objects.filter(pk=late.pk).update(state="queued", not_before=timezone.now())
    tasks.make_package(str(package.public_id), start=begun(package))
    package.refresh_from_db()
    assert package.sha256 == before
    assert verbs_of(package.escalation.case).count("package.made") == 1


# --- pictures ------------------------------------------------------------------------------------------------------


def test_a_picture_goes_along_in_colour_and_a_trace_names_who_received_it() -> None:
    case = garden()
    package = made(approved(case, police(), pictures=True))
    picture = files(package)["data/pictures/exhibit-1.jpg"]
    told = json.loads(files(package)["data/items.json"])
    mark = Mark.objects.get(purpose=Mark.Purpose.EXPORT)
    assert told["items"][0]["included"]["mark"] == str(mark.public_id)
    assert str(mark.value) not in json.dumps(told)
    assert mark.recipient == "Police of Exampleton"
    red, green, _blue = Image.open(io.BytesIO(picture)).split()
    assert red.tobytes() != green.tobytes()
    trace = trace_of(picture)
    assert (trace.verdict, trace.mark) == ("named", mark)


def test_the_page_of_a_trace_names_the_recipient() -> None:
    package = made(approved(garden(), police(), pictures=True))
    trace = trace_of(files(package)["data/pictures/exhibit-1.jpg"])
    page = client_of(person("lena")).get(reverse("evidence_trace", args=[trace.public_id]))
    assert "This is the copy that Police of Exampleton received" in page.content.decode()


def test_the_command_names_the_recipient_of_a_cropped_copy(tmp_path: Path) -> None:
    package = made(approved(garden(), police(), pictures=True))
    (tmp_path / "copy.jpg").write_bytes(cropped(files(package)["data/pictures/exhibit-1.jpg"]))
    code, said = run_command(tmp_path / "copy.jpg")
    assert code == 0
    assert "This is the copy that Police of Exampleton received" in said


def test_two_packages_of_one_picture_carry_different_marks() -> None:
    case = garden()
    first = made(approved(case, police(), pictures=True))
    second = made(approved(case, police("Police of Elsewhere"), pictures=True))
    marks = [each.pictures.get().mark for each in (first, second)]
    assert marks[0].value != marks[1].value
    one, other = (files(each)["data/pictures/exhibit-1.jpg"] for each in (first, second))
    assert one != other


def test_never_the_original() -> None:
    case = garden()
    found = files(made(approved(case, police(), pictures=True)))
    assert case.items.get().sha256 not in {hashlib.sha256(data).hexdigest() for data in found.values()}


def test_marks_are_rows_before_a_byte_bears_them(monkeypatch: pytest.MonkeyPatch) -> None:
    package = approved(garden(), police(), pictures=True)

    def looked_at(mark: Mark, rendition: bytes, *, words: str) -> bytes:
        assert PackagePicture.objects.get(mark=mark).package == package
        assert words == f"Police of Exampleton {str(package.public_id)[:8]}"
        assert "package.begun" in verbs_of(package.escalation.case)
        return real(mark, rendition, words=words)

    real = marking.handed_over
    monkeypatch.setattr(marking, "handed_over", looked_at)
    assert made(package).state == Package.State.READY


def test_a_large_package_goes_on_where_the_last_job_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "SLICE", -1.0)  # one picture a job
    package = approved(garden(3), police(), pictures=True)
    drawn: list[int] = []
    real = marking.handed_over

    def counted(mark: Mark, rendition: bytes, *, words: str) -> bytes:
        drawn.append(mark.pk)
        return real(mark, rendition, words=words)

    monkeypatch.setattr(marking, "handed_over", counted)
    for number in (1, 2):
        assert made(package).state == Package.State.MAKING
        assert package.pictures.filter(blob__isnull=False).count() == number
    assert made(package).state == Package.State.READY
    assert len(drawn) == len(set(drawn)) == 3
    assert len([name for name in files(package) if name.startswith("data/pictures/")]) == 3


def test_after_many_marks_the_stream_has_a_job_of_its_own(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = approved(garden(2), police(), pictures=True)
    with monkeypatch.context() as long:
        long.setattr(packing, "SMALL_SLICE", -1.0)
        assert made(package).state == Package.State.MAKING
    assert (package.storage_key, package.total_bytes) == (None, None)
    assert Job.objects.filter(kind="escalations.package").count() == 2
    page = client_of(person("mona")).get(reverse("escalation", args=[package.escalation.public_id]))
    assert "2 of 2 pictures are marked." in page.content.decode()

    def never(*args: Any, **kwargs: Any) -> bytes:
        raise AssertionError("it was marked already")

    monkeypatch.setattr(marking, "handed_over", never)
    assert made(package).state == Package.State.READY
    assert len([name for name in files(package) if name.startswith("data/pictures/")]) == 2


def test_marked_pictures_are_gone_once_the_package_is_ready(
    store: FileStore, django_capture_on_commit_callbacks: Any
) -> None:
    package = approved(garden(), police(), pictures=True)
    before = Blob.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        made(package)
    assert Blob.objects.count() == before
    assert {found.key for found in store.iterate()} == {
        *Blob.objects.values_list("storage_key", flat=True), package.storage_key
    }  # fmt: skip


# --- what may have changed since -----------------------------------------------------------------------------------


def test_looks_decisions_and_effects_after_the_approval_change_nothing_of_it() -> None:
    case = garden()
    package = approved(case, police())
    open_reveal(case.items.get(), person("mona"))
    made(package)
    assert package.state == Package.State.READY
    told = json.loads(files(package)["data/custody.json"])
    assert "viewed clear" not in {event["action"] for event in told}


@pytest.mark.parametrize("change", ["facts", "place", "score", "partner"])
def test_what_changed_since_the_approval_does_not_leave(change: str, store: FileStore) -> None:
    case = garden()
    package = approved(case, police())
    before = {found.key for found in store.iterate()}
    escalation = package.escalation
    if change == "facts":
        Escalation.objects.filter(pk=escalation.pk).update(facts="Something else.")
    elif change == "place":
        escalation.chosen_locators.all().delete()
    elif change == "score":
        SignalRecord.objects.filter(item__case=case).update(score=0.9)
    else:
        make_key(escalation.partner)
    made(package)
    assert "has changed since it was approved" in returned(package).returned_why
    assert package.failure_code == "not_as_approved"
    assert {found.key for found in store.iterate()} == before
    assert verbs_of(case)[-2:] == ["package.failed", "escalation.returned"]


def test_an_unverified_new_key_stops_it() -> None:
    package = approved(garden(), police())
    make_key(package.escalation.partner, verified=False)
    made(package)
    assert "no verified key" in returned(package).returned_why


def test_a_key_revoked_while_it_is_being_made_stops_it_and_leaves_no_file(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = approved(garden(), police())
    before = {found.key for found in store.iterate()}
    real = packing.encrypt

    def revoked_meanwhile(*args: Any) -> int:
        PartnerKey.objects.update(revoked_at=timezone.now())
        return real(*args)

    monkeypatch.setattr(packing, "encrypt", revoked_meanwhile)
    made(package)
    returned(package)
    assert {found.key for found in store.iterate()} == before
    assert "package.made" not in verbs_of(package.escalation.case)


def test_taken_back_before_it_was_made_nothing_is_made(store: FileStore) -> None:
    package = approved(garden(), police())
    start, before = begun(package), {found.key for found in store.iterate()}
    actions.withdraw(package.escalation, actor=person("mona"), reason="A mistake.")
    packing.make(Package.objects.get(pk=package.pk), start=start)
    package.refresh_from_db()
    assert (package.state, package.failure_code) == (Package.State.FAILED, "not_approved")
    assert package.escalation.state == "withdrawn"
    assert {found.key for found in store.iterate()} == before


def test_a_picture_that_is_not_what_was_recorded_does_not_leave(store: FileStore) -> None:
    case = garden()
    package = approved(case, police(), pictures=True)
    rendition = case.items.get().rendition
    assert rendition is not None
    path = store._path(rendition.storage_key)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    made(package)
    returned(package)
    assert "evidence.doubted" in verbs_of(case)


def test_a_worker_without_the_signing_key_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise KeyMissing("package.key")

    monkeypatch.setattr("casework.escalations.package.identity.signer", missing)
    package = made(approved(garden(), police()))
    assert returned(package)
    assert package.failure_code == "no_key"


def test_a_job_that_was_stopped_for_good_returns_the_escalation_in_words() -> None:
    package = approved(garden(), police())
    actions.packages.leave_package(str(package.public_id), reason="It failed at each of its 3 starts.")
    assert "It failed at each of its 3 starts." in returned(package).returned_why
    actions.packages.leave_package(str(package.public_id), reason="again")
    assert verbs_of(package.escalation.case).count("package.failed") == 1


def test_progress_is_said_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "SAID_EVERY", 0.0)
    said: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "casework.escalations.actions.packages.note_progress",
        lambda package, *, done, total: said.append((done, total)),
    )
    made(approved(garden(), police()))
    assert said[0][0] == 0
    assert [done for done, _total in said] == sorted(done for done, _total in said)
    assert said[-1][0] == said[-1][1] > 0


def test_a_file_for_a_key_that_is_in_force_no_more_does_not_leave(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = approved(garden(), police())
    partner = package.escalation.partner

    def with_another(*args: Any) -> bool:
        make_key(partner)
        return True

    def without_it_again(*args: Any) -> int:
        done = encrypt(*args)
        actions_of_partners.revoke_key(partner.keys.first(), actor=person("lena"), reason="Not theirs.")
        return done

    encrypt = packing.encrypt
    monkeypatch.setattr(packing, "_mark_pictures", with_another)
    monkeypatch.setattr(packing, "encrypt", without_it_again)
    made(package)
    assert "keys of Police of Exampleton changed" in returned(package).returned_why
