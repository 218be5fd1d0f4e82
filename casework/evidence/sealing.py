"""Sealing while bytes arrive, and opening with a check: the only code that holds a blob's secret.

Each blob is encrypted to an X25519 identity of its own. The identity is then encrypted ("sealed") to the *vault*
recipient (originals; only workers hold its key) or the *view* recipient (previews and renditions), together with what
it belongs to, and forgotten. So a wrap or a file that is moved under another row does not open.

A sealed wrap opens to an age identity file, so the ``age`` tool alone recovers an original (docs/evidence.md).
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import pyrage
from django.core.exceptions import ObjectDoesNotExist

from casework.privacy.keyring import read_key

from .storage import EvidenceStore, NotStored, evidence_store

_CHUNK = 1 << 20
#: Files up to so many bytes wait in memory for their end: nearly every picture does without pipe and thread.
_SMALL = 1 << 20


class Doubt(Exception):
    """Evidence that is not what was recorded. ``code`` is stable; ``sentence`` says what was found."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class NotSealed(Exception):
    """The bytes could not be written to the store; nothing of them is kept."""


class _Wrap(Protocol):
    @property
    def recipient(self) -> str: ...
    @property
    def sealed_secret(self) -> bytes | memoryview: ...


class SealedBlob(Protocol):
    """What opening needs to know of a blob; ``models.Blob`` is one."""

    public_id: uuid.UUID
    kind: str
    storage_key: uuid.UUID
    size: int
    sha256: str

    @property
    def wrap(self) -> _Wrap: ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """A blob as it now lies in the store: sizes in bytes, digests of the plaintext in lower-case hex."""

    public_id: uuid.UUID
    kind: str
    storage_key: uuid.UUID
    size: int
    sealed_size: int
    sha256: str
    md5: str
    recipient: str
    sealed_secret: bytes


class Sealer:
    """Hashes and encrypts bytes while they arrive; no plaintext touches a disk.

    ``write`` as often as wanted, then ``finish`` or ``abandon``. age wants to pull, uploads push: for all but small
    files a pipe and a thread stand between (measured with both digests: 90 MB/s on two busy cores, 220 on idle ones).
    """

    def __init__(self, kind: str, recipient: str, store: EvidenceStore | None = None) -> None:
        self._recipient = recipient
        self._to = _recipient(recipient)  # before anything is written: without the key nothing is begun
        self._kind = kind
        self._identity = pyrage.x25519.Identity.generate()
        self._key = uuid.uuid4()
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)  # hash lists of partners still ask for it
        self.size = 0
        try:
            self._part = (store or evidence_store()).open_part(self._key)
        except OSError as error:
            raise NotSealed(_why(error)) from error
        self._held: list[bytes] = []
        self._flow: _Flow | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises NotSealed when the store refuses them."""
        self._sha256.update(data)
        self._md5.update(data)
        self.size += len(data)
        if self._flow is None:
            self._held.append(bytes(data))
            if self.size <= _SMALL:
                return
            self._flow = _Flow(self._part.stream, self._identity.to_public())
            data, self._held = b"".join(self._held), []
        try:
            self._flow.write(data)
        except NotSealed:
            self.abandon()
            raise

    def finish(self) -> Sealed:
        """Make the blob durable and seal its secret. Raises NotSealed."""
        try:
            if self._flow is None:
                _write_all(
                    self._part.stream, pyrage.encrypt(b"".join(self._held), [self._identity.to_public()])
                )
            else:
                self._flow.finish()
            sealed_size = self._part.commit()
        except NotSealed:
            self._part.discard()
            raise
        except OSError as error:
            self._part.discard()
            raise NotSealed(_why(error)) from error
        public_id, sha256 = uuid.uuid4(), self._sha256.hexdigest()
        secret = _context(public_id, self._kind, sha256) + str(self._identity) + "\n"
        return Sealed(
            public_id=public_id,
            kind=self._kind,
            storage_key=self._key,
            size=self.size,
            sealed_size=sealed_size,
            sha256=sha256,
            md5=self._md5.hexdigest(),
            recipient=self._recipient,
            sealed_secret=pyrage.encrypt(secret.encode(), [self._to]),
        )

    def abandon(self) -> None:
        """Drop what has arrived so far. Safe to call twice."""
        self._held = []
        if self._flow is not None:
            self._flow.close()
        self._part.discard()


class _Flow:
    """What is written here arrives encrypted in *stream*."""

    def __init__(self, stream: BinaryIO, to: Any) -> None:
        reading, writing = os.pipe()
        self._into = os.fdopen(writing, "wb", buffering=0)
        self._failure: Exception | None = None
        source = os.fdopen(reading, "rb", buffering=0)
        self._thread = threading.Thread(target=self._encrypt, args=(source, stream, to), daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Raises NotSealed when *stream* refused something."""
        try:
            _write_all(self._into, data)
        except BrokenPipeError as error:
            self.close()
            raise NotSealed(str(self._failure or error)) from self._failure

    def finish(self) -> None:
        """Wait until all has arrived. Raises NotSealed."""
        self.close()
        if self._failure is not None:
            raise NotSealed(str(self._failure)) from self._failure

    def close(self) -> None:
        """End it where it stands. Safe to call twice."""
        self._into.close()
        self._thread.join()

    def _encrypt(self, reader: BinaryIO, stream: BinaryIO, to: Any) -> None:
        with reader:
            try:
                pyrage.encrypt_io(reader, stream, [to])
            except (pyrage.EncryptError, OSError, ValueError) as error:
                self._failure = error


