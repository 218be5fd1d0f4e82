"""Packages: asked for with an approval, made by a worker, sent in the moment they are ready, removed.

What leaves is what was approved, to the letter: the digest of the preview is compared when the work begins and again
when it ends. If it differs, nothing leaves, and the escalation goes back to its author with words.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.actions.holds import held
from casework.escalations import choosing, gathering
from casework.escalations.conflicts import IllegalMove, NotReady
from casework.escalations.models import Escalation, Package, PackagePicture, State
from casework.evidence.actions import issue_export_mark, remove_blobs, stage_blob
from casework.evidence.models import Blob
from casework.evidence.sealing import Sealed
from casework.evidence.storage import evidence_store
from casework.jobs.actions import Start, add_job, confirm_start

from . import sending
from .moving import give_back

if TYPE_CHECKING:  # what checks stamps is for workers
    from casework.escalations.package.timestamp import Stamp
from casework.escalations.readiness import in_the_way

_UNFINISHED = (Package.State.WAITING, Package.State.MAKING)
_GONE = (Package.State.FAILED, Package.State.REMOVED)


@dataclass(frozen=True, slots=True)
class Made:
    """An age file that lies in the store: its key, size in bytes and SHA-256 (hex), and what is inside."""

    key: uuid.UUID
    size: int
    sha256: str
    note: str
    signer_fingerprint: str


class NotMade(Exception):
    """There can be no package as things are: *code* for programs, *sentence* for the author of the escalation."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


# --- asked for and made --------------------------------------------------------------------------------------------


@transaction.atomic
def ask_for_package(escalation: Escalation, *, actor: User | None) -> Package:
    """Have a package made of an approved escalation; asked twice for the same version it is the same."""
    standing = escalation.packages.filter(version=escalation.version).exclude(state__in=_GONE)
    if (there := standing.first()) is not None:
        return there
    package = Package.objects.create(escalation=escalation, version=escalation.version)
    package.refresh_from_db()
    _next_job(package, "first")
    _note(Verb.PACKAGE_ASKED, package, actor=actor, version=package.version)
    return package


@transaction.atomic
def begin_package(package: Package, *, start: Start) -> bool:
    """Check what was approved and give every picture its mark, before there are bytes that bear it.

    False when there is nothing to do (any more). Raises ``NotMade`` and ``LostLease``.
    """
    confirm_start(start)
    escalation = _locked(package)
    if package.state not in _UNFINISHED:
        return False
    _check(escalation)
    missing = gathering.with_pictures(escalation)
    known = set(package.pictures.values_list("item", flat=True))
    for row in missing:
        if row.item_id not in known:
            mark = issue_export_mark(row.item, recipient=escalation.partner.organisation.name)
            PackagePicture.objects.create(package=package, item=row.item, mark=mark)
    if package.state == Package.State.WAITING:
        pictures = package.pictures.select_related("item", "mark")
        _note(
            Verb.PACKAGE_BEGUN, package, actor=None,
            marks={str(each.item.public_id): each.mark.public_id for each in pictures},
        )  # fmt: skip
    _change(package, state=Package.State.MAKING)
    return True


@transaction.atomic
def keep_picture(picture: PackagePicture, sealed: Sealed, *, start: Start) -> None:
    """A marked picture that lies sealed in the store, for this start or the next."""
    confirm_start(start)
    PackagePicture.objects.filter(pk=picture.pk).update(blob=stage_blob(sealed))


@transaction.atomic
def go_on_making(package: Package, *, start: Start) -> None:
    """Let the next job do what is left: one job has little time."""
    confirm_start(start)
    _next_job(package, str(start.job))


def note_progress(package: Package, *, done: int, total: int) -> None:
    """Keep how many clear bytes were read, of how many, for the page: progress is no event of the log."""
    making = Package.objects.filter(pk=package.pk, state=Package.State.MAKING)
    making.update(done_bytes=done, total_bytes=total)


