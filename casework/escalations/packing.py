"""The worker's room where a package is made: pictures marked and sealed one by one, then everything as one stream
through age into the evidence store. Clear bytes are only ever in memory, a picture at a time.

One job has two minutes. What takes long is marking, and a marked picture is kept (sealed) for the next job, so that a
large package goes on where the last job stopped, or died. age draws a new key for each file, so the stream itself
begins anew; it has a job of its own wherever there was much to mark, so that nothing but the stream counts against it.
"""

from __future__ import annotations

import hashlib
import io
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from django.utils import translation
from django.utils.translation import gettext as _

from casework.audit.inclusion import NotProven
from casework.evidence import marking
from casework.evidence.actions import record_doubted
from casework.evidence.models import Blob, Wrap
from casework.evidence.sealing import Doubt, open_blob, seal
from casework.evidence.storage import evidence_store
from casework.jobs.actions import Start
from casework.privacy.keyring import KeyMissing

from . import gathering
from .actions import packages
from .actions.packages import Made, NotMade
from .models import Package, PackagePicture
from .package import assembling, identity
from .package.archive import WrongSize
from .package.assembling import NotAllowed
from .package.encryption import BadRecipient, encrypt

if TYPE_CHECKING:
    from casework.partners.models import PartnerKey

#: Seconds that one job marks pictures before it leaves the rest to the next; below the time limit of a job.
SLICE = 60.0
#: A job that has spent more seconds on marks leaves the stream to the next one, which has its whole time for it.
SMALL_SLICE = 10.0
#: Seconds between two words on how far it is.
SAID_EVERY = 1.0


def make(package: Package, *, start: Start) -> None:
    """Make *package*, or as much of it as one job has time for. What can't be is said to the author.

    Raises what the ledger should try again: a full store, a lost lease.
    """
    try:
        if not packages.begin_package(package, start=start):
            return
        if not _mark_pictures(package, start):
            packages.go_on_making(package, start=start)
            return
        _write(package, start)
    except NotMade as why:
        packages.fail_package(package, why.code, why.sentence, start=start)


def _mark_pictures(package: Package, start: Start) -> bool:
    """Mark and seal the pictures that are not yet; False when the next job should go on, with them or the stream."""
    began = time.monotonic()
    words = marking.words_of_export(package.escalation.partner.organisation.name, package.public_id)
    waiting = package.pictures.filter(blob__isnull=True).select_related("item__case", "mark__rendition__wrap")
    for number, picture in enumerate(waiting.iterator()):
        if number and time.monotonic() - began > SLICE:
            return False
        sealed = seal(_marked(picture, words), Blob.Kind.RENDITION, Wrap.Recipient.VIEW)
        packages.keep_picture(picture, sealed, start=start)
    return time.monotonic() - began <= SMALL_SLICE


def _marked(picture: PackagePicture, words: str) -> bytes:
    try:
        return marking.handed_over(picture.mark, open_blob(picture.mark.rendition), words=words)
    except KeyMissing as error:
        raise NotMade(
            "no_key", _("This worker holds no key for pictures and marks. Nothing left.")
        ) from error
    except Doubt as doubt:
        record_doubted(picture.item, doubt, actor=None)
        raise NotMade(doubt.code, _("A picture is not what was recorded. Nothing left.")) from doubt


def _write(package: Package, start: Start) -> None:
    """Facts, archive, age, store; then ready and sent in one transaction, or no file at all."""
    prepared = _prepared(package)
    keys = package.escalation.partner.sealing_keys()
    key = uuid.uuid4()
    part = evidence_store().open_part(key)
    into = _Counted(part.stream)
    try:
        recipients = [each.recipient for each in keys]
        encrypt(prepared.stream(), recipients, cast("BinaryIO", into), _teller(package, prepared.size))
        size = part.commit()
    except (BadRecipient, WrongSize) as error:
        part.discard()
        raise NotMade("not_encrypted", str(error)) from error
    except BaseException:
        part.discard()
        raise
    signer = identity.signer().verifier
    made = Made(
        key, size, into.digest.hexdigest(), prepared.note.decode(), assembling.fingerprint(signer.public_key)
    )
    try:
        packages.finish_package(package, made, recipients=[_told(each) for each in keys], start=start)
    except BaseException:
        evidence_store().delete(key)
        raise


def _prepared(package: Package) -> assembling.Package:
    language = gathering.language_of(package.escalation.partner)
    try:
        facts = gathering.facts(package.escalation, package)
        with translation.override(language):
            return assembling.prepared(facts, identity.signer())
    except KeyMissing as error:
        raise NotMade(
            "no_key", _("This worker can't sign packages or prove the log. Nothing left.")
        ) from error
    except NotProven as error:
        raise NotMade("not_proven", _("The log does not prove its own entries. Nothing left.")) from error
    except (NotAllowed, WrongSize) as error:
        raise NotMade("not_allowed", str(error)) from error


def _teller(package: Package, total: int) -> Callable[[int], None]:
    """Says how far it is, at once and then now and then."""
    packages.note_progress(package, done=0, total=total)
    said = time.monotonic()

    def tell(done: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SAID_EVERY:
            said = time.monotonic()
            packages.note_progress(package, done=done, total=total)

    return tell


def _told(key: PartnerKey) -> dict[str, str]:
    return {"key": str(key.public_id), "fingerprint": key.fingerprint}


class _Counted(io.RawIOBase):
    """Hashes what is written while it goes on to the file."""

    def __init__(self, into: BinaryIO) -> None:
        self._into = into
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        rest = memoryview(data)
        while rest:
            rest = rest[self._into.write(rest) or 0 :]
        self.digest.update(data)
        return len(data)
