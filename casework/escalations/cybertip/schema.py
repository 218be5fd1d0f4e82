"""NCMEC's XML schema: the one that the server publishes is the one that counts, and it changes.

Workers only: compiling takes libxml2. What the network brings is parsed without entities, DTD or further loading.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import gettext as _
from lxml import etree

from .errors import CyberTipError, Rejected, TryAgain

if TYPE_CHECKING:
    from .client import Server

#: A copy older than this is fetched anew, in seconds.
FRESH = 24 * 3600.0
#: When the server can't be asked, an older copy still serves, in seconds.
USABLE = 14 * 24 * 3600.0
_MOST_BYTES = 4 * 1024 * 1024
_SCHEMA = "{http://www.w3.org/2001/XMLSchema}"
_ELSEWHERE = tuple(_SCHEMA + name for name in ("include", "import", "redefine", "override"))


class Publisher(Protocol):
    """Whoever fetches the schema of a server: ``client.Client``, or what keeps its calls on record."""

    @property
    def server(self) -> Server: ...

    def xsd(self) -> bytes: ...


class NotXML(ValueError):
    """The document is no XML that we take."""


def parse(document: bytes) -> etree._Element:
    """The root of *document*; raises ``NotXML``. Nothing outside *document* is read."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise NotXML(error.msg) from None
    if root.getroottree().docinfo.doctype:
        raise NotXML("a document type is not accepted")
    return root


@dataclass(frozen=True, slots=True)
class Schema:
    """A compiled schema; *digest* is the SHA-256 of its bytes in hex and goes on record with what it accepted."""

    digest: str
    compiled: etree.XMLSchema = field(repr=False)

    def complaints(self, root: etree._Element) -> tuple[str, ...]:
        """Where *root* breaks the schema, as paths with libxml2's name of the rule; empty when it is valid.

        The values stay out: they may be a victim's name, and complaints end in logs.
        """
        if self.compiled.validate(root):
            return ()
        return tuple(f"{error.path}: {error.type_name}" for error in self.compiled.error_log)


@lru_cache(maxsize=4)
def compiled(xsd: bytes) -> Schema:
    """The schema in *xsd*. Raises ``Rejected`` for what is none, or wants to load other files."""
    try:
        if len(xsd) > _MOST_BYTES:
            raise ValueError("too large")
        root = parse(xsd)
        if any(child.tag in _ELSEWHERE for child in root):
            raise ValueError("refers to other files")
        return Schema(hashlib.sha256(xsd).hexdigest(), etree.XMLSchema(root))
    except (etree.LxmlError, ValueError) as error:
        raise Rejected(
            _("The schema for reports can't be read. Nothing was sent; try again later or ask NCMEC.")
        ) from error


def current(client: Publisher, directory: Path) -> Schema:
    """The server's schema, kept in *directory* under its digest, asked for again after a day.

    When the server does not answer, a copy of the last two weeks serves. Raises the client's errors.
    """
    kept = _newest(directory, client.server.environment)
    age = time.time() - kept.stat().st_mtime if kept else USABLE
    if kept and age < FRESH and (schema := _read(kept)):
        return schema
    try:
        xsd = client.xsd()
        schema = compiled(xsd)
    except CyberTipError as error:
        # Only silence is bridged by an old copy; a refusal of our account is for a person.
        if isinstance(error, TryAgain) and kept and age < USABLE and (old := _read(kept)):
            return old
        raise
    _keep(directory / f"{client.server.environment}-{schema.digest}.xsd", xsd)
    return schema


def _newest(directory: Path, environment: str) -> Path | None:
    found = directory.glob(f"{environment}-*.xsd")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _read(path: Path) -> Schema | None:
    """The schema at *path*, or None when its bytes are no longer those that its name tells."""
    xsd = path.read_bytes()
    named = path.stem.rpartition("-")[2]
    return compiled(xsd) if hashlib.sha256(xsd).hexdigest() == named else None


def _keep(path: Path, xsd: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(xsd)
    os.replace(name, path)  # a reader sees all of it or nothing
