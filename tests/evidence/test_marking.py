"""Every picture that is shown carries a mark of its own look: the name in sight, and a number that is not."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from casework.audit.models import Entry
from casework.evidence import actions, marking
from casework.evidence.models import Frame, Item, Mark, Reveal, RevealReason
from casework.evidence.sealing import open_blob
from casework.privacy import keyring
from detection import watermark
from tests.bench.pictures import drawn
from tests.cast import client_of, make_case, person
from tests.evidence.making import entries, examination, make_item, open_reveal

pytestmark = pytest.mark.django_db


@pytest.fixture
def item() -> Item:
    data = drawn((640, 480), 3)
    made = make_item(make_case(), data)
    assert actions.record_examination(made, examination(data))
    made.refresh_from_db()
    return made


def look(browser: Client, item: Item, *, colour: bool = False) -> tuple[Reveal, Image.Image]:
    """Press reveal, and colour if asked to; the reveal and the picture that was served."""
    address = browser.post(reverse("reveal", args=[item.public_id]), {"reason": "decide"}).url
    reveal = Reveal.objects.get(public_id=address.rstrip("/").rpartition("/")[2])
    if colour:
        browser.post(reverse("reveal_colour", args=[reveal.public_id]))
    served = browser.get(reverse("reveal_image", args=[reveal.public_id]))
    return reveal, Image.open(io.BytesIO(served.content))


def mark_in(shown: Image.Image, item: Item, *, key: bytes | None = None) -> int | None:
    assert item.rendition is not None
    rendition = Image.open(io.BytesIO(open_blob(item.rendition)))
    issued = [int(value) for value in Mark.objects.values_list("value", flat=True)]
    return watermark.recognise(shown, rendition, issued, key=key or keyring.mark_key()).mark_id


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "in colour"])
def test_the_picture_mona_is_shown_carries_the_mark_of_her_look(item: Item, colour: bool) -> None:
    open_reveal(item, person("milo"))
    reveal, shown = look(client_of(person("mona")), item, colour=colour)
    assert mark_in(shown, item) == reveal.mark.value


def test_without_the_key_of_this_desk_nobody_finds_the_mark(item: Item) -> None:
    _reveal, shown = look(client_of(person("mona")), item)
    assert mark_in(shown, item, key=b"another desk") is None


def test_each_look_has_a_mark_of_its_own_and_the_log_never_learns_its_number(item: Item) -> None:
    first, second = open_reveal(item, person("mona")), open_reveal(item, person("milo"))
    assert first.mark.value != second.mark.value
    assert first.mark.rendition == item.rendition
    revealed = Entry.objects.filter(verb="evidence.revealed").order_by("pk")
    told = [json.loads(bytes(entry.body))["data"]["mark"] for entry in revealed]
    assert told == [str(first.mark.public_id), str(second.mark.public_id)]
    everything = b"".join(bytes(entry.body) for entry in Entry.objects.all()).decode()
    assert str(first.mark.value) not in everything


def test_a_look_pressed_twice_has_one_mark(item: Item) -> None:
    open_reveal(item, person("mona"))
    open_reveal(item, person("mona"))
    assert Mark.objects.count() == entries("evidence.revealed") == 1


def test_a_number_that_was_drawn_before_is_drawn_again(item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([7, 7, 8])
    monkeypatch.setattr("casework.evidence.actions.marks.secrets.randbits", lambda bits: next(numbers))
    marks = [open_reveal(item, person(name)).mark.value for name in ("mona", "milo")]
    assert marks == [7, 8]


def test_a_look_at_a_frame_marks_the_picture_of_that_frame(item: Item) -> None:
    assert item.preview is not None
    data = drawn((480, 360), 9)
    other = make_item(make_case(), data)
    assert actions.record_examination(other, examination(data))
    other.refresh_from_db()
    rendition, preview = other.rendition, other.preview
    Item.objects.filter(pk=other.pk).update(rendition=None, preview=None)
    assert rendition is not None and preview is not None  # noqa: PT018
    frame = Frame.objects.create(item=item, position=1, at_seconds=2.0, preview=preview, rendition=rendition)
    mona = person("mona")
    whole = open_reveal(item, mona)
    reveal = actions.open_reveal(item, actor=mona, session="0" * 64, reason=RevealReason.DECIDE, frame=frame)
    assert reveal != whole
    assert reveal.mark.rendition == frame.rendition
    assert Image.open(io.BytesIO(actions.open_rendition(reveal))).size == (480, 360)


def test_a_look_without_a_mark_shows_nothing(item: Item) -> None:
    mona = client_of(person("mona"))
    reveal, _shown = look(mona, item)
    Mark.objects.all().delete()
    assert mona.get(reverse("reveal_image", args=[reveal.public_id])).status_code == 403
    assert entries("evidence.reveal_refused") == 1


def test_where_the_key_of_marks_is_missing_nothing_is_shown(
    item: Item, tmp_path: Path, settings: Any, as_web: None
) -> None:
    mona = client_of(person("mona"))
    reveal, _shown = look(mona, item)
    ring = Path(settings.CASEWORK_KEYS) / "web"
    (tmp_path / "keys/web").mkdir(parents=True)
    for key in ring.iterdir():
        if key.name != "mark.key":
            (tmp_path / "keys/web" / key.name).write_bytes(key.read_bytes())
    settings.CASEWORK_KEYS = tmp_path / "keys"
    answer = mona.get(reverse("reveal_image", args=[reveal.public_id]))
    assert (answer.status_code, answer.content) == (503, b"")


def test_a_picture_too_small_for_a_mark_still_carries_the_name() -> None:
    tiny = drawn((48, 40), 1)
    plain = Image.open(io.BytesIO(tiny)).convert("L").convert("RGB")
    shown = marking.marked(tiny, "Mona", coloured=False, mark=5, key=b"key")
    changed = zip(
        plain.get_flattened_data(),
        Image.open(io.BytesIO(shown)).convert("RGB").get_flattened_data(),
        strict=True,
    )
    assert sum(abs(before[0] - after[0]) > 40 for before, after in changed) > 50


@pytest.mark.parametrize(
    ("name", "drawn_as"),
    [("Mona", "Mona"), ("José Ångström", "Jose Angstrom"), ("Мона", "mona"), ("莫娜", "mona"), ("", "mona")],
)
def test_a_name_our_font_has_no_letters_for_is_told_by_the_address(
    item: Item, name: str, drawn_as: str
) -> None:
    mona = person("mona")
    mona.name = name
    mona.save(update_fields=["name"])
    assert marking.words_of(open_reveal(item, mona)).startswith(f"{drawn_as} 20")


def test_to_show_a_picture_the_web_loads_arithmetic_and_nothing_that_opens_media() -> None:
    code = (
        "import base64, django, sys; django.setup(); import casework.urls\n"
        "heavy = ('numpy', 'scipy', 'detection', 'onnxruntime', 'av', 'c2pa', 'pillow_heif', 'imagehash')\n"
        "loaded = lambda: sorted(name for name in sys.modules if name.split('.')[0] in heavy and name.count('.') < 2)\n"
        "before = loaded()\n"
        "from casework.evidence.marking import marked\n"
        "marked(base64.b64decode(sys.stdin.read()), 'Mona', coloured=True, mark=5, key=b'key')\n"
        "print(before, [name for name in loaded() if not name.startswith('numpy')], 'numpy' in loaded())"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "casework.settings", "CASEWORK_ROLE": "web"}
    picture = base64.b64encode(drawn((96, 80), 1)).decode()
    said = subprocess.run(
        [sys.executable, "-c", code], input=picture, capture_output=True, text=True, check=True, env=env
    )
    ours = ["detection", "detection.markcode", "detection.registration", "detection.watermark"]
    assert said.stdout.strip() == f"[] {ours} True"