def _write_all(stream: Any, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) or 0 :]


def seal(data: bytes, kind: str, recipient: str, store: EvidenceStore | None = None) -> Sealed:
    """Seal bytes that are there already. Raises NotSealed."""
    sealer = Sealer(kind, recipient, store)
    try:
        for start in range(0, len(data), _CHUNK):
            sealer.write(data[start : start + _CHUNK])
        return sealer.finish()
    except BaseException:
        sealer.abandon()
        raise


def open_blob(blob: SealedBlob, store: EvidenceStore | None = None) -> bytes:
    """The plaintext, after its recorded digest and size were checked.

    Raises KeyMissing where this process may not open it, Doubt when it is not what was recorded.
    """
    plain = io.BytesIO()
    _decrypt(blob, plain, store)
    data = plain.getvalue()
    _compare(blob, hashlib.sha256(data).hexdigest(), len(data))
    return data


def stream_blob(blob: SealedBlob, store: EvidenceStore | None = None) -> Iterator[bytes]:
    """The plaintext in pieces of up to 1 MiB, for what leaves at once; none of it is kept here.

    The last piece comes only after the whole was found to be what was recorded. Raises as ``open_blob``.
    """
    identity = _identity(blob)
    reading, writing = os.pipe()
    failures: list[Doubt] = []

    def decrypt() -> None:
        with os.fdopen(writing, "wb", buffering=0) as into:
            try:
                _decrypt_with(identity, blob, into, store)
            except Doubt as doubt:  # also where whoever reads has gone away
                failures.append(doubt)

    thread = threading.Thread(target=decrypt, daemon=True)
    thread.start()
    sha256, size, last = hashlib.sha256(), 0, b""
    with os.fdopen(reading, "rb") as pieces:
        while piece := pieces.read(_CHUNK):
            if last:
                yield last
            sha256.update(piece)
            size, last = size + len(piece), piece
    thread.join()
    if failures:
        raise failures[0]
    _compare(blob, sha256.hexdigest(), size)
    if last:
        yield last


def check_blob(blob: SealedBlob, store: EvidenceStore | None = None) -> None:
    """Open and hash a blob without keeping it. Raises as ``open_blob``."""
    sink = _Digest()
    _decrypt(blob, sink, store)
    _compare(blob, sink.sha256.hexdigest(), sink.size)


class _Digest:
    """A writer that only counts and hashes."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is buffered."""


def _decrypt(blob: SealedBlob, writer: Any, store: EvidenceStore | None) -> None:
    _decrypt_with(_identity(blob), blob, writer, store)


def _decrypt_with(identity: Any, blob: SealedBlob, writer: Any, store: EvidenceStore | None) -> None:
    try:
        with (store or evidence_store()).read(blob.storage_key) as reader:
            pyrage.decrypt_io(reader, writer, [identity])
    except NotStored as error:
        raise Doubt("missing", "The store holds no file for this blob.") from error
    except (pyrage.DecryptError, OSError) as error:  # pyrage says OSError where a later chunk is wrong
        raise Doubt("damaged", f"The file does not open with its own key ({error}).") from error


def _identity(blob: SealedBlob) -> Any:
    """The blob's own identity, out of its wrap, after the wrap was seen to belong to it."""
    try:
        wrap = blob.wrap
    except ObjectDoesNotExist as error:
        raise Doubt("no_wrap", "The wrap that holds the key of this blob is gone.") from error
    holder = pyrage.x25519.Identity.from_str(read_key(f"{wrap.recipient}.key"))
    try:
        text = pyrage.decrypt(bytes(wrap.sealed_secret), [holder]).decode("ascii")
        context, _, secret = text.rstrip("\n").rpartition("\n")
        identity = pyrage.x25519.Identity.from_str(secret)
    except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
        raise Doubt("wrap_damaged", "The wrap that holds the key of this blob does not open.") from error
    if context + "\n" != _context(blob.public_id, blob.kind, blob.sha256):
        raise Doubt("wrap_of_another", "The wrap belongs to another blob, or the blob's record was changed.")
    return identity


def _compare(blob: SealedBlob, sha256: str, size: int) -> None:
    if sha256 != blob.sha256 or size != blob.size:
        raise Doubt("digest", f"The bytes have SHA-256 {sha256}, recorded is {blob.sha256}.")


def _context(public_id: uuid.UUID, kind: str, sha256: str) -> str:
    """What a secret belongs to, as comment lines of an age identity file."""
    return f"# casework blob {public_id}\n# {kind} sha256:{sha256}\n"


def _recipient(name: str) -> Any:
    """The recipient that *name* ("vault", "view") is sealed to. Raises KeyMissing."""
    if name == "vault":
        return pyrage.x25519.Recipient.from_str(read_key("vault.pub"))
    return pyrage.x25519.Identity.from_str(read_key(f"{name}.key")).to_public()


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
