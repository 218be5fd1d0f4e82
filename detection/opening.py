"""Open an untrusted picture: content decides, not the name. Meant to run inside ``sandbox.run``.

Colours are drawn as declared by the pixel format; embedded ICC profiles are not applied (their parser would
be one more thing to attack), so wide-gamut photographs come out slightly pale. Transparent areas are laid on
white, which is what most viewers show.
"""

from __future__ import annotations

import io
import re
import struct
import time
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pillow_heif
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from detection import containers, stealth
from detection.findings import Failure, Media
from detection.limits import DEFAULT, Limits

pillow_heif.register_heif_opener(thumbnails=False)
pillow_heif.options.DECODE_THREADS = 1
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

MIMES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}

# What Pillow and its plugins raise on damaged files; MemoryError and PermissionError are told apart.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    AssertionError,
    EOFError,
    struct.error,
    zlib.error,
)

_SIGNATURES = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP|GIF8[79]a|II\*\0|MM\0\*|....ftyp(avi|hei|hev|mif|msf)",
    re.DOTALL,
)

BARELY_VISIBLE = 32
"""Opacity (of 255) that at least one pixel must reach for transparency to count as meant."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Unopenable(Exception):
    """The file is kept as it is, but no picture could be made from it; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture as it looks: RGB frames, upright. ``frames[0]`` has full size, later ones are sampled and
    bounded.

    ``notes`` say what was left out although the picture opened (frames that could not be read). ``hidden`` is what the
    pixels of the first frame hide in their lowest bits.
    """

    media: Media
    frames: tuple[Image.Image, ...]
    notes: tuple[Failure, ...] = ()
    hidden: stealth.Hidden | None = None


def open_media(data: bytes, limits: Limits = DEFAULT) -> Opened:
    """Decode the first frame and at most ``limits.max_frames`` sampled ones.

    Raises Unopenable: ``empty``, ``too_large``, ``unrecognised``, ``damaged`` are final;
    ``pixels``, ``scans`` and ``memory`` exceed a limit and ask for quarantine.
    """
    lean = _before_decoding(data, limits)
    try:
        with _pixel_limit(limits), Image.open(io.BytesIO(lean), formats=list(MIMES)) as image:
            return _decode(image, limits)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(limits) from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except MemoryError:
        raise _unopenable("memory", "The picture needs more memory than allowed.", quarantine=True) from None
    except PermissionError:
        raise  # the sandbox refused something that a decoder must not need: a fault of ours, not of the file
    except DECODER_ERRORS as error:
        raise _unopenable(
            "damaged", f"The picture is damaged or cut short ({type(error).__name__} while decoding)."
        ) from None


def begins_as_picture(data: bytes) -> bool:
    """Whether the first bytes are those of a picture that can be opened here."""
    return _SIGNATURES.match(data) is not None


def warm_up() -> None:
    """Open one tiny picture of our own in every format, so that nothing is left to import after a fork.

    A sandboxed child cannot open files, modules included. To be called once, when a worker starts.
    """
    tiny = Image.new("RGB", (16, 16), "grey")
    for name in MIMES:
        written = io.BytesIO()
        tiny.save(written, name)
        open_media(written.getvalue())


def _unopenable(code: str, sentence: str, *, quarantine: bool = False) -> Unopenable:
    return Unopenable(Failure(code, sentence, quarantine))


def _unidentified(data: bytes) -> Unopenable:
    if begins_as_picture(data):
        return _unopenable("damaged", "The picture is damaged or cut short at its start.")
    return _unopenable(
        "unrecognised",
        "This is not a JPEG, PNG, WebP, GIF, TIFF, AVIF or HEIC picture, nor an MP4, QuickTime, Matroska, WebM or AVI "
        "film.",
    )


def _too_many_pixels(limits: Limits) -> Unopenable:
    millions = limits.max_pixels // 1_000_000
    return _unopenable(
        "pixels", f"The picture declares more than {millions} million pixels.", quarantine=True
    )


def _before_decoding(data: bytes, limits: Limits) -> bytes:
    """Check what the header declares and give the bytes that the decoder may see."""
    if not data:
        raise _unopenable("empty", "The file is empty.")
    if len(data) > limits.max_bytes:
        raise _unopenable("too_large", "The file is larger than what is opened.", quarantine=True)
    if data.startswith(containers.JPEG_START):
        if containers.jpeg_scans(data, limits.max_scans) > limits.max_scans:
            raise _unopenable("scans", f"The JPEG holds more than {limits.max_scans} scans.", quarantine=True)
        return containers.lean_jpeg(data)
    if data.startswith(containers.PNG_SIGNATURE):
        return containers.lean_png(data)
    size = containers.webp_size(data)
    if size is not None and size[0] * size[1] > limits.max_pixels:
        raise _too_many_pixels(limits)
    return data


@contextmanager
def _pixel_limit(limits: Limits) -> Iterator[None]:
    """Pillow's own limit is a global and only warns between one and two times its value; make it exact for
    one file.

    Only this warning becomes an error: others (odd EXIF counts, say) come with pictures that decode well.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _decode(image: Image.Image, limits: Limits) -> Opened:
    declared_mode = image.mode
    first = _current_frame(image, limits)
    hidden = stealth.find(image, limits)  # before another frame is sought; ``first`` is already laid on white
    media_format = "HEIC" if image.format == "HEIF" else str(image.format)
    count = _frame_count(image)
    sampled, notes = _sampled_frames(image, count, limits)
    media = Media(
        format=media_format,
        mime=MIMES[str(image.format)],
        width=first.width,
        height=first.height,
        frames=count,
        mode=declared_mode,
    )
    return Opened(media, (first, *sampled), notes, hidden)


