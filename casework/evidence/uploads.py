"""The upload handler: files are hashed and sealed while they arrive, and never touch a disk in clear.

Only views that declare ``@accepts_uploads`` may receive files; any other request with a file is answered 400
before a byte of it is written. A view asks ``staged_uploads(request)`` for all files, or for the reason why
there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .actions.staging import SealedUpload, discard_staged, stage_blob
from .models import Blob, Wrap
from .sealing import NotSealed, Sealer

__all__ = ["SealedUpload", "SealingUploadHandler", "UploadRefused", "accepts_uploads", "staged_uploads"]

_MIB = 1024 * 1024
_View = TypeVar("_View", bound=Callable[..., Any])


class UploadRefused(Exception):
    """Nothing of the upload is kept. ``status`` is the HTTP status, ``message`` is for the person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class FilesNotExpected(SuspiciousOperation):
    """A file was sent to an address that takes none (answered 400)."""


def accepts_uploads(view: _View) -> _View:
    """Declare that a view (function, class or viewset) takes files."""
    view.accepts_uploads = True  # type: ignore[attr-defined]
    return view


def staged_uploads(request: Any) -> list[SealedUpload]:
    """Every file of the request, whatever its field, in the order sent; sealed, staged, nobody's yet.

    *request* is Django's or DRF's. Raises UploadRefused when a file is too large, empty, one too many, or when
    the body was cut; then none is kept. Whoever does not file them calls ``discard_staged`` or leaves them to
    the reaper.
    """
    request.FILES  # noqa: B018 - parses the body
    plain: HttpRequest = getattr(request, "_request", request)
    if plain.content_type != "multipart/form-data" or plain.method != "POST":
        return []
    for handler in plain.upload_handlers:
        if isinstance(handler, SealingUploadHandler):
            return handler.outcome()
    return []


