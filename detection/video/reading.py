"""Open a container and collect its pictures' packets: nothing here decodes one.

A container is opened by one demuxer, picked by the first bytes and never by probing, and may open nothing else: a
playlist or a session description in disguise is not followed. ``codec_whitelist`` holds for what libavformat decodes
while it looks at a new file; it does not hold for a decoder that PyAV opens, so the name is compared before (measured
with PyAV 18.1: the option alone lets MPEG-4 Part 2 decode). Edit lists are ignored: what a film hides from players is
looked at as well, and a list that repeats itself costs nothing. The modules for sound and subtitles are imported here
because PyAV imports them when it meets such a stream, which a confined child could not.

Sources: libavformat's options of the same names (ffmpeg.org/ffmpeg-formats.html), ISO/IEC 14496-12 (ftyp), RFC 9559
(Matroska's header).
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any, NoReturn

import av
import av.audio.codeccontext
import av.audio.stream
import av.error
import av.subtitles.codeccontext
import av.subtitles.stream
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from detection.findings import Failure
from detection.limits import Limits
from detection.opening import DECODER_ERRORS, Unopenable

CODECS = {"h264": "H.264", "hevc": "HEVC", "vp8": "VP8", "vp9": "VP9", "libdav1d": "AV1"}
"""Decoders that may run, by libavcodec's name, and what people call them."""

ERRORS = (av.error.FFmpegError, *DECODER_ERRORS)
"""What PyAV raises on damaged films; MemoryError and PermissionError are told apart by who catches."""

MOST_PACKETS = 100_000
"""Pictures of a film that are counted at all: an hour at 25 a second is 90,000."""

LONGEST = 7 * 86_400.0
"""Seconds above which no time is believed."""

_BRANDS = (
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1",
    b"av01", b"hvc1", b"dash", b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"XAVC", b"f4v ", b"mmp4", b"qt  ",
)  # fmt: skip
"""Major brands of films. Stills (HEIC, AVIF) and sound (M4A) have others and are not films."""

_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"skip", b"pnot")
"""First boxes of films from before ``ftyp``; ``free`` is left out, which starts other files too."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A container by its first bytes: libavformat's demuxer, its name and its media type."""

    demuxer: str
    name: str
    mime: str