def _frame_count(image: Image.Image) -> int:
    """Frames that the file claims; 1 when the chain of frames after the first is broken."""
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except PermissionError:
        raise
    except DECODER_ERRORS:
        return 1


def _current_frame(image: Image.Image, limits: Limits) -> Image.Image:
    if image.width * image.height > limits.max_pixels:
        raise Image.DecompressionBombError
    image.load()
    return upright(drawn(image), _orientation(image))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; anything else, or EXIF that cannot be read, counts as upright."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except PermissionError:
        raise
    except DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned as its EXIF orientation (1 to 8) asks."""
    turn = _UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)


def sample(count: int, most: int) -> tuple[int, ...]:
    """At most ``most`` frame numbers after frame 0, evenly spread, the last frame included."""
    wanted = min(count - 1, most)
    return tuple(round(n * (count - 1) / wanted) for n in range(1, wanted + 1))


def _sampled_frames(
    image: Image.Image, count: int, limits: Limits
) -> tuple[list[Image.Image], tuple[Failure, ...]]:
    frames: list[Image.Image] = []
    stop_at = time.process_time() + limits.frame_seconds
    try:
        for number in sample(count, limits.max_frames):
            _step_to(image, number, stop_at)
            frame = _current_frame(image, limits)
            frame.thumbnail((limits.sampled_side, limits.sampled_side), Image.Resampling.BOX)
            frames.append(frame)
    except (PermissionError, MemoryError):
        raise
    except (TimeoutError, Image.DecompressionBombError, *DECODER_ERRORS) as error:
        read = len(frames) + 1
        sentence = f"Of {count} frames only {read} were looked at ({type(error).__name__})."
        return frames, (Failure("frames", sentence),)
    return frames, ()


def _step_to(image: Image.Image, number: int, stop_at: float) -> None:
    """Go forward frame by frame: animations decode every frame in between, so the clock is looked at in
    between too.
    """
    for step in range(image.tell() + 1, number + 1):
        if time.process_time() > stop_at:
            raise TimeoutError
        image.seek(step)
        if image.format == "WEBP":
            image.load()


def drawn(image: Image.Image) -> Image.Image:
    """Any pixel mode as RGB on white, in a fresh image without the original's metadata."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _deep_grey(image).convert("RGB")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        return _on_white(image)
    if image.mode == "LAB":
        # Lightness only: enough to recognise a picture, and Pillow has no other way without colour profiles.
        return image.getchannel(0).convert("RGB")
    plain = image.convert("RGB") if image.mode != "RGB" else image.copy()
    plain.info = {}
    return plain


def _on_white(image: Image.Image) -> Image.Image:
    """What a viewer shows. A picture that is nearly invisible everywhere is drawn as if opaque: someone
    hid it.
    """
    clear = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = clear.getchannel("A")
    if not any(alpha.histogram()[BARELY_VISIBLE:]):
        return clear.convert("RGB")
    white = Image.new("RGB", image.size, "white")
    white.paste(clear, mask=alpha)
    return white


def _deep_grey(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float greys as 8 bits.

    The scale is the smallest usual one that holds every value: 0-1 (float only), 0-255, 0-65535; else it is
    stretched.
    """
    values = np.array(image, dtype=np.float32)
    np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        values -= low
        values *= 255.0 / max(high - low, 1e-9)
    elif image.mode.startswith("I;16") or high > 255:
        values /= 257.0
    elif image.mode == "F" and high <= 1:
        values *= 255.0
    np.clip(np.rint(values, out=values), 0, 255, out=values)
    return Image.fromarray(values.astype(np.uint8))
