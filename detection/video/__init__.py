"""Films: which bytes claim to be one, and what is seen in it. Meant to run inside ``sandbox.run``.

Containers: ISO base media (MP4, QuickTime, 3GP), Matroska and WebM, AVI. Codecs: H.264, HEVC, VP8, VP9, AV1. Sound,
subtitles and attachments are never decoded. A film has no perceptual hash of its own beside its digests; its frames
have theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection import perceptual, planes, renditions
from detection.findings import Derivative, Failure, Film, FilmFrame, Hash, Media
from detection.limits import DEFAULT, MIB, Limits
from detection.opening import Unopenable
from detection.planes import PlaneSpec
from detection.video import marks, pictures, playing, reading, sampling
from detection.video.drawing import pattern_film
from detection.video.reading import Budget, Kind, Reel
from detection.video.sampling import Sample, Sampled

MOST_FRAMES = sampling.MOST_FRAMES
FRAME_SIDE = sampling.SIDE

_FRAME_BYTES = MIB // 4
_TELLING = 50
"""PDQ quality from which a frame has enough detail to stand for its film."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A film as it was looked at. ``planes`` hold all its frames for every model; ``hashes`` is empty (see above).

    ``preview`` and ``rendition`` are those of the first frame with enough detail. ``notes`` say what was left out.
    """

    media: Media
    film: Film
    planes: Mapping[str, NDArray[np.uint8]]
    hashes: tuple[Hash, ...]
    preview: Derivative
    rendition: Derivative
    notes: tuple[Failure, ...] = ()


def claims(data: bytes) -> bool:
    """Whether the first bytes are those of a film's container."""
    return reading.kind_of(data) is not None


def look(data: bytes, limits: Limits = DEFAULT, specs: Sequence[PlaneSpec] = ()) -> Seen:
    """Sample at most 32 frames and derive hashes, previews, renditions and planes from them.

    Raises Unopenable: ``empty``, ``unrecognised``, ``damaged``, ``no_video`` and ``codec`` are final;
    ``too_large``, ``pixels``, ``time`` and ``memory`` exceed a limit and ask for quarantine.
    """
    kind = _kind(data, limits)
    budget = Budget(limits)
    try:
        with reading.opened(data, kind, limits, budget) as reel:
            sampled = sampling.sample(reel, budget)
            if sampled is None:
                raise _undecodable(budget)
            return _seen(kind, reel, sampled, limits, specs, budget)
    except MemoryError:
        raise Unopenable(Failure("memory", "The film needs more memory than allowed.", True)) from None


def warm_up() -> None:
    """Look at a tiny film of our own of every kind, so that nothing is left to import after a fork."""
    for container, codec in (("mp4", "libx264"), ("webm", "libvpx"), ("webm", "libvpx-vp9")):
        look(pattern_film(container=container, codec=codec, size=(64, 48), frames=4))
    film = pattern_film(size=(64, 48), frames=4)
    wishes = {
        "words": "warm",
        "start": 0.0,
        "coloured": False,
        "mark": playing.mark_wish(bytes(marks.PATTERN_BYTES)),
    }
    for _said in playing.work(film, wishes, playing.LIMITS):
        pass
    for _some in pictures.work(film, {"start": 0.0, "side": 64, "every": True}, pictures.LIMITS):
        pass


def _kind(data: bytes, limits: Limits) -> Kind:
    if not data:
        raise Unopenable(Failure("empty", "The file is empty."))
    if len(data) > limits.max_bytes:
        raise Unopenable(Failure("too_large", "The file is larger than what is opened.", True))
    kind = reading.kind_of(data)
    if kind is None:
        raise Unopenable(
            Failure("unrecognised", "This is not an MP4, QuickTime, Matroska, WebM or AVI film.")
        )
    return kind


def _undecodable(budget: Budget) -> Unopenable:
    if budget.spent(sampling.DECODING):
        return Unopenable(
            Failure("time", "Not one picture of the film was decoded in the time allowed.", True)
        )
    return Unopenable(Failure("damaged", "The film is damaged: none of its pictures could be decoded."))


def _seen(
    kind: Kind, reel: Reel, sampled: Sampled, limits: Limits, specs: Sequence[PlaneSpec], budget: Budget
) -> Seen:
    frames: list[FilmFrame] = []
    images: list[Image.Image] = []
    for one in sampled.frames:
        if frames and budget.spent(0.75):
            break
        assert one.image is not None
        frames.append(_frame(one, one.image, limits))
        images.append(one.image)
    cover = next((frame for frame in frames if _telling(frame)), frames[0])
    width, height = sampled.size
    return Seen(
        media=Media(kind.name, kind.mime, width, height, len(reel.packets), str(reel.context.pix_fmt or "")),
        film=Film(kind.name, reel.codec, reel.duration, reel.rate, reel.has_sound, tuple(frames)),
        planes=planes.prepare(images, specs),
        hashes=(),
        preview=cover.preview,
        rendition=cover.rendition,
        notes=tuple(_notes(reel, sampled, len(frames))),
    )


def _frame(one: Sample, image: Image.Image, limits: Limits) -> FilmFrame:
    bounded = replace(limits, max_rendition_bytes=min(limits.max_rendition_bytes, _FRAME_BYTES))
    return FilmFrame(
        at_seconds=one.at,
        scene_start=one.scene_start,
        hashes=perceptual.hashes(image),
        preview=renditions.preview(image),
        rendition=renditions.rendition(image, bounded),
    )


def _telling(frame: FilmFrame) -> bool:
    return any(one.quality is not None and one.quality >= _TELLING for one in frame.hashes)


def _notes(reel: Reel, sampled: Sampled, kept: int) -> list[Failure]:
    notes = []
    total = len(reel.packets)
    if not reel.whole:
        notes.append(Failure("cut_short", f"Only the first {total} pictures of the film could be read."))
    if kept < len(sampled.frames):
        sentence = f"Of {len(sampled.frames)} frames picked only {kept} were looked at: the time was over."
        notes.append(Failure("frames", sentence))
    if reel.duration is not None and sampled.seen_until < 0.8 * reel.duration - 1:
        sentence = f"Only the first {sampled.seen_until:.0f} s of {reel.duration:.0f} s were looked at."
        notes.append(Failure("frames", sentence))
    if _differ(reel.claimed, reel.duration):
        sentence = (
            f"The file claims to last {reel.claimed:.0f} s; its pictures span {reel.duration or 0:.0f} s."
        )
        notes.append(Failure("duration", sentence))
    return notes


def _differ(claimed: float | None, measured: float | None) -> bool:
    """Whether a claim is off by more than sound that goes on after the pictures explains."""
    if claimed is None:
        return False
    return measured is None or abs(claimed - measured) > max(5.0, 0.2 * measured)
