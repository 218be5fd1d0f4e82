"""H72 to H79: films that are cut short, lie, hide other files, or are coded in what is not opened."""

from __future__ import annotations

import io
import os
import random
import struct
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

from detection.video.drawing import film_of, pattern_film
from tests.corpus.pictures import Hostile, derives, kept, quarantined, survives

LONG = os.environ.get("CORPUS_LONG") == "1"
CANARY = "http://127.0.0.1:9/film"


@cache
def benign_film(container: str = "mp4", codec: str = "libx264") -> bytes:
    """Three seconds of patterns in three scenes; the MP4's index is at its end."""
    return pattern_film(container=container, codec=codec)


@cache
def index_first() -> bytes:
    """The same film with its index in front of the pictures, as players on the web want it."""
    return _muxed(_stripes(60), options={"moov_size": "4096"})


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each box on one level (ISO/IEC 14496-12); sizes are taken as written."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, at + size
        at += size


def changed(data: bytes, path: tuple[bytes, ...], edit: Callable[[bytes], bytes]) -> bytes:
    """The first box at *path* with another body; the sizes of all around it follow."""
    for kind, start, end in boxes(data):
        if kind == path[0]:
            body = data[start + 8 : end]
            inner = edit(body) if len(path) == 1 else changed(body, path[1:], edit)
            return data[:start] + struct.pack(">I4s", len(inner) + 8, kind) + inner + data[end:]
    raise LookupError(path)


def mutant_film(number: int) -> bytes:
    """Film *number* of a campaign: 1 to 200 bytes of a good one are others."""
    rng = random.Random(f"film {number}")
    kinds = (
        benign_film(),
        index_first(),
        benign_film("webm", "libvpx"),
        benign_film("matroska", "libvpx-vp9"),
    )
    data = bytearray(rng.choice(kinds))
    reach = len(data) if number % 2 else min(len(data), 2000)  # every other one in the headers
    for _ in range(rng.randint(1, 200)):
        data[rng.randrange(reach)] = rng.randrange(256)
    return bytes(data)


def _stripes(count: int, size: tuple[int, int] = (320, 240)) -> Iterator[VideoFrame]:
    for number in range(count):
        row = (np.arange(size[0]) * 3 + number * 7) % 256
        plane = np.broadcast_to(row[None, :, None], (size[1], size[0], 3)).astype(np.uint8)
        yield VideoFrame.from_ndarray(np.ascontiguousarray(plane), "rgb24")


def _muxed(
    frames: Iterator[VideoFrame], *, container: str = "mp4", codec: str = "libx264", rate: int = 20,
    size: tuple[int, int] = (320, 240), pix_fmt: str = "yuv420p", options: dict[str, str] | None = None,
    streams: int = 1, coding: dict[str, str] | None = None,
) -> bytes:  # fmt: skip
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=options or {}) as writing:
        made: list[Any] = [writing.add_stream(codec, rate=rate, options=coding or {}) for _ in range(streams)]
        for stream in made:
            stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
            stream.codec_context.thread_count = 1
        for frame in frames:
            for stream in made:
                writing.mux(stream.encode(frame))
        for stream in made:
            writing.mux(stream.encode())
    return out.getvalue()


def _other_codec(container: str, codec: str, pix_fmt: str) -> bytes:
    return _muxed(_stripes(10), container=container, codec=codec, pix_fmt=pix_fmt)


def _sound_only() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as writing:
        stream: Any = writing.add_stream("aac", rate=48000)
        for _ in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), "fltp", "mono")
            frame.sample_rate = 48000
            writing.mux(stream.encode(frame))
        writing.mux(stream.encode())
    # libavformat writes the brand of films for sound as well
    return out.getvalue()


def _long_duration(*path: bytes) -> bytes:
    """``mvhd`` or ``mdhd`` that claim 68 years: 2^31 - 1 units of a second."""

    def claim(body: bytes) -> bytes:
        return body[:12] + struct.pack(">II", 1, 0x7FFFFFFF) + body[20:]

    return changed(benign_film(), path, claim)