@transaction.atomic
def finish_package(package: Package, made: Made, *, recipients: list[dict[str, str]], start: Start) -> None:
    """The package is ready and, in the same moment, sent. Raises ``NotMade`` and ``LostLease``; nothing leaves then."""
    confirm_start(start)
    escalation = _locked(package)
    if package.state != Package.State.MAKING:
        raise NotMade("ended", _("It was ended while it was being made."))
    _check(escalation)
    _check_keys(escalation, recipients)
    _change(
        package, state=Package.State.READY, ready_at=Now(), storage_key=made.key, size=made.size, sha256=made.sha256,
        note=made.note, signer_fingerprint=made.signer_fingerprint, recipients=recipients,
        done_bytes=package.total_bytes or 0,
    )  # fmt: skip
    _note(
        Verb.PACKAGE_MADE, package, actor=None, sha256=made.sha256, size=made.size,
        keys=[each["fingerprint"] for each in recipients], pictures=package.pictures.count(),
    )  # fmt: skip
    _remove_pictures(package)
    if settings.TIMESTAMP_URL:
        add_job(
            "escalations.stamp", key=f"stamp:{package.public_id}", args={"package": str(package.public_id)}
        )
    try:
        sending.send(escalation, package, actor=None)
    except NotReady as why:
        raise NotMade("channel_refused", " ".join(why.problems)) from why


@transaction.atomic
def fail_package(package: Package, code: str, sentence: str, *, start: Start | None = None) -> bool:
    """There is no package, and the escalation goes back to its author with the *sentence*; False when it was over."""
    if start is not None:
        confirm_start(start)
    escalation = _locked(package)
    if package.state not in _UNFINISHED:
        return False
    _change(package, state=Package.State.FAILED, failure_code=code, failure=sentence[:500])
    _remove_pictures(package)
    _note(Verb.PACKAGE_FAILED, package, actor=None, code=code)
    if escalation.state == State.APPROVED:
        give_back(escalation, code=code, words=sentence)
    return True


@transaction.atomic
def leave_package(package: str, *, reason: str) -> None:
    """What the ledger calls when making a package (a public id) was stopped for good; *reason* is its sentence."""
    words = _(
        "The package could not be made. %(reason)s Nothing left. Somebody who runs Casework should look."
    )
    found = Package.objects.get(public_id=package)
    fail_package(found, "stopped", words % {"reason": reason})


@transaction.atomic
def remove_package(package: Package, *, actor: User | None, why: str) -> bool:
    """Delete the file for good, or call its making off; the row stays and says that there was one.

    False where a legal hold keeps it: access has ended all the same, and ``left_over`` names it again.
    Raises ``IllegalMove`` where there is nothing (any more).
    """
    escalation = _locked(package)
    if package.state in _GONE:
        raise IllegalMove(_("There is no file of this package (any more). Nothing was changed."))
    key = package.storage_key
    if key is not None and held(escalation.case):
        return False
    _change(package, state=Package.State.REMOVED, removed_at=Now())
    _remove_pictures(package)
    _note(
        Verb.PACKAGE_REMOVED, package, actor=actor, sha256=package.sha256, personal={"reason": why}
    )  # fmt: skip
    if key is not None:
        # A crash in between leaves a file without a row that keeps it, which the reaper finds.
        transaction.on_commit(lambda: evidence_store().delete(key))
    return True


def left_over() -> list[Package]:
    """The files that outlived their escalation under a legal hold, once nothing holds them any more."""
    over = [State.CLOSED, State.REFUSED, State.WITHDRAWN, State.EXPIRED]
    left = Package.objects.filter(state=Package.State.READY, escalation__state__in=over)
    return [
        package for package in left.select_related("escalation__case") if not held(package.escalation.case)
    ]


def remove_free(package: Package) -> bool:
    """Remove a file that nothing holds any more; False where a new hold keeps it."""
    return remove_package(package, actor=None, why="hold_ended")


