"""What is seen in a film: its frames, its scenes, the right way up, and only with decoders that may run."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from detection import pdq, sandbox, video
from detection.findings import Derivative
from detection.limits import DEFAULT, Limits
from detection.opening import Unopenable
from detection.planes import PlaneSpec
from detection.video import reading, sampling
from detection.video.drawing import film_of, pattern_film
from tests.corpus.films import benign_film, changed, index_first
from tests.corpus.pictures import picture

SPEC = PlaneSpec("small", 16, 12)


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported_before_the_fork() -> None:
    video.warm_up()


def opened(one: Derivative) -> Image.Image:
    image = Image.open(io.BytesIO(one.content), formats=["PNG", "JPEG"])
    image.load()
    return image


def corner_film(rotation: float = 0, *, hflip: bool = False) -> bytes:
    """Grey with a white upper left corner and a black upper right one; shown as the display matrix says."""
    picture = np.full((96, 128, 3), 128, dtype=np.uint8)
    picture[:40, :40], picture[:40, -40:] = 255, 0
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as writing:
        stream: Any = writing.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.set_display_rotation(rotation, hflip=hflip)
        for _ in range(3):
            writing.mux(stream.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        writing.mux(stream.encode())
    return out.getvalue()


def corners(image: Image.Image) -> str:
    """Upper left, upper right, lower right, lower left as W(hite), B(lack) or g(rey)."""
    wide, high = image.width - 10, image.height - 10
    values = (image.convert("L").getpixel(at) for at in ((10, 10), (wide, 10), (wide, high), (10, high)))
    return "".join("W" if value > 200 else "B" if value < 50 else "g" for value in values)  # type: ignore[operator]


def frames_of(colours: list[int], each: int) -> bytes:
    """One scene of *each* frames per colour, with a moving bar so that no two frames are alike."""

    def pictures() -> Any:
        for colour in colours:
            for number in range(each):
                picture = np.full((96, 128, 3), (colour, 255 - colour, 90), dtype=np.uint8)
                picture[:, (number * 3) % 110 : (number * 3) % 110 + 8] = 0
                yield picture

    return film_of(pictures(), size=(128, 96), rate=10)


@pytest.mark.parametrize(
    ("container", "codec", "named", "mime"),
    [
        ("mp4", "libx264", "H.264", "video/mp4"),
        ("mov", "libx264", "H.264", "video/quicktime"),
        ("mp4", "libx265", "HEVC", "video/mp4"),
        ("mp4", "libsvtav1", "AV1", "video/mp4"),
        ("webm", "libvpx", "VP8", "video/webm"),
        ("webm", "libvpx-vp9", "VP9", "video/webm"),
        ("matroska", "libvpx-vp9", "VP9", "video/x-matroska"),
        ("avi", "libx264", "H.264", "video/x-msvideo"),
    ],
)
def test_every_allowed_kind_is_looked_at(container: str, codec: str, named: str, mime: str) -> None:
    data = pattern_film(container=container, codec=codec)
    assert video.claims(data)
    seen = video.look(data, specs=[SPEC])
    assert (seen.media.mime, seen.media.width, seen.media.height, seen.media.frames) == (mime, 320, 240, 60)
    assert (seen.film.codec, seen.film.frames_per_second, seen.film.has_sound) == (named, 20.0, False)
    assert seen.film.duration == pytest.approx(3.0, abs=0.1)
    assert seen.planes["small"].shape == (len(seen.film.frames), 12, 16, 3)
    assert seen.notes == ()
    assert seen.hashes == ()


def test_scenes_start_where_the_picture_changes_and_time_fills_the_rest() -> None:
    seen = video.look(frames_of([20, 230, 120], 20))
    assert [frame.at_seconds for frame in seen.film.frames if frame.scene_start] == [0.0, 2.0, 4.0]
    times = [frame.at_seconds for frame in seen.film.frames]
    assert times == sorted(set(times))
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert min(gaps) >= sampling.LEAST_APART - 1e-6
    assert max(gaps) <= 1.0


def test_a_film_of_many_scenes_gives_32_frames_from_its_whole_length() -> None:
    seen = video.look(frames_of([(n * 97) % 256 for n in range(60)], 10))
    assert len(seen.film.frames) == video.MOST_FRAMES == 32
    assert seen.film.frames[-1].at_seconds > 54
    assert sum(frame.scene_start for frame in seen.film.frames) >= 20


def test_a_film_in_which_nothing_happens_is_one_frame() -> None:
    still = np.full((96, 128, 3), 90, dtype=np.uint8)
    seen = video.look(film_of((still for _ in range(100)), size=(128, 96), rate=10))
    assert [frame.at_seconds for frame in seen.film.frames] == [0.0]


def test_a_long_film_is_looked_at_over_its_whole_length() -> None:
    data = film_of(
        (np.full((48, 64, 3), (n // 50 * 37) % 256, dtype=np.uint8) for n in range(2000)),
        size=(64, 48),
        rate=25,
    )
    seen = video.look(data)
    times = [frame.at_seconds for frame in seen.film.frames]
    assert len(times) == 32
    assert times[0] == 0.0
    assert times[-1] > 70
    assert max(after - before for before, after in zip(times, times[1:], strict=False)) < 12
    assert seen.notes == ()


def test_a_long_film_with_a_single_keyframe_says_how_far_it_was_looked_at() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as writing:
        stream: Any = writing.add_stream(
            "libx264", rate=25, options={"preset": "ultrafast", "x264-params": "keyint=infinite"}
        )
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(2000):
            picture = np.full((48, 64, 3), number % 200, dtype=np.uint8)
            writing.mux(stream.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        writing.mux(stream.encode())
    seen = video.look(out.getvalue())
    [note] = seen.notes
    assert note.code == "frames"
    assert note.sentence.endswith("s of 80 s were looked at.")


@pytest.mark.parametrize(
    ("rotation", "hflip", "shown"),
    [(0, False, "WBgg"), (90, False, "BggW"), (-90, False, "gWBg"), (180, False, "ggWB"), (0, True, "BWgg")],
)
def test_a_film_is_shown_upright(rotation: float, hflip: bool, shown: str) -> None:
    seen = video.look(corner_film(rotation, hflip=hflip))
    sizes = (128, 96) if rotation in (0, 180) else (96, 128)
    assert (seen.media.width, seen.media.height) == sizes
    assert corners(opened(seen.film.frames[0].rendition)) == shown


def test_pixels_that_are_not_square_are_shown_square() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as writing:
        stream: Any = writing.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        writing.mux(stream.encode(VideoFrame.from_ndarray(np.zeros((96, 128, 3), np.uint8), "rgb24")))
        writing.mux(stream.encode())
    seen = video.look(out.getvalue())
    assert (seen.media.width, seen.media.height) == (256, 96)
    assert opened(seen.film.frames[0].rendition).size == (256, 96)


def test_derivatives_of_frames_are_small_plain_and_their_own() -> None:
    seen = video.look(pattern_film(size=(1920, 1080), frames=12, scenes=3))
    for frame in seen.film.frames:
        preview, rendition = opened(frame.preview), opened(frame.rendition)
        assert max(preview.size) <= 24
        assert preview.mode == "L"
        assert len(frame.preview.content) <= 2048
        assert max(rendition.size) <= 1024
        assert len(frame.rendition.content) <= 256 * 1024
        assert not rendition.getexif()
        assert {one.algorithm for one in frame.hashes} == {"pdq", "phash"}
    assert len({frame.preview.content for frame in seen.film.frames}) > 1
    assert seen.preview in [frame.preview for frame in seen.film.frames]


def test_a_frame_matches_the_picture_it_was_made_of() -> None:
    image = picture(320, 240)
    seen = video.look(film_of((np.array(image) for _ in range(5)), size=(320, 240)))
    [found] = [one for one in seen.film.frames[0].hashes if one.algorithm == "pdq"]
    assert (int(found.value, 16) ^ int(pdq.hash_image(image).value, 16)).bit_count() <= 31


def test_the_preview_of_a_film_that_begins_in_black_shows_a_later_frame() -> None:
    def pictures() -> Any:
        for number in range(40):
            if number < 15:
                yield np.zeros((240, 320, 3), np.uint8)
            else:
                rng = np.random.default_rng(1)
                blocks = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
                yield np.array(blocks.resize((320, 240), Image.Resampling.BICUBIC))

    seen = video.look(film_of(pictures(), size=(320, 240), rate=10))
    assert seen.film.frames[0].at_seconds == 0.0
    assert np.array(opened(seen.film.frames[0].preview)).max() < 20
    assert np.array(opened(seen.preview)).max() > 100


def test_sound_is_noticed_and_not_decoded() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as writing:
        stream: Any = writing.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound: Any = writing.add_stream("aac", rate=48000)
        for number in range(10):
            writing.mux(
                stream.encode(VideoFrame.from_ndarray(np.full((48, 64, 3), number * 20, np.uint8), "rgb24"))
            )
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        writing.mux(sound.encode(frame))
        writing.mux([*stream.encode(), *sound.encode()])
    seen = video.look(out.getvalue())
    assert seen.film.has_sound
    assert seen.media.frames == 10


@pytest.mark.parametrize("codec", ["mpeg4", "ffv1", "mjpeg"])
def test_a_codec_outside_the_list_is_named_and_never_opened(
    codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = {"mjpeg": "yuvj420p"}.get(codec, "yuv420p")
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as writing:
        stream: Any = writing.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        writing.mux(stream.encode(VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
        writing.mux(stream.encode())
    monkeypatch.setattr(sampling, "sample", lambda *_: pytest.fail("it was decoded"))
    av.logging.set_level(av.logging.ERROR)
    with av.logging.Capture(local=False) as said, pytest.raises(Unopenable) as refused:
        video.look(out.getvalue())
    av.logging.set_level(None)
    assert (refused.value.failure.code, refused.value.failure.quarantine) == ("codec", False)
    assert not [line for line in said if "decoder" in line[2].lower() and "whitelist" not in line[2].lower()]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_pixels=10_000), "pixels"),
        (Limits(max_bytes=1000), "too_large"),
        (Limits(cpu_seconds=1e-9), "time"),
    ],
)
def test_a_film_above_a_limit_is_set_aside(limits: Limits, code: str) -> None:
    with pytest.raises(Unopenable) as refused:
        video.look(benign_film(), limits)
    assert (refused.value.failure.code, refused.value.failure.quarantine) == (code, True)


def test_a_film_cut_short_is_looked_at_as_far_as_it_goes_and_says_so() -> None:
    data = index_first()
    seen = video.look(data[: len(data) * 3 // 4])
    assert 0 < seen.media.frames < 60
    assert [note.code for note in seen.notes] == ["cut_short"]


def test_a_picture_changed_halfway_to_a_huge_size_does_not_get_past_the_limit() -> None:
    small, large = pattern_film(size=(64, 48), frames=4), pattern_film(size=(1280, 720), frames=4)
    limits = Limits(max_pixels=100_000)
    assert video.look(small, limits).media.width == 64
    with pytest.raises(Unopenable):
        video.look(large, limits)


def test_what_is_no_film_is_not_claimed() -> None:
    starts = (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x1cftypavif", b"\0\0\0\x18ftypheic")
    others = (b"\0\0\0\x1cftypM4A ", b"RIFF\0\0\0\0WEBP", b"#EXTM3U", b"", b"FLV\x01", b"OggS")
    for start in (*starts, *others):
        assert not video.claims(start + bytes(40))
        with pytest.raises(Unopenable):
            video.look(start + bytes(40))


def test_nothing_beside_the_film_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(reading, "_open_nothing", lambda *what: asked.append(what))
    entry = b"\0\0\0\0file:///etc/hostname\0"
    dref = bytes(4) + (1).to_bytes(4, "big") + (len(entry) + 8).to_bytes(4, "big") + b"url " + entry
    data = changed(benign_film(), (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"), lambda _: dref)
    assert video.look(data).media.frames == 60
    assert asked == []


def test_films_are_looked_at_in_the_sandbox() -> None:
    data = benign_film("webm", "libvpx-vp9")

    def work() -> tuple[dict[str, Any], list[bytes]]:
        return {"frames": len(video.look(data).film.frames)}, []

    outcome = sandbox.run(work, DEFAULT)
    assert isinstance(outcome, sandbox.Answer)
    assert outcome.document["frames"] >= 10


def test_a_busy_machine_gets_fewer_frames_and_gives_no_film_up() -> None:
    seen = video.look(benign_film(), Limits(wall_seconds=0.001))
    assert len(seen.film.frames) == 1
    assert [note.code for note in seen.notes] == ["frames"]
