"""What the case page says of an item: each trace has its place, and what was not checked is said without opening it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image

from casework.evidence.heatmaps import HeatMap, heat_map
from casework.evidence.knowing import what_we_know
from casework.evidence.models import Item, SignalRecord
from casework.evidence.regions import what_and_where
from detection.findings import Signal, Status, Strength
from tests.cast import client_of, make_case, person
from tests.evidence.making import explicit, make_examined
from tests.evidence.test_previews import addresses_in, faults_of_preview

pytestmark = pytest.mark.django_db


def cells(width: int, height: int, **strong: tuple[int, int]) -> dict[str, Any]:
    """A map whose strong cells stand at these columns and rows."""
    values = bytearray(width * height)
    for column, row in strong.values():
        values[row * width + column] = 255
    return {"width": width, "height": height, "cells": values.hex()}


def trace(name: str, status: Status = Status.FOUND, **sensitive: Any) -> Signal:
    return Signal(
        name, f"{name} 1", status, f"What {name} says.", Strength.WEAK if status is Status.FOUND else None,
        reason="too small" if status is Status.NOT_CHECKED else "", sensitive=sensitive,
    )  # fmt: skip


def regions(*boxes: dict[str, Any], status: Status = Status.FOUND, reason: str = "") -> Signal:
    data = {"boxes": list(boxes), "faces": sum(box["label"] == "face" for box in boxes)}
    return Signal("regions", "nudenet 1", status, "What stands where.", reason=reason, data=data)


def box(label: str, x: float = 0.1, **more: Any) -> dict[str, Any]:
    return {"label": label, "score": 0.9, "x": x, "y": 0.2, "w": 0.3, "h": 0.4} | more


def page_of(item: Item, name: str = "mona", show: str = "") -> str:
    address = reverse("case_evidence", args=[item.case.public_id])
    answer = client_of(person(name)).get(address, {"show": show} if show else {})
    assert answer.status_code == 200
    return str(answer.content.decode())


def group(item: Item, title: str) -> dict[str, Any]:
    groups = what_we_know(item, person("mona"))["signal_groups"]
    return next(each for each in groups if str(each["title"]).startswith(title))


def map_address(item: Item, name: str = "ela") -> str:
    return reverse("evidence_map", args=[item.public_id, name])


# --- heat maps ---------------------------------------------------------------------------------------


def test_a_heat_map_holds_to_the_limits_of_a_preview() -> None:
    item = make_examined(make_case(), signals=[trace("ela", map=cells(24, 16, spot=(2, 3)))])
    answer = client_of(person("mona")).get(map_address(item))
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "image/png",
        "no-store",
    )
    assert "sandbox" in answer["Content-Security-Policy"]
    assert faults_of_preview(answer.content) == []
    drawn = Image.open(io.BytesIO(answer.content))
    assert drawn.size == (24, 16)
    assert drawn.getpixel((2, 3)) == 255
    assert sum(drawn.get_flattened_data()) == 255


def test_the_page_shows_the_map_with_its_legend_and_says_where_it_is_strongest() -> None:
    item = make_examined(make_case(), signals=[trace("ela", map=cells(24, 16, spot=(2, 3)))])
    page = page_of(item)
    assert map_address(item) in addresses_in(page)
    assert 'alt="Heat map of this trace; strongest: upper left"' in page
    assert "Drawn from the trace; it shows no picture" in page


@pytest.mark.parametrize(
    "stored",
    [
        {"width": 25, "height": 1, "cells": "00" * 25},
        {"width": 2, "height": 2, "cells": "00" * 5},
        {"width": 2, "height": 2, "cells": "zz" * 4},
        {"width": True, "height": 1, "cells": "00"},
        {"width": 0, "height": 2, "cells": ""},
        {"width": "2", "height": 2, "cells": "00" * 4},
        "a picture",
    ],
    ids=str,
)
def test_what_is_no_map_is_not_drawn(stored: Any) -> None:
    item = make_examined(make_case(), signals=[trace("ela", map=stored)])
    assert client_of(person("mona")).get(map_address(item)).status_code == 404
    assert "Heat map" not in page_of(item)


def test_where_nothing_was_found_no_map_points_anywhere() -> None:
    said = [trace("ela", Status.NOT_FOUND, map=cells(24, 16, spot=(2, 3)))]
    assert "Heat map" not in page_of(make_examined(make_case(), signals=said))


def test_a_signal_without_a_map_and_an_unknown_one_have_none() -> None:
    item = make_examined(make_case(), signals=[trace("ela")])
    mona = client_of(person("mona"))
    assert mona.get(map_address(item)).status_code == 404
    assert mona.get(map_address(item, "nothing")).status_code == 404


@pytest.mark.parametrize(("name", "status"), [("mona", 404), ("audra", 403), ("ada", 403), ("sena", 200)])
def test_the_map_of_a_restricted_case_is_for_the_cleared(name: str, status: int) -> None:
    item = make_examined(make_case(minor_indicated=True), signals=[trace("ela", map=cells(3, 3, a=(0, 0)))])
    assert client_of(person(name)).get(map_address(item)).status_code == status


@pytest.mark.parametrize(
    ("strong", "words"),
    [
        ({"a": (1, 1)}, "strongest: upper left"),
        ({"a": (11, 11)}, "strongest: lower right"),
        ({"a": (6, 5)}, "strongest: middle"),
        ({"a": (0, 0), "b": (11, 0), "c": (6, 11)}, "spread over several places"),
        ({}, "even: no place stands out"),
    ],
)
def test_where_it_is_strongest_in_words(strong: dict[str, tuple[int, int]], words: str) -> None:
    stored = cells(12, 12, **strong)
    assert HeatMap(12, 12, bytes.fromhex(stored["cells"])).words == words


def test_a_map_is_kept_encrypted() -> None:
    item = make_examined(make_case(), signals=[trace("ela", map=cells(3, 3, a=(0, 0)))])
    record = SignalRecord.objects.get(item=item, name="ela")
    assert heat_map(record) is not None
    assert "map" not in record.data


# --- groups ------------------------------------------------------------------------------------------


def test_traces_in_the_pixels_stand_together_as_leads_and_count_what_was_not_checked() -> None:
    said = [trace("ela"), trace("noise", Status.NOT_FOUND), trace("cfa", Status.NOT_CHECKED), trace("c2pa")]
    item = make_examined(make_case(), signals=said)
    found = group(item, "Traces in the pixels")
    assert [row["question"] for row in found["rows"]] == ["Error level", "Noise", "Colour filter"]
    assert found["told"] == "1 found · 1 not checked"
    assert all(row["folded"] for row in found["rows"])
    assert "leads, not proof" in page_of(item)


def test_a_group_in_which_nothing_ran_does_not_say_that_nothing_was_found() -> None:
    item = make_examined(make_case(), signals=[trace("ela", Status.NOT_CHECKED), trace("cfa", Status.FAILED)])
    assert group(item, "Traces in the pixels")["told"] == "2 not checked"


def test_a_folded_row_is_one_line_that_opens_without_a_script() -> None:
    item = make_examined(make_case(), signals=[trace("ela")])
    page = page_of(item)
    row = re.search(r'<details class="signal-fold">(.*?)</details>', page, re.S)
    assert row is not None
    assert "<summary" in row.group(1)
    assert " open" not in row.group(0).split(">", 1)[0]


def test_a_model_in_shadow_is_shown_as_one_and_nothing_is_left_out() -> None:
    said = [explicit(0.4), trace("shadow.newer"), trace("something_new")]
    item = make_examined(make_case(), signals=said)
    questions = [row["question"] for row in group(item, "Models")["rows"]]
    assert questions == ["Explicitness", "Shadow: newer", "Something new"]


def test_every_signal_that_is_stored_stands_somewhere_once() -> None:
    names = ["c2pa", "watermark", "ela", "grid", "explicit", "regions", "camera_metadata", "odd"]
    item = make_examined(make_case(), signals=[trace(name) for name in names])
    versions = [
        row.get("version", "")
        for each in what_we_know(item, person("mona"))["signal_groups"]
        for row in each["rows"]
    ]
    assert sorted(version.split()[0] for version in versions if version.endswith(" 1")) == sorted(names)


# --- what and where ----------------------------------------------------------------------------------


def test_mona_sees_what_stands_where_without_a_pixel_of_the_picture() -> None:
    item = make_examined(
        make_case(), signals=[regions(box("face"), box("face", 0.6), box("chest, uncovered"))]
    )
    page = page_of(item, show="regions")
    assert reverse("evidence_preview", args=[item.public_id]) not in addresses_in(page)
    assert "stage-plain" in page
    assert "2 faces · 1 region" in page
    assert "2 × face, 1 × chest, uncovered" in page
    assert 'x="10.00%" y="20.00%" width="30.00%" height="40.00%"' in page


def test_over_the_preview_the_same_boxes_are_drawn() -> None:
    item = make_examined(make_case(), signals=[regions(box("face"))])
    page = page_of(item)
    assert reverse("evidence_preview", args=[item.public_id]) in addresses_in(page)
    assert 'class="stage-box"' in page
    assert "1 face" in page


def test_where_no_region_model_ran_the_plane_says_so() -> None:
    none = regions(status=Status.NOT_CHECKED, reason="no region model is installed")
    item = make_examined(make_case(), signals=[none])
    page = page_of(item, show="regions")
    assert "Regions: not looked for. no region model is installed" in page
    assert "no face and no region" not in page


def test_where_a_region_model_found_nothing_that_is_another_answer() -> None:
    item = make_examined(make_case(), signals=[regions(status=Status.NOT_FOUND)])
    assert "no face and no region recognised" in page_of(item, show="regions")


@pytest.mark.parametrize(
    "wrong",
    [
        box("face", x=1.5), box("face", w=float("nan")), box("face", score="high"), {"label": "face"}, "face",
    ],
    ids=["outside", "not a number", "a word", "no place", "a text"],
)  # fmt: skip
def test_a_box_that_no_model_can_have_meant_is_left_out(wrong: Any) -> None:
    item = Item(pk=1, state=Item.State.EXAMINED)
    record = SignalRecord(name="regions", status="found", data={"boxes": [wrong, box("face")]})
    item._prefetched_objects_cache = {"signals": [record]}  # type: ignore[attr-defined]
    assert len(what_and_where(item)["boxes"]) == 1


def test_a_label_is_text_and_never_markup() -> None:
    item = make_examined(make_case(), signals=[regions(box("<script>alert(1)</script>"))])
    for show in ("", "regions"):
        page = page_of(item, show=show)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
