"""What the tests of matching share: items that were examined without a worker, with hashes of their own."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from casework.cases.models import Case
from casework.evidence import comparing
from casework.evidence.actions import stage_blob
from casework.evidence.models import Blob, Frame, Item, PerceptualHash, SignalRecord, Wrap
from casework.evidence.sealing import seal
from casework.hashbanks.models import ListImport, Sweep
from casework.jobs.actions import Start, claim
from casework.jobs.models import Job
from tests.evidence.making import make_item, picture
from tests.hashbanks.making import pdq


def hashed_item(case: Case, seed: int, *, quality: int = 100) -> Item:
    """An item that was examined before: its PDQ value is ``pdq(seed)``."""
    item = make_item(case, picture(seed))
    PerceptualHash.objects.create(
        item=item, algorithm="pdq", value=pdq(seed), quality=quality, version="pdq 1"
    )
    Item.objects.filter(pk=item.pk).update(state=Item.State.EXAMINED, examined_at=timezone.now())
    item.refresh_from_db()
    return item


def add_frames(item: Item, *seeds: int) -> None:
    """Make a film of an item: one frame a seed."""
    for position, seed in enumerate(seeds):
        blobs = [
            stage_blob(seal(picture(seed), kind, Wrap.Recipient.VIEW))
            for kind in (Blob.Kind.PREVIEW, Blob.Kind.RENDITION)
        ]
        Blob.objects.filter(pk__in=[blob.pk for blob in blobs]).update(staged_until=None)
        frame = Frame.objects.create(
            item=item, position=position, at_seconds=float(position), preview=blobs[0], rendition=blobs[1]
        )
        PerceptualHash.objects.create(
            item=item, frame=frame, algorithm="pdq", value=pdq(seed), quality=100, version="pdq 1"
        )


def start_of(kind: str, **args: str) -> Start:
    """The start of the newest job of this kind that waits."""
    job = Job.objects.filter(kind=kind, args=args, state=Job.State.QUEUED).latest("pk")
    start = claim(job.public_id)
    assert start is not None
    return start


def sweep(run: Sweep) -> Sweep:
    """Do one step of a run as a worker would."""
    comparing.sweep(str(run.public_id), start=start_of("evidence.sweep", sweep=str(run.public_id)))
    run.refresh_from_db()
    return run


def import_list(asked: ListImport) -> ListImport:
    """Do one step of an import as a worker would."""
    public_id = str(asked.public_id)
    comparing.import_list(public_id, start=start_of("evidence.import_list", list_import=public_id))
    asked.refresh_from_db()
    return asked


def signal_of(item: Item) -> SignalRecord:
    """What the banks said of an item."""
    return SignalRecord.objects.get(item=item, name="banks")


def blob_exists(public_id: UUID) -> bool:
    """Whether a staged blob still has its row."""
    return Blob.objects.filter(public_id=public_id).exists()
