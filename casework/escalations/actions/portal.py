"""What a partner's people do with what they were sent: "I have it", and fetching the file."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.escalations.conflicts import Conflict
from casework.escalations.models import Download, Escalation, Package, SecureLink

from . import moving

#: A fetch that broke off goes on under the same count for so long, and so many times.
RESUMABLE_FOR = timedelta(hours=1)
MOST_RESUMES = 20
#: What we sent and what arrived differ by what lay in buffers: a fetch may be resumed so many bytes before the end.
BUFFERED = 8 * 1024 * 1024


class ClaimedByColleague(Conflict):
    """Somebody of the same organisation has it."""


class DownloadsUsedUp(Conflict):
    """As many fetches as were agreed have begun."""


class FileGone(Conflict):
    """The package is not in the store."""


@transaction.atomic
def claim(escalation: Escalation, *, actor: User, take_over: bool = False) -> None:
    """Say "I have it" to one's colleagues. Raises ``ClaimedByColleague`` unless *take_over*, and ``NotThere``."""
    moving.lock(escalation, actor)
    if escalation.claimed_by_id == actor.pk:
        return
    if escalation.claimed_by_id is not None and not take_over:
        raise ClaimedByColleague(
            _("A colleague of yours has it already. Take it over if you have agreed on that.")
        )
    was = escalation.claimed_by.public_id if escalation.claimed_by else None
    moving.change(escalation, claimed_by=actor, claimed_at=Now())
    moving.note(Verb.ESCALATION_CLAIMED, escalation, actor=actor, was=was, taken_over=was is not None)


@transaction.atomic
def release(escalation: Escalation, *, actor: User) -> None:
    """Give it back to one's colleagues. Raises ``ClaimedByColleague`` where it is somebody else's, and ``NotThere``."""
    moving.lock(escalation, actor)
    if escalation.claimed_by_id != actor.pk:
        raise ClaimedByColleague(_("It is not yours to give back: a colleague has it, or nobody."))
    moving.change(escalation, claimed_by=None, claimed_at=None)
    moving.note(Verb.ESCALATION_RELEASED, escalation, actor=actor)


@transaction.atomic
def begin_download(
    package: Package, *, person: User | None, link: SecureLink | None, address: str = "", start: int = 0
) -> Download:
    """Count a fetch of *package* that begins at byte *start*; the row it is counted in.

    One that goes on where an earlier fetch of the same person broke off, within an hour, is counted with that.
    The escalation's row is locked, so that parallel fetches are counted one by one.
    Raises ``DownloadsUsedUp``, and ``FileGone`` when the package was removed meanwhile.
    """
    escalation = Escalation.objects.select_for_update().get(pk=package.escalation_id)
    if not Package.objects.filter(pk=package.pk, state=Package.State.READY).exists():
        raise FileGone(_("This file has been removed. Ask the desk to send it again."))
    counted = Download.objects.filter(package__escalation=escalation).count()
    found = _broken_off(package, person, link, start) if start else None
    if found is None:
        if counted >= escalation.download_limit:
            raise DownloadsUsedUp(_used_up(escalation.download_limit))
        found = Download.objects.create(
            package=package, person=person, link=link, address=address, resumable_until=Now() + RESUMABLE_FOR
        )
        counted += 1
        Escalation.objects.filter(pk=escalation.pk).update(fetched=counted)  # a CHECK asks the limit again
    else:
        Download.objects.filter(pk=found.pk).update(resumed=F("resumed") + 1)
    found.refresh_from_db()
    record(
        Verb.PACKAGE_DOWNLOADED, actor=person, subject=package, case=escalation.case,
        personal={"address": address}, escalation=escalation.public_id, package=package.public_id,
        download=found.public_id, by="link" if link else "portal" if person else "api",
        number=counted, of=escalation.download_limit, resumed=found.resumed, start=start,
    )  # fmt: skip
    return found


def _broken_off(
    package: Package, person: User | None, link: SecureLink | None, start: int
) -> Download | None:
    """The newest fetch of the same person that one from byte *start* may go on with."""
    return Download.objects.filter(
        package=package, person=person, link=link, resumable_until__gt=Now(),
        resumed__lt=MOST_RESUMES, sent__lte=start + BUFFERED,
    ).first()  # fmt: skip


def _used_up(limit: int) -> str:
    said = ngettext(
        "This file may be fetched %(n)d time, and that has been used. Nothing is lost: ask the desk to send it again.",
        "This file may be fetched %(n)d times, and all have been used. Nothing is lost: ask the desk to send it again.",
        limit,
    )
    return said % {"n": limit}


def note_sent_bytes(download: Download, sent: int) -> None:
    """How far a running fetch has come; the first *sent* bytes of the file."""
    Download.objects.filter(pk=download.pk, sent__lt=sent).update(sent=sent)


@transaction.atomic
def end_download(download: Download, *, sent: int, whole: bool, why: str) -> None:
    """Note how a fetch ended: *whole*, or cut off (*why*: ``access_ended``, ``went_away``, ``resumed_elsewhere``)."""
    note_sent_bytes(download, sent)
    if whole:
        Download.objects.filter(pk=download.pk).update(finished_at=Now())
    package = download.package
    record(
        Verb.PACKAGE_DOWNLOAD_ENDED, actor=download.person, subject=package, case=package.escalation.case,
        escalation=package.escalation.public_id, download=download.public_id, sent=sent, whole=whole, why=why,
    )  # fmt: skip


def is_running(download: Download) -> bool:
    """Whether this fetch is still the one it was: the file is there, and nobody resumed it elsewhere."""
    return Download.objects.filter(
        pk=download.pk, resumed=download.resumed, package__state=Package.State.READY
    ).exists()
