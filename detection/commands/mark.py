"""``python -m detection mark``: put our invisible mark into a picture."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from detection import watermark
from detection.commands import files, trace
from detection.commands.files import Refusal, printable

_QUALITY = 85


def main(arguments: Sequence[str]) -> int:
    """0 when the marked picture was written. Raises Refusal."""
    chosen = _parser().parse_args(arguments)
    key = files.read_key(chosen.key)
    _check_out(chosen.out, chosen.picture, force=chosen.force)
    picture = files.open_picture(chosen.picture, files.lock_of(chosen))
    try:
        written = marked(picture, chosen.id, key)
    except watermark.Unmarkable as error:
        raise Refusal(f"{chosen.picture} is too small: {error}.", files.UNREAD) from None
    _write(chosen.out, written, force=chosen.force)
    print(printable(f"{chosen.out}: {picture.width} x {picture.height}, with mark {chosen.id}"))
    if not is_readable(written, picture, chosen.id, key):
        print(
            printable(
                f"{chosen.out} was written, but its mark cannot be read in it: the picture has too little room for one."
            ),
            file=sys.stderr,
        )
        return 1
    print(printable(f"Keep {chosen.picture} as it is: trace compares a leaked copy with it."))
    return 0


def marked(picture: Image.Image, mark_id: int, key: bytes) -> bytes:
    """*picture* with the mark in it, as a JPEG without metadata. Raises watermark.Unmarkable."""
    carrying = watermark.embed(picture, mark_id, key=key)
    out = io.BytesIO()
    Image.frombytes("RGB", carrying.size, carrying.tobytes()).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def is_readable(written: bytes, picture: Image.Image, mark_id: int, key: bytes) -> bool:
    """Whether the JPEG that we just wrote names its mark; a picture without texture or of few cells may not."""
    with Image.open(io.BytesIO(written), formats=["JPEG"]) as opened:
        return trace.read(opened.convert("RGB"), picture, [mark_id], key).verdict == trace.NAMED


def _check_out(out: Path, picture: str, *, force: bool) -> None:
    """Refuse before any work what would be refused after it."""
    if out.suffix.lower() not in (".jpg", ".jpeg"):
        raise Refusal(f"{out} must end in .jpg: the marked picture is a JPEG.")
    if not out.exists():
        return
    if Path(picture).exists() and out.samefile(picture):
        raise Refusal(
            f"{out} is the picture itself, and trace needs that without a mark. Write to another file."
        )
    if not force:
        raise Refusal(f"{out} is there already and was left as it is. Use --force to write over it.")


def _write(out: Path, data: bytes, *, force: bool) -> None:
    try:
        with out.open("wb" if force else "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise Refusal(
            f"{out} is there already and was left as it is. Use --force to write over it."
        ) from None
    except OSError as error:
        raise Refusal(f"{out} cannot be written: {error.strerror}.", files.UNREAD) from None


def _id(text: str) -> int:
    try:
        return files.mark_id(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m detection mark",
        description="Write a copy of a picture (JPEG, at most 2048 pixels along its longer side, without metadata) "
        "with an invisible mark in it, that trace reads again in a leaked copy.",
        epilog="Exit code: 0 when it was written and the mark can be read in it; 1 when the picture could not be "
        "opened or has no room for a mark, or the copy could not be written; 2 for wrong use.",
    )
    parser.add_argument("picture", metavar="PICTURE")
    parser.add_argument("out", type=Path, metavar="OUT.jpg")
    files.add_key_option(parser)
    parser.add_argument(
        "--id", type=_id, required=True, metavar="N",
        help="what the mark says: a number of 48 bits, decimal or after 0x. Draw it at random, for each copy another",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="write over OUT.jpg when it is there")
    files.add_sandbox_option(parser)
    return parser
