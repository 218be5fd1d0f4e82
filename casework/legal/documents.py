"""The served document on its way in: held in memory up to its limit, never on a disk, never opened here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from .actions import MOST_BYTES

View = Callable[..., HttpResponseBase]
#: How the two kinds of file that are taken begin, or that they are plain text.
_PDF = b"%PDF-"


class BadDocument(Exception):
    """The file is not taken; the message says why, for a person. Nothing of it was kept."""


class _InMemory(FileUploadHandler):
    """Collects the one file of a request; whatever passes the limit is read and forgotten."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.name, self.content = "", bytearray()
        self.files, self.too_large = 0, False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.files += 1
        if self.files > 1:
            raise SkipFile
        self.name = self.file_name or ""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if len(self.content) + len(raw_data) > MOST_BYTES:
            self.too_large = True
            self.content.clear()
            raise SkipFile
        self.content += raw_data

    def file_complete(self, file_size: int) -> None:
        """Nothing goes to ``request.FILES``: the view asks ``document_of``."""


def takes_document(view: View) -> View:
    """Let a view take one document. The token is asked for once it is known where the bytes of the body go."""
    guarded = csrf_protect(view)

    @wraps(view)
    def taking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.upload_handlers = [_InMemory(request)]
        return guarded(request, *args, **kwargs)

    return csrf_exempt(taking)


def document_of(request: HttpRequest) -> tuple[str, bytes]:
    """The (name, bytes) of the request's one file. Raises BadDocument for none, several, too large, another kind."""
    request.FILES  # noqa: B018 - parses the body
    handler = next(one for one in request.upload_handlers if isinstance(one, _InMemory))
    if handler.files != 1:
        raise BadDocument(_("Choose one file. Nothing was kept."))
    if handler.too_large:
        most = MOST_BYTES // 2**20
        raise BadDocument(_("The file is larger than %(most)d MiB. Nothing was kept.") % {"most": most})
    content = bytes(handler.content)
    if not content or not (content.startswith(_PDF) or _is_text(content)):
        raise BadDocument(_("Only PDF and plain text (UTF-8) are taken. Nothing was kept."))
    return handler.name[:200], content


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def download(content: bytes, name: str) -> HttpResponse:
    """Bytes that a browser saves and neither shows nor guesses about."""
    answer = HttpResponse(content, content_type="application/octet-stream")
    answer["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or "attachment"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer
