"""How well the marks of playbacks are read again in stills and in films, and how rarely where there are none.

python -m tests.bench.film_marks [EVERY]      (prints tables; EVERY takes each so many-th photograph, by default 8)

A film is a pan and a zoom over a photograph, 640 x 360 at 25 a second. It goes through ``playing.work`` as a worker's
child runs it, name drawn in, then a picture of it, or all of it, is damaged. Odd films are grey, even ones in colour.
"""

from __future__ import annotations

import io
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from detection.video import marks, pictures, playing, recognising
from detection.video.marks import Reading
from tests.bench.marks import DATA, FIVE, WORDS, Damage, jpeg, psnr

KEY = b"bench"
SIZE = (640, 360)
PICTURES = 30
ISSUED = 1000
STILLS: dict[str, Damage] = {"as it is, JPEG 80": lambda image, _: jpeg(image, 80), **FIVE}
Film = Sequence[Image.Image]


def pan(path: Path, count: int = PICTURES) -> Iterator[NDArray[np.uint8]]:
    """*count* pictures that move over a photograph and come nearer."""
    with Image.open(path) as opened:
        photo = opened.convert("RGB")
    scale = max(SIZE[0] / photo.width, SIZE[1] / photo.height) * 1.3
    photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS)
    for number in range(count):
        share = number / count
        wide = min(photo.width, photo.height * SIZE[0] / SIZE[1]) / 1.3 * (1 - 0.15 * share)
        high = wide * SIZE[1] / SIZE[0]
        left, top = (photo.width - wide) * share, (photo.height - high) * (0.5 - 0.4 * share)
        part = photo.resize(SIZE, Image.Resampling.BICUBIC, box=(left, top, left + wide, top + high))
        yield np.asarray(part)


def coded(
    film: Iterable[NDArray[np.uint8]], size: tuple[int, int], form: str, codec: str, **options: str
) -> bytes:
    """A film of pictures of *size*."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as writing:
        stream = writing.add_stream(codec, rate=25)
        assert isinstance(stream, VideoStream)
        stream.pix_fmt, stream.width, stream.height = "yuv420p", *size
        stream.codec_context.thread_count = 1
        stream.codec_context.options = options
        for picture in film:
            writing.mux(stream.encode(VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")))
        writing.mux(stream.encode())
    return out.getvalue()


def again(film: Film, form: str = "mp4", codec: str = "libx264", **options: str) -> bytes:
    """Coded once more."""
    return coded((np.asarray(one) for one in film), film[0].size, form, codec, **options)


FILMS: dict[str, Callable[[Film], bytes]] = {
    "H.264, CRF 30": lambda film: again(film, preset="veryfast", crf="30"),
    "426 x 240, H.264, CRF 35": lambda film: again(
        [one.resize((426, 240)) for one in film], preset="veryfast", crf="35"
    ),
    "VP9, CRF 40": lambda film: again(
        film, "webm", "libvpx-vp9", deadline="realtime", crf="40", b="0", **{"cpu-used": "8"}
    ),
    "cropped to 560 x 312, H.264, CRF 28": lambda film: again(
        [one.crop((40, 24, 600, 336)) for one in film], preset="veryfast", crf="28"
    ),
}


def watched(data: bytes, mark: int | None, *, coloured: bool) -> playing.Playback:
    """The playback of a film, with a mark or without."""
    wishes = {"words": WORDS, "start": 0.0, "coloured": coloured}
    if mark is not None:
        wishes["mark"] = playing.mark_wish(marks.pattern(mark, KEY))
    *_, (about, parts) = playing.work(data, wishes, playing.LIMITS)
    return playing.from_wire(about, parts)


def part_of(data: bytes, *, copy: bool) -> pictures.Part:
    """What a child gives of a film: of a copy, or of one that we hold."""
    side = pictures.COPY_SIDE if copy else pictures.KNOWN_SIDE
    batches = [
        pictures.batch_from(document, parts, side)
        for document, parts in pictures.work(
            data, {"start": 0.0, "side": side, "every": not copy}, pictures.LIMITS
        )
        if parts
    ]
    at = tuple(time for times, _ in batches for time in times)
    return pictures.Part(at, np.concatenate([planes for _, planes in batches]))


def decoded(data: bytes) -> list[Image.Image]:
    """All pictures of a film."""
    with av.open(io.BytesIO(data), "r") as container:
        return [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def copies_of(film: Film, chance: random.Random) -> Iterator[tuple[str, list[Image.Image]]]:
    """A film's damaged stills, each a picture picked at random, and damaged films, as they are compared: grey."""
    for name, damage in STILLS.items():
        yield name, [damage(chance.choice(film), chance).convert("L")]
    for name, recode in FILMS.items():
        part = part_of(recode(film), copy=True)
        yield "film: " + name, [part.picture(number) for number in range(len(part.at))]


