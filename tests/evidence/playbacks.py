"""Films that were watched here, and what people make of them on their way out."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from uuid import uuid4

import av
import numpy as np
from PIL import Image

from casework.accounts.models import User
from casework.cases.models import Case
from casework.evidence import actions, filming
from casework.evidence.models import Item, Playback, Reveal, RevealReason
from casework.jobs.actions import claim
from casework.jobs.models import Job
from detection import video
from detection.findings import Examination
from detection.video.drawing import film_of
from tests.bench.pictures import drawn
from tests.evidence import making

SIZE = (480, 320)


@cache
def travelling(seed: int) -> bytes:
    """A second of a drawn picture along which the camera moves; other *seed*, other picture."""
    whole = Image.open(io.BytesIO(drawn((640, 420), seed))).convert("RGB")
    boxes = [(4 * step, 2 * step, SIZE[0] + 4 * step, SIZE[1] + 2 * step) for step in range(25)]
    return film_of((np.asarray(whole.crop(box)) for box in boxes), size=SIZE, rate=25)


@cache
def _seen(seed: int) -> video.Seen:
    return video.look(travelling(seed))


def make_travelling(case: Case, seed: int) -> Item:
    """Such a film in the case, examined."""
    data, found = travelling(seed), _seen(seed)
    item = making.make_item(case, data)
    examination = Examination(
        sha256=hashlib.sha256(data).hexdigest(), md5=hashlib.md5(data).hexdigest(), size=len(data), media=found.media,
        hashes=(), signals=(), errors=found.notes, preview=found.preview, rendition=found.rendition, film=found.film,
    )  # fmt: skip
    assert actions.record_examination(item, examination)
    item.refresh_from_db()
    return item


def made_for(item: Item, who: User, *, coloured: bool = False) -> Playback:
    """A playback that a worker made for somebody, not yet watched."""
    playback = actions.ask_playback(
        item, actor=who, session=uuid4().hex, reason=RevealReason.DECIDE, coloured=coloured
    )
    start = claim(str(Job.objects.get(key=f"play:{playback.public_id}").public_id))
    assert start is not None
    filming.make_playback(str(playback.public_id), start=start)
    playback.refresh_from_db()
    assert playback.blob is not None, playback.failure
    return playback


def watched_by(item: Item, who: User, *, coloured: bool = False) -> tuple[Reveal, bytes]:
    """Somebody's look at the film, and the MP4 that their browser got."""
    playback = made_for(item, who, coloured=coloured)
    reveal = actions.open_playback(playback, actor=who, session=playback.session_hash)
    return reveal, actions.open_film(reveal)


def frames_of(film: bytes) -> list[Image.Image]:
    """Its pictures."""
    with av.open(io.BytesIO(film), "r") as container:
        return [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def recoded(film: bytes, *, container: str = "webm", codec: str = "libvpx-vp9") -> bytes:
    """The film saved again, smaller, by another codec."""
    small = [one.resize((360, 240)) for one in frames_of(film)]
    return film_of(
        (np.asarray(one) for one in small), size=(360, 240), container=container, codec=codec, rate=25
    )
