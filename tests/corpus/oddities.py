"""H64 to H71 and H91: files that are two things at once, other formats, odd modes and shapes, and
archives.
"""

from __future__ import annotations

import io
import zipfile
from functools import partial

import numpy as np
from PIL import Image

from tests.corpus.pictures import PAYLOAD, Hostile, benign, derives, kept, picture, saved, survives


def archive(*, levels: int = 1) -> bytes:
    """A ZIP with paths that climb out, a symbolic link, and ZIPs inside one another."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("../../etc/cron.d/payload", PAYLOAD)
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, "/etc/passwd")
        zipped.writestr("zeros", bytes(20_000_000) if levels == 1 else archive(levels=levels - 1))
    return out.getvalue()


def located() -> bytes:
    """A photograph with GPS, camera, a description, and an embedded thumbnail that shows something else."""
    exif = Image.Exif()
    exif[0x010F] = "Payload Camera"
    exif[0x010E] = PAYLOAD.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return saved(picture(), "jpg", exif=exif, comment=PAYLOAD, icc_profile=b"payload profile" * 20)


def turned(orientation: int, extension: str = "jpg") -> bytes:
    """The picture stored turned, with the EXIF orientation that puts it upright again."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    image = picture()
    if orientation in undo:
        image = image.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, extension, exif=exif.tobytes(), **({"quality": 95} if extension == "jpg" else {}))


def in_mode(mode: str, extension: str) -> bytes:
    if mode == "I;16":
        deep = np.asarray(picture().convert("L")).astype(np.uint16) * 257
        return saved(Image.fromarray(deep), extension)
    return saved(picture().convert(mode), extension)


def _other_format(name: str) -> bytes:
    return saved(picture(128, 128).convert("RGB"), name)


def _fits() -> bytes:
    cards = {"SIMPLE": "T", "BITPIX": 8, "NAXIS": 2, "NAXIS1": 64, "NAXIS2": 64}
    header = "".join(f"{name:8}= {value:>20}".ljust(80) for name, value in cards.items()) + "END"
    return header.ljust(2880).encode() + bytes(5760)


_MODES = [
    *((mode, "png") for mode in ("1", "L", "LA", "P", "RGBA", "I;16")),
    *((mode, "tiff") for mode in ("I;16", "I", "F", "CMYK", "YCbCr")),
    *((mode, "jpg") for mode in ("CMYK", "L", "YCbCr")),
    *(("RGBA", extension) for extension in ("webp", "avif", "heic")),
    ("P", "gif"),
]

_SHAPES = [(1, 1), (1, 30_000), (30_000, 1), (2, 3), (4, 4), (10, 10_000)]

_DOCUMENTS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><image href="file:///etc/passwd"/></svg>',
    "html": b"<!doctype html><title>x</title>" + PAYLOAD,
    "mhtml": b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n\r\n" + PAYLOAD,
    "elf": b"\x7fELF\x02\x01\x01" + bytes(200),
    "pe": b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0" + bytes(200),
    "js": b"GIF89a=0;alert(1)//" + bytes(64),
    "hls": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
}

_OTHERS = (
    "BMP",
    "ICO",
    "PPM",
    "TGA",
    "EPS",
    "JPEG2000",
    "PDF",
    "PCX",
    "SGI",
    "ICNS",
    "DDS",
    "IM",
    "QOI",
    "SPIDER",
)

ROWS: list[Hostile] = [
    derives("H64", "with-zip.jpg", lambda: benign("jpg") + archive()),
    derives("H64", "with-html.jpg", lambda: benign("jpg") + b"<html>" + PAYLOAD),
    survives("H64", "with-script.gif", lambda: b"GIF89a/*" + benign("gif")[8:] + b"*/=1;alert(1)"),
    kept("H64", "pdf-first.jpg", lambda: b"%PDF-1.4\n" + benign("jpg")),
    *(kept("H65", f"{name}.jpg", partial(bytes, data)) for name, data in _DOCUMENTS.items()),
    *(
        kept(
            "H66",
            f"{name.lower()}.jpg",
            partial(
                _other_format if name != "SPIDER" else lambda _: saved(picture().convert("F"), "SPIDER"), name
            ),
            "unrecognised",
        )
        for name in _OTHERS
    ),
    kept("H66", "fits.jpg", _fits, "unrecognised"),
    *(
        derives("H67", f"mode-{mode.replace(';', '-')}.{extension}", partial(in_mode, mode, extension))
        for mode, extension in _MODES
        if mode != "LAB"
    ),
    derives("H67", "mode-LAB.tiff", lambda: saved(Image.new("LAB", (64, 48), (128, 0, 0)), "tiff")),
    *(
        derives(
            "H68",
            f"{width}-by-{height}.png",
            lambda size=(width, height): saved(Image.new("RGB", size, "teal"), "png"),
        )
        for width, height in _SHAPES
    ),
    *(
        derives("H69", f"orientation-{n}.{extension}", partial(turned, n, extension))
        for n in range(1, 9)
        for extension in ("jpg", "png", "webp", "tiff", "avif", "heic")
    ),
    derives("H70", "located.jpg", located),
    kept("H71", "climbing.zip", archive, "unrecognised"),
    kept("H71", "nested-zip.jpg", lambda: archive(levels=5), "unrecognised"),
    derives("H89", "a-png-named.jpg", lambda: benign("png")),
    derives("H91", "all-black.jpg", lambda: saved(Image.new("RGB", (640, 480)), "jpg")),
    derives("H91", "all-white.png", lambda: saved(Image.new("L", (640, 480), 255), "png")),
    derives("H91", "all-clear.png", lambda: saved(Image.new("RGBA", (640, 480)), "png")),
    derives(
        "H91",
        "not-a-number.tiff",
        lambda: saved(Image.fromarray(np.full((48, 64), np.nan, np.float32)), "tiff"),
    ),
    derives(
        "H91",
        "endless.tiff",
        lambda: saved(Image.fromarray(np.array([[np.inf, -np.inf], [1e30, -1e30]], np.float32)), "tiff"),
    ),
    derives("H91", "1-by-10000.png", lambda: saved(Image.new("RGB", (10_000, 1), "red"), "png")),
]
