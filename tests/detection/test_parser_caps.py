"""Every guard of the metadata readers by itself: each test here fails when one of them is taken out."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from PIL import Image

from detection import blocks, exif, generators, xmp
from detection.blocks import Blocks, decoded, read_blocks
from detection.exif import Exif, read_exif
from detection.findings import Signal
from detection.generators import marks
from detection.limits import Limits
from detection.metadata import (
    LONGEST_SHOWN,
    MOST_MARKS,
    Metadata,
    camera_signal,
    generator_signal,
    thumbnail_signal,
)
from tests.corpus.pictures import saved
from tests.detection.test_metadata import A1111, NAME, chunk, png, png_with, with_xmp

TIFF = b"II*\0\x08\0\0\0"


# --- blocks ----------------------------------------------------------------------------------------------


def packed(text: bytes, keyword: bytes = b"a") -> bytes:
    return chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(text))


def test_inflated_texts_count_against_the_files_budget() -> None:
    limits = Limits(max_metadata_bytes=2000, max_text_bytes=1000)
    found = read_blocks(png_with(packed(b"x" * 900), packed(b"y" * 900), packed(b"z" * 900)), limits)
    assert [len(text) for _, text in found.texts][:2] == [900, 900]
    assert sum(len(text) for _, text in found.texts) <= 2000
    assert found.cut


def test_one_text_is_inflated_no_further_than_its_limit_and_the_file_counts_as_cut() -> None:
    found = read_blocks(png_with(packed(b"x" * 5000)), Limits(max_text_bytes=1000))
    assert ([len(text) for _, text in found.texts], found.cut) == ([1000], True)


def test_a_text_that_cannot_be_inflated_is_left_out() -> None:
    broken = chunk(b"zTXt", b"a\0\0no zlib")
    assert read_blocks(png_with(broken, packed(b"whole"))).texts == [("a", "whole")]


@pytest.mark.parametrize("kind", [b"tEXt", b"iTXt"])
def test_a_plain_text_is_cut_at_its_limit(kind: bytes) -> None:
    between = b"\0\0\0\0\0" if kind == b"iTXt" else b"\0"
    found = read_blocks(png_with(chunk(kind, b"a" + between + b"x" * 5000)), Limits(max_text_bytes=1000))
    assert [len(text) for _, text in found.texts] == [1000]


def test_xmp_is_cut_at_its_limit_and_said_to_be() -> None:
    found = read_blocks(with_xmp("x" * 5000), Limits(max_text_bytes=1000))
    assert (len(found.xmp), found.cut) == (1000, True)


def test_a_keyword_is_no_longer_than_the_standard_allows() -> None:
    [(keyword, _)] = read_blocks(png_with(chunk(b"tEXt", b"k" * 500 + b"\0text"))).texts
    assert keyword == "k" * 79


def test_a_part_of_a_webp_that_claims_more_than_the_file_holds_is_read_to_the_end() -> None:
    data = b"RIFF\0\0\0\0WEBP" + b"EXIF" + struct.pack("<I", 0xFFFFFFF0) + TIFF
    found = read_blocks(data)
    assert (found.exif, found.cut) == (TIFF, False)


def test_exif_behind_a_start_mark_is_bounded_and_counted() -> None:
    data = b"....ftypheic" + b"Exif\0\0" + TIFF + b"x" * 5000
    assert len(read_blocks(data, Limits(max_text_bytes=1000)).exif) == 1000
    assert read_blocks(data, Limits(max_metadata_bytes=10)).exif == b""


def test_xmp_behind_a_start_mark_is_counted() -> None:
    data = b"....ftypheic<x:xmpmeta " + b"x" * 500 + b"</x:xmpmeta>"
    found = read_blocks(data, Limits(max_metadata_bytes=10))
    assert (found.xmp, found.cut) == ("", True)


def test_a_file_is_searched_for_start_marks_no_further_than_files_are_opened() -> None:
    data = b"....ftypheic" + b"\0" * 5000 + b"Exif\0\0" + TIFF
    assert read_blocks(data, Limits(max_bytes=1000)).exif == b""


def test_texts_hold_no_nul_in_any_encoding() -> None:
    assert decoded(b"a\0b") == decoded("a\0b".encode("utf-16")) == "ab"
    assert decoded(b"\xe9\0") == "é"


# --- EXIF --------------------------------------------------------------------------------------------------


def entry(tag: int, kind: int, amount: int, value: int | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else struct.pack("<I", value)
    return struct.pack("<HHI", tag, kind, amount) + raw


def directory(*entries: bytes, following: int = 0, count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    return TIFF + struct.pack("<H", number) + b"".join(entries) + struct.pack("<I", following)


def test_no_more_entries_are_read_than_allowed() -> None:
    many = directory(*(entry(1000 + n, 2, 2, b"ab\0\0") for n in range(exif.MOST_ENTRIES + 50)))
    assert len(read_exif(many).texts) == exif.MOST_ENTRIES


def test_a_value_beyond_the_limit_is_left_out() -> None:
    long = directory(entry(exif.SOFTWARE, 2, exif.LONGEST_VALUE + 1, 26)) + b"x" * (exif.LONGEST_VALUE + 9)
    assert read_exif(long).texts == {}


def test_a_value_of_no_length_is_left_out() -> None:
    assert read_exif(directory(entry(exif.SOFTWARE, 2, 0, 0), entry(exif.MAKE, 99, 4, 0))).texts == {}


def test_a_value_that_leaves_the_block_is_left_out() -> None:
    assert read_exif(directory(entry(exif.SOFTWARE, 2, 100, 20))).texts == {}


def test_a_directory_that_ends_early_keeps_what_was_whole() -> None:
    whole = entry(exif.MAKE, 2, 4, b"ab\0\0")
    assert read_exif(directory(whole, count=9)[:-4]).texts == {exif.MAKE: "ab"}
    assert read_exif(directory(whole, count=9)).texts == {exif.MAKE: "ab"}


@pytest.mark.parametrize(
    "block", [b"II*\0", b"II*\0\x08\0\0", TIFF, TIFF + b"\1", b"II*\0\xff\xff\xff\xff", b""]
)
def test_a_block_that_ends_before_its_directory_says_nothing(block: bytes) -> None:
    assert read_exif(block) == Exif()


def test_a_directory_does_not_begin_within_the_header() -> None:
    within = b"II*\0" + struct.pack("<IHI", 4, 2, 3) + b"ab\0\0" + b"\0" * 60
    assert read_exif(within).texts == {}


def with_thumbnail(content: bytes, *, at: int = 44, length: int | None = None) -> bytes:
    head = TIFF + struct.pack("<HI", 0, 14) + struct.pack("<H", 2)
    size = len(content) if length is None else length
    return head + entry(0x0201, 4, 1, at) + entry(0x0202, 4, 1, size) + b"\0" * 4 + content


def test_a_thumbnail_is_a_whole_jpeg_of_bounded_size_behind_the_header() -> None:
    jpeg = b"\xff\xd8" + b"x" * 100
    assert read_exif(with_thumbnail(jpeg)).thumbnail == jpeg
    assert read_exif(with_thumbnail(b"GIF89a" + jpeg)).thumbnail == b""
    assert read_exif(with_thumbnail(jpeg, length=103)).thumbnail == b""
    assert read_exif(with_thumbnail(jpeg + b"x" * exif.LARGEST_THUMBNAIL)).thumbnail == b""
    assert read_exif(b"\xff\xd8" + with_thumbnail(jpeg, at=0)[2:]).thumbnail == b""


@pytest.mark.parametrize(("said", "kept"), [(0, 1), (1, 1), (8, 8), (9, 1), (65535, 1)])
def test_an_orientation_that_does_not_exist_counts_as_upright(said: int, kept: int) -> None:
    assert read_exif(directory(entry(exif.ORIENTATION, 3, 1, said))).orientation == kept


def test_the_first_of_two_entries_with_the_same_tag_counts() -> None:
    twice = directory(entry(exif.MAKE, 2, 3, b"ab\0\0"), entry(exif.MAKE, 2, 3, b"cd\0\0"))
    assert read_exif(twice).texts == {exif.MAKE: "ab"}


# --- XMP ---------------------------------------------------------------------------------------------------


def test_only_plain_names_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="not a property name"):
        xmp.property_of("<a:b>c</a:b>", "b|.*")


def test_only_the_first_places_are_looked_at() -> None:
    empty = "<a:AIGC/>"
    assert xmp.property_of(empty * (xmp.MOST_CANDIDATES - 1) + "<a:AIGC>x</a:AIGC>", "AIGC") == "x"
    assert xmp.property_of(empty * xmp.MOST_CANDIDATES + "<a:AIGC>x</a:AIGC>", "AIGC") == ""


def test_a_value_is_bounded() -> None:
    found = xmp.property_of(f"<a:AIGC>{'x' * 100_000}</a:AIGC>", "AIGC")
    assert 0 < len(found) <= xmp.LONGEST_VALUE


@pytest.mark.parametrize(
    "text",
    ["<a:AIGC></a:AIGC>no<b>", "<a:AIGC/>no<b>", "“b:AIGC='no'", "<a:AIGC no", "<a:AIGCx>no</a:AIGCx>"],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert xmp.property_of(text, "AIGC") == ""


# --- generators ----------------------------------------------------------------------------------------------


def test_only_the_first_lines_of_settings_are_looked_at() -> None:
    bare = f"Steps: 1, {'x' * 600}\n"
    for number, found in ((generators.MOST_CANDIDATES - 1, 1), (generators.MOST_CANDIDATES, 0)):
        assert len(marks(Blocks(texts=[("parameters", bare * number + A1111)]), Exif())) == found


@pytest.mark.parametrize(
    "text", ['{"a":' * 100_000, '{"a":' + "[" * 100_000, "{", '{"a": 1', '[{"class_type": 1}]', "1" * 10_000]
)
def test_json_that_cannot_be_read_is_no_mark(text: str) -> None:
    texts = [(key, text) for key in ("prompt", "workflow", "invokeai_metadata", "Comment", "AIGC")]
    assert marks(Blocks(texts=texts, xmp=f"<a:AIGC>{text}</a:AIGC>"), Exif()) == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("prompt", {"1": "class_type"}),
        ("prompt", {"1": ["class_type"]}),
        ("prompt", {"1": 7}),
        ("workflow", {"nodes": {"a": 1}}),
        ("workflow", {"nodes": "many"}),
        ("AIGC", {"Label": ["1"]}),
    ],
)
def test_json_of_another_shape_is_no_mark(key: str, value: object) -> None:
    assert marks(Blocks(texts=[(key, json.dumps(value))]), Exif()) == ()


@pytest.mark.parametrize("producer", [{"a": 1}, ["x"], 7, ""])
def test_a_producer_that_is_no_text_is_not_shown(producer: object) -> None:
    label = json.dumps({"Label": "1", "ContentProducer": producer})
    [mark] = marks(Blocks(texts=[("AIGC", label)]), Exif())
    assert [name for name, _ in mark.details] == ["label", "means"]


def test_a_long_text_in_the_place_of_a_programs_name_is_not_shown() -> None:
    texts = {exif.SOFTWARE: "AI generated;" + NAME * 20, exif.MAKE: "Black Forest Labs"}
    [mark] = marks(Blocks(), Exif(texts=texts))
    assert [name for name, _ in mark.details] == ["maker"]


# --- what is kept of it --------------------------------------------------------------------------------------


def of(texts: list[tuple[str, str]], **exif_texts: str) -> Metadata:
    tags = {getattr(exif, name): text for name, text in exif_texts.items()}
    return Metadata(Blocks(texts=texts), Exif(texts=tags))


def test_a_mark_found_twice_in_one_place_is_shown_once() -> None:
    assert len(generator_signal(of([("parameters", A1111)] * 50)).data["marks"]) == 1


def test_no_more_marks_are_shown_than_fit_a_page() -> None:
    graph = 'prompt:{"1": {"class_type": "x"}}'
    many = Metadata(Blocks(), Exif(texts=dict.fromkeys(range(100), graph)))
    assert len(generator_signal(many).data["marks"]) == MOST_MARKS


def thumbnail(content: bytes) -> Signal:
    picture = Image.radial_gradient("L").convert("RGB")
    return thumbnail_signal(Metadata(Blocks(), Exif(thumbnail=content)), picture)


def test_a_thumbnail_larger_than_thumbnails_are_is_not_opened() -> None:
    assert thumbnail(saved(Image.linear_gradient("L").resize((1001, 1000)), "jpg")).status == "failed"
    assert thumbnail(saved(Image.linear_gradient("L").resize((1000, 1000)), "jpg")).status == "found"


def test_a_damaged_thumbnail_is_a_failure_with_a_reason() -> None:
    signal = thumbnail(b"\xff\xd8\xff\xe0 cut short")
    assert (signal.status, bool(signal.reason)) == ("failed", True)


def test_a_prompt_is_kept_to_a_bound_and_without_control_characters() -> None:
    text = f"{A1111}\n\x1b[31m\u202e{'x' * 50_000}"
    [kept] = generator_signal(of([("parameters", text)])).sensitive["texts"]
    assert len(kept["text"]) <= generators.LONGEST_TEXT
    assert "\n" in kept["text"]
    assert not {"\x1b", "\u202e"} & set(kept["text"])


@pytest.mark.parametrize("text", ["x" * (LONGEST_SHOWN + 1), '{"prompt": "x"}', "two\nlines"])
def test_what_is_no_name_of_a_camera_is_not_shown_as_one(text: str) -> None:
    assert camera_signal(of([], MAKE=text)).data == {}
    assert camera_signal(of([], MAKE="x" * LONGEST_SHOWN)).data["make"] == "x" * LONGEST_SHOWN


def test_a_file_that_was_not_read_whole_is_never_called_free_of_marks() -> None:
    cut = Metadata(Blocks(cut=True), Exif())
    assert (generator_signal(cut).status, camera_signal(cut).status) == ("not_checked", "not_checked")


def test_an_ordinary_file_is_read_whole() -> None:
    assert blocks.read_blocks(png(parameters=A1111)).cut is False