class Budget:
    """Shares of the time that one file may take: of its CPU seconds and, once a picture is there, of its seconds.

    So a busy machine gets fewer frames out of a film, but no film is given up for the machine's sake.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cpu, self._wall = time.process_time(), time.monotonic()
        self.has_picture = False

    def spent(self, share: float) -> bool:
        """Whether more than *share* (0 to 1) of the time is gone."""
        cpu = (time.process_time() - self._cpu) / self._limits.cpu_seconds
        wall = (time.monotonic() - self._wall) / self._limits.wall_seconds
        return cpu > share or (self.has_picture and wall > share)


@dataclass(frozen=True, slots=True)
class Reel:
    """A film's pictures as they lie in the file, in decoding order, with their times in seconds from the first one.

    ``duration`` is measured from the pictures and not what the file claims (``claimed``); None where their times make
    no sense. ``whole`` is False where not all of the file was read.
    """

    context: VideoCodecContext
    packets: tuple[Packet[VideoStream], ...]
    times: tuple[float, ...]
    start: int
    base: Fraction
    aspect: Fraction
    has_sound: bool
    duration: float | None
    claimed: float | None
    whole: bool
    keys: tuple[int, ...] = field(default=())

    @property
    def codec(self) -> str:
        """What people call the codec."""
        return CODECS[self.context.name]

    @property
    def rate(self) -> float | None:
        """Pictures a second on average; None where nobody can say."""
        if self.duration is None or self.duration <= 0:
            return None
        return round(len(self.packets) / self.duration, 3)

    def seconds(self, stamp: int | None) -> float | None:
        """A time stamp of this film in seconds from its first picture."""
        return None if stamp is None else float((stamp - self.start) * self.base)


def kind_of(data: bytes) -> Kind | None:
    """The container that the first bytes declare; None for what is not a film."""
    if data[4:8] == b"ftyp" and (data[8:12] in _BRANDS or data[8:10] == b"3g"):
        quicktime = data[8:12] == b"qt  "
        return _QUICKTIME if quicktime else _MP4
    if data[4:8] in _OLD_QUICKTIME:
        return _QUICKTIME
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return _WEBM if b"webm" in data[:64] else _MATROSKA
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return _AVI
    return None


_MP4 = Kind("mov", "MP4", "video/mp4")
_QUICKTIME = Kind("mov", "QuickTime", "video/quicktime")
_MATROSKA = Kind("matroska", "Matroska", "video/x-matroska")
_WEBM = Kind("matroska", "WebM", "video/webm")
_AVI = Kind("avi", "AVI", "video/x-msvideo")


@contextmanager
def opened(data: bytes, kind: Kind, limits: Limits, budget: Budget) -> Iterator[Reel]:
    """The first film stream of *data*, checked and counted but not decoded; other streams are left alone.

    Raises Unopenable: ``damaged``, ``no_video`` and ``codec`` are final; ``pixels``, ``time`` and ``memory`` exceed a
    limit and ask for quarantine.
    """
    try:
        container = _container(data, kind, limits)
    except (MemoryError, PermissionError):
        raise
    except ERRORS as error:
        raise damaged(error) from None
    with container:
        stream = _stream(container, limits)
        yield _reel(container, stream, budget)


def damaged(error: Exception) -> Unopenable:
    """What is said of a film that cannot be read."""
    sentence = f"The film is damaged or cut short ({type(error).__name__} while reading)."
    return Unopenable(Failure("damaged", sentence))


def _container(data: bytes, kind: Kind, limits: Limits) -> InputContainer:
    options = {
        "format_whitelist": kind.demuxer,
        "codec_whitelist": ",".join(CODECS),
        "protocol_whitelist": "",
        "ignore_editlist": "1",
        "max_streams": "200",
        "max_pixels": str(limits.max_pixels),
        "threads": "1",
    }
    seconds = limits.wall_seconds * 0.3
    return av.open(
        io.BytesIO(data),
        "r",
        format=kind.demuxer,
        options=options,
        metadata_errors="replace",
        timeout=(seconds, seconds),
        io_open=_open_nothing,
    )


def _open_nothing(*_what: Any) -> NoReturn:
    """A film may name other files (``dref``, playlists); none of them is opened."""
    raise FileNotFoundError("films stand alone")


def _stream(container: InputContainer, limits: Limits) -> VideoStream:
    streams = [
        each for each in container.streams.video if not each.disposition & each.disposition.attached_pic
    ]
    if not streams:
        raise Unopenable(Failure("no_video", "The file is a container for films and holds no film."))
    stream = streams[0]
    context: VideoCodecContext | None = stream.codec_context
    if context is None or context.name not in CODECS:
        known = ", ".join(CODECS.values())
        raise Unopenable(Failure("codec", f"The film is not coded as {known}; it was not decoded."))
    if context.width * context.height > limits.max_pixels:
        millions = limits.max_pixels // 1_000_000
        sentence = f"The film declares more than {millions} million pixels a picture."
        raise Unopenable(Failure("pixels", sentence, True))
    return stream


def _reel(container: InputContainer, stream: VideoStream, budget: Budget) -> Reel:
    packets, whole = _packets(container, stream, budget)
    if not packets or stream.time_base is None:
        raise Unopenable(Failure("damaged", "The film is damaged or cut short: it holds no picture."))
    context = stream.codec_context
    context.thread_count = 1
    context.options = {"max_pixels": container.options["max_pixels"]}
    stamps = [packet.pts if packet.pts is not None else packet.dts for packet in packets]
    start = min((stamp for stamp in stamps if stamp is not None), default=0)
    base = stream.time_base
    times = tuple(float(((start if stamp is None else stamp) - start) * base) for stamp in stamps)
    claimed = container.duration
    return Reel(
        context=context,
        packets=packets,
        times=times,
        start=start,
        base=base,
        aspect=_aspect(stream),
        has_sound=bool(container.streams.audio),
        duration=_duration(times, float((packets[-1].duration or 0) * base)),
        claimed=None if claimed is None else claimed / 1_000_000,
        whole=whole and len(packets) >= stream.frames,
        keys=tuple(number for number, packet in enumerate(packets) if packet.is_keyframe) or (0,),
    )


def _packets(
    container: InputContainer, stream: VideoStream, budget: Budget
) -> tuple[tuple[Packet[VideoStream], ...], bool]:
    """All packets of the film, and whether that was all: the end of a damaged file is what could be read of it."""
    found: list[Packet[VideoStream]] = []
    try:
        for packet in container.demux(stream):
            if packet.size:
                found.append(packet)
            if len(found) >= MOST_PACKETS or budget.spent(0.3):
                return tuple(found), False
    except (MemoryError, PermissionError):
        raise
    except ERRORS:
        return tuple(found), False
    return tuple(found), True


def _duration(times: tuple[float, ...], last: float) -> float | None:
    """From the first picture to the end of the last, which is shown as long as the median one.

    *last* is how long the file says that its last picture is shown: for films of one.
    """
    ordered = sorted(times)
    steps = [later - earlier for earlier, later in pairwise(ordered) if later > earlier]
    seconds = ordered[-1] + (median(steps) if steps else last)
    return round(seconds, 3) if 0 < seconds <= LONGEST else None


def _aspect(stream: VideoStream) -> Fraction:
    """How much wider than high a pixel is shown; 1 where the file says nothing usable."""
    declared = stream.sample_aspect_ratio
    return declared if declared and Fraction(1, 4) <= declared <= 4 else Fraction(1)