class SealingUploadHandler(FileUploadHandler):
    """Seals each file to the vault while it arrives, stages it, and remembers why it refused the rest."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._staged: list[SealedUpload] = []
        self._refusal: UploadRefused | None = None
        self._sealer: Sealer | None = None
        self._received = 0
        self._parsed = False

    def outcome(self) -> list[SealedUpload]:
        """The files that are staged. Raises the UploadRefused that stopped them, or when no body was read."""
        if self._refusal is not None:
            raise self._refusal
        if not self._parsed:
            raise UploadRefused(
                411, _("The request does not say how long it is. Nothing was read. Send it with its length.")
            )
        return list(self._staged)

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]]:
        """Parse the body ourselves, counting, so that one that was cut short is seen."""
        body: Any = _Watched(input_data, boundary)
        self._parsed = True
        if content_length > settings.UPLOAD_MAX_REPORT_BYTES + _MIB:
            self._refuse(413, _too_large_report())
        if content_length > 2 * settings.UPLOAD_MAX_REPORT_BYTES + _MIB:
            return QueryDict(encoding=encoding), MultiValueDict()  # not even worth reading to the end
        try:
            fields, files = _Parser(META, body, [_Inner(self)], encoding).parse()
        except BaseException:
            self._drop()
            raise
        if not body.closed_properly:
            self._refuse(400, _("The upload was cut off before its end. Nothing was kept. Send it again."))
        if self._refusal is not None:
            self._drop()
            files.clear()
        return fields, files

    # What follows is called by the parser through ``_Inner``.

    def begin(self) -> None:
        """Start one file, or skip it."""
        self._drop_open()
        if not _may_upload(self.request):
            raise FilesNotExpected("This address takes no files.")
        if len(self._staged) >= settings.UPLOAD_MAX_FILES:
            self._refuse(413, _too_many_files())
        if self._refusal is not None:
            raise SkipFile
        try:
            self._sealer = Sealer(Blob.Kind.ORIGINAL, Wrap.Recipient.VAULT)
        except NotSealed as error:
            self._not_sealed(error)

    def take(self, data: bytes) -> None:
        """Seal the next bytes of the open file; stops reading it where a limit is passed."""
        assert self._sealer is not None
        self._received += len(data)
        if self._sealer.size + len(data) > settings.UPLOAD_MAX_FILE_BYTES:
            self._refuse(413, _too_large_file())
        elif self._received > settings.UPLOAD_MAX_REPORT_BYTES:
            self._refuse(413, _too_large_report())
        if self._refusal is not None:
            self._drop_open()
            raise SkipFile
        try:
            self._sealer.write(data)
        except NotSealed as error:
            self._not_sealed(error)

    def end(self, name: str, content_type: str) -> SealedUpload | None:
        """Finish the open file and stage it."""
        sealer, self._sealer = self._sealer, None
        if sealer is None:
            return None
        if sealer.size == 0:
            sealer.abandon()
            self._refuse(422, _("One of the files is empty. Nothing was kept. Choose the file again."))
            return None
        try:
            sealed = sealer.finish()
        except NotSealed as error:
            self._not_sealed(error, skip=False)
            return None
        declared = "".join(filter(str.isprintable, content_type))[:100]
        upload = SealedUpload(name, declared, sealed.size, sealed.sha256, sealed.md5, stage_blob(sealed))
        self._staged.append(upload)
        return upload

    def _not_sealed(self, error: NotSealed, *, skip: bool = True) -> None:
        self._sealer = None
        self._refuse(
            503, _("The file could not be stored just now. Nothing was kept. Try again in a few minutes.")
        )
        if skip:
            raise SkipFile from error

    def _refuse(self, status: int, message: str) -> None:
        if self._refusal is None:
            self._refusal = UploadRefused(status, message)

    def _drop_open(self) -> None:
        sealer, self._sealer = self._sealer, None
        if sealer is not None:
            sealer.abandon()

    def _drop(self) -> None:
        self._drop_open()
        staged, self._staged = self._staged, []
        if staged:
            discard_staged(staged)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise NotImplementedError("handle_raw_input parses the whole body")

    def file_complete(self, file_size: int) -> None:
        raise NotImplementedError("handle_raw_input parses the whole body")


class _Inner(FileUploadHandler):
    """What the parser talks to: one file at a time."""

    def __init__(self, outer: SealingUploadHandler) -> None:
        super().__init__(outer.request)
        self._outer = outer

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._outer.begin()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._outer.take(raw_data)

    def file_complete(self, file_size: int) -> Any:
        return self._outer.end(self.file_name or "", self.content_type or "")


class _Parser(MultiPartParser):
    """Django's parser drops a file without a word when its name is only dots or unprintable; we keep it."""

    def sanitize_file_name(self, file_name: str) -> str:
        return super().sanitize_file_name(file_name) or "unnamed"


class _Watched:
    """The body, watched for its closing boundary: a body that ends without one was cut."""

    def __init__(self, source: BinaryIO, boundary: bytes | str) -> None:
        self._source = source
        mark = boundary.encode("ascii") if isinstance(boundary, str) else boundary
        self._end = b"--" + mark + b"--"
        self._tail = b""
        self.closed_properly = False

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        if not self.closed_properly:
            seen = self._tail + data
            self.closed_properly = self._end in seen
            self._tail = seen[-len(self._end) :]
        return data


def _may_upload(request: HttpRequest | None) -> bool:
    match = request.resolver_match if request is not None else None
    if match is None:
        return False
    candidates = (match.func, getattr(match.func, "cls", None), getattr(match.func, "view_class", None))
    return any(getattr(candidate, "accepts_uploads", False) for candidate in candidates)


def _too_large_file() -> str:
    return _("A file is larger than %(size)d MB. Nothing was kept. Send a smaller version of it.") % {
        "size": settings.UPLOAD_MAX_FILE_BYTES // _MIB
    }


def _too_large_report() -> str:
    return _(
        "The files of one report may have %(size)d MB together. Nothing was kept. Send fewer or smaller files."
    ) % {"size": settings.UPLOAD_MAX_REPORT_BYTES // _MIB}


def _too_many_files() -> str:
    most = settings.UPLOAD_MAX_FILES
    return ngettext(
        "One report takes at most %(most)d file. Nothing was kept. Send the others in a second report.",
        "One report takes at most %(most)d files. Nothing was kept. Send the others in a second report.",
        most,
    ) % {"most": most}
