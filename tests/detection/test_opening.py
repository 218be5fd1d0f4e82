"""Pictures open by their content, upright and in the right colours; what exceeds a limit is never decoded."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from detection import opening
from detection.limits import Limits
from tests.corpus.animations import gif_frames
from tests.corpus.jpeg_bombs import many_scans
from tests.corpus.oddities import in_mode, turned
from tests.corpus.pictures import FORMATS, benign, picture, png, saved, with_jpeg_segments

MIMES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "tiff": "image/tiff",
    "avif": "image/avif",
    "heic": "image/heic",
}


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean difference per channel, 0 to 255."""
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean())


def refused(data: bytes, limits: Limits = Limits()) -> tuple[str, bool]:  # noqa: B008 - frozen
    with pytest.raises(opening.Unopenable) as caught:
        opening.open_media(data, limits)
    assert caught.value.failure.sentence.endswith(".")
    return caught.value.failure.code, caught.value.failure.quarantine


@pytest.mark.parametrize("extension", FORMATS)
def test_each_allowed_format_opens_and_says_what_it_is(extension: str) -> None:
    opened = opening.open_media(benign(extension))
    assert opened.media.mime == MIMES[extension]
    assert opened.media.format == ("HEIC" if extension == "heic" else FORMATS[extension])
    assert (opened.media.width, opened.media.height, opened.media.frames) == (640, 480, 1)
    assert distance(opened.frames[0], picture()) < 14
    assert opened.notes == ()


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tiff", "avif", "heic"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(orientation: int, extension: str) -> None:
    opened = opening.open_media(turned(orientation, extension))
    assert (opened.media.width, opened.media.height) == (640, 480)
    assert distance(opened.frames[0], picture()) < 12


@pytest.mark.parametrize(
    ("mode", "extension", "as_mode"),
    [
        ("1", "png", "1"),
        ("L", "png", "L"),
        ("LA", "png", "L"),
        ("P", "png", "P"),
        ("RGBA", "png", "RGB"),
        ("I;16", "png", "L"),
        ("I;16", "tiff", "L"),
        ("I", "tiff", "L"),
        ("F", "tiff", "L"),
        ("CMYK", "tiff", "RGB"),
        ("CMYK", "jpg", "RGB"),
        ("YCbCr", "jpg", "RGB"),
        ("YCbCr", "tiff", "RGB"),
    ],
)
def test_every_mode_comes_out_in_the_right_colours(mode: str, extension: str, as_mode: str) -> None:
    opened = opening.open_media(in_mode(mode, extension))
    assert opened.frames[0].mode == "RGB"
    assert distance(opened.frames[0], picture().convert(as_mode).convert("RGB")) < 9


def test_a_float_picture_from_0_to_1_is_not_black() -> None:
    values = np.asarray(picture().convert("L"), dtype=np.float32) / 255
    opened = opening.open_media(saved(Image.fromarray(values), "tiff"))
    assert distance(opened.frames[0], picture().convert("L").convert("RGB")) < 2


def test_transparent_areas_are_white() -> None:
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    clear.putpixel((0, 0), (0, 0, 255, 255))
    frame = opening.open_media(saved(clear, "png")).frames[0]
    assert frame.getpixel((0, 0)) == (0, 0, 255)
    assert frame.getpixel((5, 5)) == (255, 255, 255)


def test_a_picture_hidden_by_transparency_is_drawn() -> None:
    hidden = picture().convert("RGBA")
    hidden.putalpha(1)
    assert distance(opening.open_media(saved(hidden, "png")).frames[0], picture()) == 0


def test_frames_carry_nothing_of_the_files_metadata() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret"
    data = saved(picture(), "jpg", exif=exif, comment=b"secret", icc_profile=b"secret" * 30)
    frame = opening.open_media(data).frames[0]
    assert b"secret" not in saved(frame, "jpg")


def test_an_animation_gives_its_first_frame_and_16_spread_over_the_rest() -> None:
    pages = [Image.new("RGB", (40, 20), (n, 0, 0)) for n in range(0, 250, 2)]
    opened = opening.open_media(saved(pages[0], "png", save_all=True, append_images=pages[1:]))
    reds = [np.asarray(frame)[0, 0, 0] for frame in opened.frames]
    assert opened.media.frames == 125
    assert len(reds) == 17
    assert reds == sorted(set(reds))
    assert (reds[0], reds[-1]) == (0, 248)


@pytest.mark.parametrize(
    ("count", "most", "numbers"),
    [(1, 16, ()), (2, 16, (1,)), (4, 16, (1, 2, 3)), (101, 4, (25, 50, 75, 100))],
)
def test_sampling_spreads_frames_evenly(count: int, most: int, numbers: tuple[int, ...]) -> None:
    assert opening.sample(count, most) == numbers


def test_later_frames_are_held_small_and_the_first_in_full() -> None:
    opened = opening.open_media(gif_frames(3, 1500, 1500))
    assert opened.frames[0].size == (1500, 1500)
    assert {frame.size for frame in opened.frames[1:]} == {(1024, 1024)}


def test_a_long_animation_is_sampled_only_as_long_as_time_allows() -> None:
    opened = opening.open_media(gif_frames(50, 300, 300), Limits(frame_seconds=0))
    assert len(opened.frames) == 1
    assert opened.notes[0].code == "frames"
    assert "50 frames" in opened.notes[0].sentence


def test_a_picture_with_one_pixel_too_many_is_not_decoded() -> None:
    limits = Limits(max_pixels=640 * 480 - 1)
    for extension in FORMATS:
        assert refused(benign(extension), limits) == ("pixels", True)
    assert opening.open_media(benign("png"), Limits(max_pixels=640 * 480)).media.width == 640


def test_pillows_own_limit_is_put_back() -> None:
    before = Image.MAX_IMAGE_PIXELS
    refused(benign("png"), Limits(max_pixels=100))
    opening.open_media(benign("png"))
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_page_larger_than_the_first_is_left_out() -> None:
    pages = [Image.new("L", (10, 10)), Image.new("L", (300, 300))]
    data = saved(pages[0], "tiff", save_all=True, append_images=pages[1:])
    opened = opening.open_media(data, Limits(max_pixels=10_000))
    assert (len(opened.frames), opened.notes[0].code) == (1, "frames")


def test_scans_are_counted_before_decoding() -> None:
    assert refused(many_scans(64, 400)) == ("scans", True)
    assert opening.open_media(many_scans(64, 50)).media.width == 64


def test_a_thumbnail_full_of_scan_markers_does_not_count() -> None:
    data = with_jpeg_segments(b"\xff\xe5\x02\x02" + b"\xff\xda" * 256)
    assert opening.open_media(data).media.width == 640


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"just words", "unrecognised"),
        (benign("jpg")[:5000], "damaged"),
        (benign("avif")[:64], "damaged"),
        (saved(picture(), "BMP"), "unrecognised"),
        (png(0, 0, 8, 0, b""), "damaged"),
    ],
)
def test_what_cannot_be_opened_says_why_and_is_final(data: bytes, code: str) -> None:
    assert refused(data) == (code, False)


def test_a_file_over_the_byte_limit_is_not_looked_at() -> None:
    assert refused(benign("jpg"), Limits(max_bytes=1000)) == ("too_large", True)


def test_what_the_sandbox_refuses_is_not_blamed_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_files(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Image, "open", no_files)
    with pytest.raises(PermissionError):
        opening.open_media(benign("jpg"))