# --- the time stamp ------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_stamp(package: Package, stamp: Stamp, *, start: Start) -> bool:
    """The answer of the authority beside the package; False when there is one already."""
    confirm_start(start)
    unstamped = Package.objects.filter(pk=package.pk, stamp__isnull=True)
    if not unstamped.update(stamp=stamp.answer, stamped_at=stamp.at, stamp_failure=""):
        return False
    _note(Verb.PACKAGE_STAMPED, package, actor=None, at=stamp.at, serial=str(stamp.serial))
    return True


def note_unstamped(package: Package, sentence: str) -> None:
    """Keep why there is no stamp yet, for the page: the ledger tries again."""
    Package.objects.filter(pk=package.pk, stamp__isnull=True).update(stamp_failure=sentence[:300])


@transaction.atomic
def leave_unstamped(package: str, *, reason: str) -> None:
    """What the ledger calls when stamping (a public id) was given up; the package went out all the same."""
    found = Package.objects.get(public_id=package)
    if found.stamp is None:
        note_unstamped(found, found.stamp_failure or reason)
        _note(Verb.PACKAGE_NOT_STAMPED, found, actor=None)


# --- small parts ---------------------------------------------------------------------------------------------------


def _locked(package: Package) -> Escalation:
    """Lock the package and then its escalation, in that order everywhere, and read both anew."""
    package.refresh_from_db(from_queryset=Package.objects.select_for_update(of=("self",)))
    rows = Escalation.objects.select_for_update(of=("self",)).select_related("case", "partner__organisation")
    escalation: Escalation = rows.get(pk=package.escalation_id)
    return escalation


def _check(escalation: Escalation) -> None:
    """Raise ``NotMade`` unless exactly what was approved may leave now."""
    if escalation.state != State.APPROVED:
        raise NotMade("not_approved", _("It was taken back before its package was made."))
    if not escalation.partner.sealing_keys():
        raise NotMade(
            "no_key",
            _("%(partner)s has no verified key in force, so nothing could be encrypted. Nothing left.")
            % {"partner": escalation.partner},
        )
    agreed = escalation.approved_digest or escalation.previewed_digest
    if choosing.digest(escalation) != agreed:
        raise NotMade(
            "not_as_approved",
            _("What would leave has changed since it was approved. Nothing left. Look at it again."),
        )
    if gathering.with_pictures(escalation) and escalation.imagery_approved_by_id is None:
        raise NotMade("pictures_not_agreed", _("Nobody has let its pictures go along. Nothing left."))
    if found := in_the_way(escalation):  # a consent, an agreement or the partner's standing may have ended
        raise NotMade("not_ready", " ".join([*found, _("Nothing left.")]))


def _check_keys(escalation: Escalation, recipients: list[dict[str, str]]) -> None:
    """Raise ``NotMade`` unless the file was encrypted to the keys that are in force now, and to no other."""
    if {each["key"] for each in recipients} != {
        str(key.public_id) for key in escalation.partner.sealing_keys()
    }:
        raise NotMade(
            "not_as_approved",
            _("The keys of %(partner)s changed while it was encrypted. Nothing left. Look at it again.")
            % {"partner": escalation.partner},
        )


def _next_job(package: Package, after: str) -> None:
    """One job *after* each, however often that one was started."""
    name = str(package.public_id)
    add_job("escalations.package", key=f"package:{name}:{after}", args={"package": name})


def _remove_pictures(package: Package) -> None:
    remove_blobs(Blob.objects.filter(package_picture__package=package), why="packed")


def _change(package: Package, **changes: Any) -> None:
    Package.objects.filter(pk=package.pk).update(**changes)
    package.refresh_from_db()


def _note(
    verb: Verb, package: Package, *, actor: User | None, personal: dict[str, Any] | None = None, **data: Any
) -> None:
    escalation = package.escalation
    record(
        verb, actor=actor, subject=package, case=escalation.case, personal=personal,
        package=package.public_id, escalation=escalation.public_id, **data,
    )  # fmt: skip