def _many_frames(count: int) -> bytes:
    grey = (VideoFrame.from_ndarray(np.full((64, 64, 3), n % 250, np.uint8), "rgb24") for n in range(count))
    return _muxed(grey, size=(64, 64), coding={"preset": "ultrafast"})


def _one_picture(width: int, height: int) -> bytes:
    plane = np.zeros((height, width, 3), dtype=np.uint8)
    plane[: height // 2] = (200, 90, 40)
    return film_of(iter([plane]), size=(width, height))


def _claimed_size(width: int, height: int) -> bytes:
    """The sample entry's size is another one than the pictures have."""

    def claim(body: bytes) -> bytes:
        return body[:40] + struct.pack(">HH", width, height) + body[44:]

    return changed(benign_film(), (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"), claim)


def _large_vp8() -> bytes:
    """The header of the first picture (RFC 6386, 9.1) says 16383 x 16383, and so does the container's."""
    data = pattern_film(container="webm", codec="libvpx", size=(320, 256), frames=4)
    at = data.index(b"\x9d\x01\x2a") + 3
    data = data[:at] + struct.pack("<HH", 16383, 16383) + data[at + 4 :]
    for element, size in ((b"\xb0\x82", 320), (b"\xba\x82", 256)):  # PixelWidth, PixelHeight
        data = data.replace(element + struct.pack(">H", size), element + struct.pack(">H", 16383), 1)
    return data


def _edit_list(entries: int) -> bytes:
    """An edit list that plays the same second over and over."""
    one = struct.pack(">IiHH", 1000, 0, 1, 0)
    elst = struct.pack(">I4sII", 16 + 12 * entries, b"elst", 0, entries) + one * entries
    edts = struct.pack(">I4s", 8 + len(elst), b"edts") + elst

    def put(body: bytes) -> bytes:
        kept_boxes = [body[start:end] for kind, start, end in boxes(body) if kind != b"edts"]
        return kept_boxes[0] + edts + b"".join(kept_boxes[1:])

    return changed(benign_film(), (b"moov", b"trak"), put)


def _elsewhere(address: str) -> bytes:
    """``dref`` says that the pictures lie in another file."""
    entry = b"\0\0\0\0" + address.encode() + b"\0"
    dref = struct.pack(">II", 0, 1) + struct.pack(">I4s", len(entry) + 8, b"url ") + entry
    return changed(benign_film(), (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"), lambda _body: dref)


def _alias(path: str) -> bytes:
    """An ``alis`` entry, which old QuickTime follows to another file."""
    body = b"\0\0\0\1" + bytes(150) + path.encode().ljust(64, b"\0")
    dref = struct.pack(">II", 0, 1) + struct.pack(">I4s", len(body) + 8, b"alis") + body
    return changed(benign_film(), (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"), lambda _body: dref)


def _sample_counts() -> bytes:
    """``stsz`` that announces two thousand million pictures."""

    def claim(body: bytes) -> bytes:
        return body[:8] + struct.pack(">I", 0x7FFFFFFF) + body[12:]

    return changed(benign_film(), (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"), claim)


def _nested() -> bytes:
    """Two thousand boxes in each other."""
    inner = b""
    for _ in range(2000):
        inner = struct.pack(">I4s", len(inner) + 8, b"moov") + inner
    return benign_film()[:32] + inner


def _attached() -> bytes:
    """A Matroska file with attachments of 2 MiB beside its film."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as writing:
        stream: Any = writing.add_stream("libvpx", rate=20)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(8):
            writing.add_attachment(f"../../{number}.ttf", "application/x-truetype-font", bytes(1 << 18))
        for frame in _stripes(20):
            writing.mux(stream.encode(frame))
        writing.mux(stream.encode())
    return out.getvalue()


def _subtitles(count: int) -> bytes:
    """A Matroska film with thousands of lines of text beside it, one of them long."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as writing:
        stream: Any = writing.add_stream("libvpx", rate=20)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        text: Any = writing.add_mux_stream("subrip")
        for frame in _stripes(20):
            writing.mux(stream.encode(frame))
        for number in range(count):
            packet = Packet(b"<font size=9999>" * (4000 if number == 7 else 4))
            packet.stream, packet.pts, packet.dts, packet.duration = text, number, number, 1
            writing.mux(packet)
        writing.mux(stream.encode())
    return out.getvalue()


_TEXTS = {
    "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{CANARY}\n#EXT-X-ENDLIST\n",
    "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>'
    f"<Representation><BaseURL>{CANARY}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=film\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "concat": "ffconcat version 1.0\nfile '/etc/hostname'\n",
    "lavfi": "testsrc=size=8192x8192:rate=1000[out0]",
}


def _rows() -> Iterator[Hostile]:
    for step in range(1, 20):
        share = step / 20
        yield kept("H72", f"cut-{step * 5}", partial(_cut, benign_film, share))
        yield survives("H72", f"cut-index-first-{step * 5}", partial(_cut, index_first, share))
    yield kept(
        "H72", "random-mp4", lambda: b"\0\0\0\x18ftypisom" + random.Random(72).randbytes(1 << 20), "damaged"
    )
    for size in (350, 406):
        yield kept("H73", f"first-{size}", partial(_first, size))
    for name, text in _TEXTS.items():
        yield kept("H75", name, text.encode, "unrecognised")
        yield kept(
            "H75", f"{name}-as-mp4", partial(_disguised, b"\0\0\0\x14ftypisom\0\0\0\0isom", text), "damaged"
        )
        yield kept("H75", f"{name}-as-matroska", partial(_disguised, b"\x1a\x45\xdf\xa3", text), "damaged")
    for container, codec, pixels in (
        ("mp4", "mpeg4", "yuv420p"), ("matroska", "ffv1", "yuv420p"), ("mov", "prores_ks", "yuv422p10le"),
        ("avi", "mjpeg", "yuvj420p"), ("matroska", "mpeg2video", "yuv420p"),
    ):  # fmt: skip
        yield kept("H76", f"{codec}-in-{container}", partial(_other_codec, container, codec, pixels), "codec")
    yield kept("H76", "only-sound", _sound_only, "no_video")
    yield derives("H77", "68-years", lambda: _long_duration(b"moov", b"mvhd"))
    yield derives("H77", "68-years-of-pictures", lambda: _long_duration(b"moov", b"trak", b"mdia", b"mdhd"))
    yield derives("H77", "a-million-a-second", lambda: _muxed(_stripes(60), rate=1_000_000))
    yield derives("H77", "many-frames", lambda: _many_frames(20_000 if LONG else 2_000))
    yield derives("H77", "8192x4320", lambda: _one_picture(8192, 4320))
    yield survives("H77", "claims-64x64", lambda: _claimed_size(64, 64))
    yield survives("H77", "claims-65535x65535", lambda: _claimed_size(65535, 65535))
    yield quarantined("H77", "vp8-16383x16383", _large_vp8, "pixels")
    yield survives("H77", "two-thousand-million-samples", _sample_counts)
    yield kept("H77", "nested", _nested)
    yield derives(
        "H78", "100-streams", lambda: _muxed(_stripes(3), streams=100, container="matroska", codec="libvpx")
    )
    yield derives("H78", "attachments", _attached)
    yield derives("H78", "subtitles", lambda: _subtitles(20_000 if LONG else 3_000))
    yield derives("H78", "edit-list", lambda: _edit_list(300_000 if LONG else 50_000))
    for name, address in (
        ("file", "file:///etc/hostname"),
        ("http", CANARY),
        ("rtp", "rtp://127.0.0.1:5004"),
    ):
        yield survives("H79", name, partial(_elsewhere, address))
    yield survives("H79", "alias", lambda: _alias("/etc/hostname"))


def _cut(make: Callable[[], bytes], share: float) -> bytes:
    data = make()
    return data[: int(len(data) * share)]


def _first(size: int) -> bytes:
    return index_first()[:size]


def _disguised(start: bytes, text: str) -> bytes:
    return start + text.encode()


ROWS: list[Hostile] = list(_rows())
