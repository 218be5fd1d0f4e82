"""Pictures as they are shown in a look, and what people do to them on their way out."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image

from casework.cases.models import Case
from casework.evidence import actions, marking
from casework.evidence.models import Item, Reveal
from tests.bench.pictures import drawn
from tests.cast import person
from tests.evidence.making import examination, make_item, open_reveal

Damage = Callable[[Image.Image], Image.Image]


def make_shown(case: Case, seed: int, size: tuple[int, int] = (640, 480), pdq: str = "") -> Item:
    """An examined item of a drawn pattern that has room for a mark."""
    data = drawn(size, seed)
    item = make_item(case, data)
    assert actions.record_examination(item, examination(data, pdq=pdq))
    item.refresh_from_db()
    return item


def look(item: Item, name: str = "mona", *, colour: bool = False) -> tuple[Reveal, bytes]:
    """A look of somebody, and the JPEG that the browser got."""
    reveal = open_reveal(item, person(name))
    if colour:
        actions.colour_reveal(reveal, actor=person(name), session=reveal.session_hash)
        reveal.refresh_from_db()
    return reveal, marking.shown(reveal, actions.open_rendition(reveal))


def saved(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def cropped(data: bytes, share: float = 0.85) -> bytes:
    """The middle of a picture, a fifth smaller, saved again: PDQ no longer knows it."""
    image = Image.open(io.BytesIO(data))
    width, height = round(image.width * share), round(image.height * share)
    left, top = (image.width - width) // 3, (image.height - height) // 2
    part = image.crop((left, top, left + width, top + height))
    return saved(part.resize((round(width * 0.8), round(height * 0.8))), quality=70)
