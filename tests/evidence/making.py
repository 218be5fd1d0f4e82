"""Plain functions that make evidence out of benign, drawn pictures."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from casework.accounts.models import User
from casework.audit.models import Entry
from casework.cases.models import Case
from casework.evidence import actions
from casework.evidence.models import Blob, Item, Reveal, RevealReason, Wrap
from casework.evidence.sealing import seal
from detection.findings import Derivative, Examination, Hash, Media, Signal, Status, Strength

SESSION = "0" * 64


def picture(seed: int = 1, size: tuple[int, int] = (320, 200)) -> bytes:
    """A PNG of coloured blocks, different for each seed."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 255, (size[1] // 20, size[0] // 20, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def upload(data: bytes, name: str = "cat.png") -> actions.SealedUpload:
    """A file as the upload handler leaves it: sealed and staged."""
    sealed = seal(data, Blob.Kind.ORIGINAL, Wrap.Recipient.VAULT)
    blob = actions.stage_blob(sealed)
    return actions.SealedUpload(name, "image/png", sealed.size, sealed.sha256, sealed.md5, blob)


def make_item(case: Case, data: bytes | None = None, *, actor: User | None = None) -> Item:
    """An item as it is right after a report: stored, not examined."""
    [item] = actions.add_items(case, [upload(picture() if data is None else data)], actor=actor)
    return item


def examination(
    data: bytes, *, signals: Iterable[Signal] = (), pdq: str = "", quality: int = 100
) -> Examination:
    """What a worker would have found in a picture."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    small = image.copy()
    small.thumbnail((24, 24))
    return Examination(
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data).hexdigest(),
        size=len(data),
        media=Media("PNG", "image/png", image.width, image.height),
        hashes=(Hash("pdq", pdq, "pdq 1", quality),) if pdq else (),
        signals=tuple(signals),
        errors=(),
        preview=_derivative(small.convert("L"), "PNG"),
        rendition=_derivative(image, "JPEG"),
    )


def _derivative(image: Image.Image, form: str) -> Derivative:
    out = io.BytesIO()
    image.save(out, form)
    return Derivative(f"image/{form.lower()}", image.width, image.height, out.getvalue())


def explicit(score: float | None) -> Signal:
    """What the model for explicit content says."""
    if score is None:
        return Signal("explicit", "", Status.NOT_CHECKED, "Not scored.", reason="no model")
    return Signal(
        "explicit", "opennsfw 1", Status.FOUND, f"Explicit content ({score}).", Strength.WEAK, score
    )


def make_examined(case: Case, seed: int = 1, **kwargs: Any) -> Item:
    """An item with preview, rendition and the signals given."""
    data = picture(seed)
    item = make_item(case, data)
    assert actions.record_examination(item, examination(data, **kwargs))
    item.refresh_from_db()
    return item


def open_reveal(item: Item, person: User, session: str = SESSION) -> Reveal:
    """A look that has just begun."""
    return actions.open_reveal(item, actor=person, session=session, reason=RevealReason.DECIDE)


def entries(verb: str) -> int:
    """How many entries of this kind the log holds."""
    return Entry.objects.filter(verb=verb).count()
