"""What a child does with one file: open it once, and derive everything that needs its bytes but no model.

It speaks three times: planes for the models first, so that they can be asked while the rest is made; then hashes,
metadata, traces and derivatives; and last, when all that is safe with the listener, Content Credentials, whose reader
is native code that a file might end.

What does not begin like a picture may be a film, and is looked at in a process that has imported a film's decoders too.

Nothing is decoded at a reduced size, although JPEG could be: traces and invisible watermarks are read from the pixels
as they are, so the whole picture is decoded anyway.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from PIL import Image

from detection import (
    dwtdct,
    forensics,
    metadata,
    opening,
    perceptual,
    planes,
    provenance,
    renditions,
    stealth,
    wire,
)
from detection.blocks import Blocks
from detection.digests import Digests
from detection.exif import Exif
from detection.findings import Examination, Failure, Media, Signal, Status
from detection.limits import DEFAULT, Limits
from detection.planes import Fit, Planes, PlaneSpec, Resample
from detection.sandbox import Given
from detection.trust import from_wish

if TYPE_CHECKING:
    from detection import video

SIGNALS = (
    metadata.GENERATOR,
    metadata.SOURCE_TYPE,
    metadata.AI_FIELDS,
    metadata.CAMERA,
    metadata.THUMBNAIL,
    stealth.NAME,
    dwtdct.NAME,
    *forensics.NAMES,
)
"""The signals of a look, in their order: no more and no fewer."""

_UNASKED = Digests("0" * 64, "0" * 32, 0)
_FROM_PIXELS = (metadata.THUMBNAIL, stealth.NAME, dwtdct.NAME, *forensics.NAMES)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Look:
    """What the bytes gave without any model. ``planes`` is empty when no picture could be opened."""

    examination: Examination
    planes: Planes


@dataclass(frozen=True, slots=True)
class _Subject:
    """A file as it was opened: a picture upright and whole (``image``), or a film. ``errors`` grow with what fails."""

    media: Media
    planes: Planes
    errors: list[Failure]
    image: Image.Image | None = None
    hidden: stealth.Hidden | None = None
    film: video.Seen | None = None


def look(data: bytes, exact: Digests, limits: Limits = DEFAULT, specs: Sequence[PlaneSpec] = ()) -> Look:
    """Open once and derive: hashes, metadata, traces, preview, rendition, and planes for *specs*.

    A file that cannot be opened still has its metadata read; its Failure is the first of ``errors``.
    """
    try:
        subject = _opened(data, limits, specs)
    except opening.Unopenable as error:
        return Look(_closed(data, exact, limits, error.failure), {})
    return Look(_derived(data, exact, limits, subject), subject.planes)


def work(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """The same for ``zygote``, and Content Credentials. ``wishes``: "planes", as ``plane_wishes`` gives them, and
    "trust", as ``Trust.as_wish`` gives it, for ``provenance.check``.
    """
    try:
        subject = _opened(data, limits, [_spec(one) for one in wishes["planes"]])
    except opening.Unopenable as error:
        yield wire.planes_to_wire({}, (0, 0))
        yield wire.to_wire(_closed(data, _UNASKED, limits, error.failure))
        return
    media = subject.media
    yield wire.planes_to_wire(subject.planes, (media.width, media.height))
    yield wire.to_wire(_derived(data, _UNASKED, limits, subject))
    del subject
    yield wire.signal_to_wire(provenance.check(data, media.mime, from_wish(wishes["trust"]))), ()


def may_be_film(data: bytes) -> bool:
    """Whether the file is one for ``warm_up_films``: it does not begin as a picture does."""
    return not opening.begins_as_picture(data)


def plane_wishes(specs: Sequence[PlaneSpec]) -> list[dict[str, Any]]:
    """The specs as JSON."""
    return [
        {
            "name": one.name, "width": one.width, "height": one.height, "fit": one.fit.value,
            "resized": one.resized, "jpeg": one.jpeg, "resample": one.resample.value,
        }
        for one in specs
    ]  # fmt: skip


def _spec(document: Mapping[str, Any]) -> PlaneSpec:
    fit, resample = Fit(document["fit"]), Resample(document["resample"])
    return PlaneSpec(**{**document, "fit": fit, "resample": resample})


def warm_up_films() -> None:
    """As ``warm_up``, and for films too."""
    from detection import video

    warm_up()
    video.warm_up()


def warm_up() -> None:
    """Read small pictures of our own with every part, so that nothing is left to import after a fork."""
    opening.warm_up()
    tiny = Image.radial_gradient("L").convert("RGB")
    written = io.BytesIO()
    tiny.save(written, "JPEG")
    data = written.getvalue()
    spec = {"name": "tiny", "width": 8, "height": 8, "fit": "centre", "resized": 9, "jpeg": 75}
    for _said in work(data, {"planes": [{**spec, "resample": "bilinear"}], "trust": []}, DEFAULT):
        pass
    metadata.thumbnail_signal(metadata.Metadata(Blocks(), Exif(thumbnail=data)), tiny)
    provenance.check(data + b"jumb", "image/jpeg")


def _closed(data: bytes, exact: Digests, limits: Limits, failure: Failure) -> Examination:
    found = metadata.read(data, limits)
    unseen = (not_checked(name, "the picture could not be opened") for name in _FROM_PIXELS)
    return _examination(exact, None, (*metadata.signals(found), *unseen), (failure,))


def _opened(data: bytes, limits: Limits, specs: Sequence[PlaneSpec]) -> _Subject:
    """The file decoded. Raises opening.Unopenable."""
    if may_be_film(data):
        from detection import (
            video,
        )  # its decoders are a hundred libraries, which a picture's process does without

        if video.claims(data):
            film = video.look(data, limits, specs)
            return _Subject(film.media, film.planes, list(film.notes), film=film)
    opened = opening.open_media(data, limits)
    errors = list(opened.notes)
    made = _attempt("planes", errors, lambda: planes.prepare(opened.frames, specs))
    return _Subject(opened.media, made or {}, errors, image=opened.frames[0], hidden=opened.hidden)


def _derived(data: bytes, exact: Digests, limits: Limits, subject: _Subject) -> Examination:
    if subject.film is not None:
        return _of_film(data, exact, limits, subject.film)
    image, errors = subject.image, subject.errors
    assert image is not None
    found = metadata.read(data, limits)
    hashes, turns = _attempt("hashes", errors, lambda: perceptual.hashes_and_turns(image)) or ((), ())
    signals = (*metadata.signals(found), *_from_pixels(found, subject, image, data, limits))
    return replace(
        _examination(exact, subject.media, signals),
        hashes=hashes,
        turns=turns,
        preview=_attempt("preview", errors, lambda: renditions.preview(image)),
        rendition=_attempt("rendition", errors, lambda: renditions.rendition(image, limits)),
        errors=tuple(errors),
    )


def _of_film(data: bytes, exact: Digests, limits: Limits, film: video.Seen) -> Examination:
    unasked = (
        Signal(name, "none", Status.NOT_APPLICABLE, "This is asked of pictures and not of films.")
        for name in _FROM_PIXELS
    )
    return replace(
        _examination(
            exact, film.media, (*metadata.signals(metadata.read(data, limits)), *unasked), film.notes
        ),
        hashes=film.hashes,
        preview=film.preview,
        rendition=film.rendition,
        film=film.film,
    )


def _from_pixels(
    found: metadata.Metadata, subject: _Subject, image: Image.Image, data: bytes, limits: Limits
) -> tuple[Signal, ...]:
    return (
        *_tried((metadata.THUMBNAIL,), lambda: (metadata.thumbnail_signal(found, image, limits),)),
        stealth.signal(subject.hidden, subject.media.format),
        *_tried((dwtdct.NAME,), lambda: (dwtdct.signal(image),)),
        *_tried(forensics.NAMES, lambda: forensics.signals(image, data, limits)),
    )


def _tried(names: Sequence[str], work: Callable[[], tuple[Signal, ...]]) -> tuple[Signal, ...]:
    """The signals of one reader, or as many failed ones: the other readers go on."""
    failures: list[Failure] = []
    signals = _attempt("comparison", failures, work)
    if signals is not None:
        return signals
    reason = failures[0].sentence
    return tuple(
        Signal(name, "none", Status.FAILED, "This could not be checked.", reason=reason) for name in names
    )


def _attempt(code: str, errors: list[Failure], work: Callable[[], _T]) -> _T | None:
    """The result of one part, or None and a Failure added: the other parts go on."""
    try:
        return work()
    except (MemoryError, *opening.DECODER_ERRORS) as error:
        errors.append(Failure(code, f"The {code} could not be made ({type(error).__name__})."))
        return None


def _examination(
    exact: Digests, media: Media | None, signals: tuple[Signal, ...], errors: tuple[Failure, ...] = ()
) -> Examination:
    return Examination(exact.sha256, exact.md5, exact.size, media, (), signals, errors)


def not_checked(name: str, reason: str) -> Signal:
    """The signal of a question that was not put, so that nobody takes silence for an answer."""
    return Signal(name, "none", Status.NOT_CHECKED, "Not checked.", reason=reason)
