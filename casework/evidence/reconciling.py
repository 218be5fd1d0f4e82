"""Do rows, wraps, digests and files still belong together? Reads everything, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from casework.privacy.keyring import KeyMissing

from .actions.reaping import LEFT_ALONE
from .models import Blob, Item, Wrap
from .sealing import Doubt, check_blob
from .storage import also_kept, evidence_store

_RIGHT_RECIPIENT = {
    Blob.Kind.ORIGINAL: Wrap.Recipient.VAULT,
    Blob.Kind.PREVIEW: Wrap.Recipient.VIEW,
    Blob.Kind.RENDITION: Wrap.Recipient.VIEW,
    Blob.Kind.PLAYBACK: Wrap.Recipient.VIEW,
}
#: From a blob to the item that it belongs to, or to a frame or a playback of it.
_OWNERS = ("original_of", "preview_of", "rendition_of")
_THROUGH = ("preview_of_frame", "rendition_of_frame", "playback")


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt: what it is about, a stable code, a sentence."""

    about: str
    code: str
    sentence: str


@dataclass(slots=True)
class Reconciled:
    """What was looked at. ``closed`` blobs could not be opened here for want of a key: not checked, not clean."""

    items: int = 0
    blobs: int = 0
    opened: int = 0
    closed: int = 0
    young: int = 0
    findings: list[Finding] = field(default_factory=list)


def reconcile(*, opening: bool = True) -> Reconciled:
    """Check every row against the store and every file against the rows; *opening* also hashes all plaintexts."""
    done = Reconciled()
    for blob in _blobs():
        done.blobs += 1
        done.findings += [Finding(_about(blob), *doubt) for doubt in _doubts_of_row(blob)]
        if opening:
            _open(blob, done)
    for item in Item.objects.select_related("case", "original").order_by("pk").iterator():
        done.items += 1
        if item.sha256 != item.original.sha256:
            done.findings.append(
                Finding(_name(item), "item_digest", "The item's digest is not the one of its original.")
            )
    _look_through_store(done)
    return done


def _blobs() -> Iterator[Blob]:
    through = (f"{role}__item" for role in _THROUGH)
    return Blob.objects.select_related("wrap", *_OWNERS, *through).order_by("pk").iterator()


def _doubts_of_row(blob: Blob) -> Iterator[tuple[str, str]]:
    size = evidence_store().size(blob.storage_key)
    if size is None:
        yield "missing", "The store holds no file for it."
    elif size != blob.sealed_size:
        yield "size", f"The file has {size} bytes, recorded are {blob.sealed_size}."
    wrap = getattr(blob, "wrap", None)
    if wrap is None:
        yield "no_wrap", "The wrap that holds its key is gone."
    elif wrap.recipient != _RIGHT_RECIPIENT[Blob.Kind(blob.kind)]:
        yield "recipient", f"It is sealed to the {wrap.recipient} key, which is the wrong one for it."
    if _owner(blob) is None and blob.staged_until is None:
        yield "orphan_row", "It belongs to no item and to no upload."


def _open(blob: Blob, done: Reconciled) -> None:
    try:
        check_blob(blob)
    except KeyMissing:
        done.closed += 1
    except Doubt as doubt:
        # a missing file or wrap was named by the row's own check
        if doubt.code not in ("missing", "no_wrap"):
            done.findings.append(Finding(_about(blob), doubt.code, doubt.sentence))
    else:
        done.opened += 1


def _look_through_store(done: Reconciled) -> None:
    known = set(Blob.objects.values_list("storage_key", flat=True)) | also_kept()
    for found in evidence_store().iterate():
        if found.key is None:
            done.findings.append(Finding(found.name, "stranger", "This file has no business in the store."))
        elif found.part or found.key not in known:
            if found.age <= LEFT_ALONE:
                done.young += 1
            elif found.part or not Blob.objects.filter(storage_key=found.key).exists():
                done.findings.append(
                    Finding(found.name, "orphan_file", "A file without a row; the reaper removes it.")
                )


def _owner(blob: Blob) -> Item | None:
    owners = (getattr(blob, role, None) for role in _OWNERS)
    through = (getattr(getattr(blob, role, None), "item", None) for role in _THROUGH)
    return next((owner for owner in (*owners, *through) if owner is not None), None)


def _about(blob: Blob) -> str:
    owner = _owner(blob)
    return f"{blob.kind} of {_name(owner)}" if owner else f"{blob.kind} blob {blob.public_id}, staged"


def _name(item: Item) -> str:
    return f"{item.case.number} item {item.position} ({item.public_id})"