def main() -> None:
    """Measure and print."""
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    chance = random.Random(20)
    issued = [chance.getrandbits(48) for _ in range(ISSUED)]
    words = marks.words_of(issued)
    named: dict[str, list[tuple[bool, bool]]] = {}
    wrong = {
        kind: [0, 0, 0.0] for kind in ("unmarked", "another playback's mark", "another film", "photographs")
    }
    seconds: list[float] = []
    before: pictures.Part | None = None

    def miss(kind: str, readings: Sequence[Reading]) -> None:
        for one in readings:
            wrong[kind][0] += one.mark_id is not None or one.unlisted in issued
            wrong[kind][1] += 1
            wrong[kind][2] = max(wrong[kind][2], one.score)

    def both(copy: list[Image.Image], known: pictures.Part) -> list[Reading]:
        return [
            recognising.recognise(copy, known, SIZE, issued, key=KEY),
            recognising.read_whole(copy, issued, words, key=KEY),
        ]

    paths = sorted((DATA / "photos").glob("*.JPEG"))[::every]
    for number, path in enumerate(paths):
        data = coded(pan(path), SIZE, "mp4", "libx264", preset="veryfast", crf="20")
        known, mark = part_of(data, copy=False), issued[number]
        for name, copy in copies_of(decoded(watched(data, mark, coloured=number % 2 == 0).content), chance):
            began = time.process_time()
            informed, alone = both(copy, known)
            seconds.append(time.process_time() - began)
            named.setdefault(name, []).append((informed.mark_id == mark, alone.mark_id == mark))
        clean = decoded(watched(data, None, coloured=number % 2 == 0).content)
        other = decoded(watched(data, chance.getrandbits(48), coloured=True).content)
        for _name, copy in copies_of(clean, chance):
            miss("unmarked", both(copy, known))
        stills = [chance.choice(other).convert("L")]
        miss(
            "another playback's mark", both(stills, known) + both([one.convert("L") for one in other], known)
        )
        if before is not None:
            miss("another film", both([one.convert("L") for one in clean], before))
        before = known
        with Image.open(path) as photo:
            miss("photographs", both([photo.convert("L")], known))
        _say(f"{path.stem}: {sum(one for one, _ in (rows[-1] for rows in named.values()))} of {len(named)}")
    _say("\n| damage | named, laid over the film | named by itself |\n|---|---|---|")
    for name, rows in named.items():
        _say(
            f"| {name} | {sum(one for one, _ in rows)} of {len(rows)} | {sum(one for _, one in rows)} of {len(rows)} |"
        )
    _say(f"\n| without one of the {ISSUED} marks | named | highest score |\n|---|---|---|")
    for kind, (hits, tried, highest) in wrong.items():
        _say(f"| {kind} | {hits} of {tried} | {highest:.1f} |")
    _say(f"\ncomparing: {np.median(seconds):.2f} s in the middle, {max(seconds):.1f} s at most")
    cost(paths[0])


def cost(path: Path) -> None:
    """What the mark costs: processor time a picture, bytes, and how far it changes the pictures."""
    data = coded(pan(path, 100), SIZE, "mp4", "libx264", preset="veryfast", crf="20")
    for mark in (None, 5):
        began = time.process_time()
        made = watched(data, mark, coloured=True)
        took = (time.process_time() - began) * 10
        _say(
            f"{'with' if mark else 'without'} a mark: {took:.1f} ms a picture, {len(made.content) / 1024:.0f} KiB"
        )
    marker = marks.Marker(SIZE, marks.pattern(5, KEY))
    ratios = [psnr(marker.marked(one), one) for one in map(Image.fromarray, pan(path, 5))]
    _say(f"PSNR before coding: {min(ratios):.1f} dB")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
