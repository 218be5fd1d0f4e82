"""Content Credentials (C2PA): are they there, do they fit the file, and is their signer known? Three answers.

Nothing is fetched: neither a manifest that lives on a server nor the state of a certificate, because either
would tell a stranger that somebody here looks at this file. Without a trust list every signer counts as
unknown, and the sentence says so. Validation is c2pa-rs's (C2PA Technical Specification, "Validation").
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import c2pa

from detection import containers
from detection.findings import Signal, Status, Strength
from detection.sources import in_words, is_ai_made, source_term

NAME = "c2pa"
VERSION = f"c2pa-rs {c2pa.sdk_version()}"

MIMES = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif", "image/heic"}
)
MOST_LISTED = 20
MOST_PARTS = 10_000
LONGEST_VALUE = 200
NO_TRUST_LIST = "no trust list is installed"

_APP11 = b"\xeb"
_REMOTE = "Remote"  # the library has no class of its own for "this would have to be fetched"
_UNTRUSTED = "signingCredential.untrusted"


@dataclass(frozen=True, slots=True)
class _Store:
    """A manifest store as validated: the active manifest and every failure code."""

    state: str
    manifest: Mapping[str, Any]
    failures: tuple[str, ...]
    remote: bool
    terms: tuple[str, ...]


def may_carry(data: bytes) -> bool:
    """Whether the bytes could hold or point to a manifest; most files cannot, and are then not parsed.

    A manifest is a JUMBF box ("jumb"), a pointer is the XMP property ``dcterms:provenance``.
    """
    return b"jumb" in data or b"provenance" in data


def holds_wreck(data: bytes) -> bool:
    """Whether the place for a manifest is taken by something in which the library found none.

    That is a JPEG's APP11 segment with a JUMBF box, PNG's ``caBX``, WebP's ``C2PA``. A box that describes
    itself as of another kind (JPEG 360, say) is whole and no wreck.
    """
    for segment in islice(containers.jpeg_segments(data), MOST_PARTS):
        start = data[segment.body : min(segment.body_end, segment.body + 64)]
        if segment.kind == _APP11 and start[:2] == b"JP" and start[12:16] == b"jumb":
            return start[20:24] != b"jumd" or b"c2pa" in start
    if any(chunk.kind == b"caBX" for chunk in islice(containers.png_chunks(data), MOST_PARTS)):
        return True
    return data[8:12] == b"WEBP" and b"C2PA" in data


def check(data: bytes, mime: str, *, trust_anchors: str = "") -> Signal:
    """The ``c2pa`` signal. ``trust_anchors`` are PEM certificates that a signer may chain to.

    ``data`` of the signal: present, integrity (valid, invalid, not_checked), trust (trusted, untrusted,
    not_checked), ai, source_types, signer, signed_at, generator, actions, failures, remote. Never raises on
    hostile bytes.
    """
    if mime not in MIMES:
        return absent("This kind of file carries no Content Credentials that can be read.", applicable=False)
    if not may_carry(data):
        return absent("The file carries no Content Credentials. That is usual and says nothing.")
    try:
        with (
            c2pa.Context.from_dict(_settings(trust_anchors)) as context,
            c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
        ):
            return _signal(_store(reader), anchored=bool(trust_anchors))
    except c2pa.C2paError.ManifestNotFound:
        if holds_wreck(data):
            return _unreadable("ManifestNotFound")
        return absent("The file carries no Content Credentials. That is usual and says nothing.")
    except (c2pa.C2paError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, c2pa.C2paError) and str(error).startswith(_REMOTE):
            return _elsewhere()
        return _unreadable(type(error).__name__)


def absent(sentence: str, *, applicable: bool = True) -> Signal:
    """The signal of a file without credentials."""
    status = Status.NOT_FOUND if applicable else Status.NOT_APPLICABLE
    return Signal(NAME, VERSION, status, sentence, data={"present": False, "ai": False})


def failed(reason: str) -> Signal:
    """The signal of a file whose credentials ended their reader."""
    sentence = "Content Credentials could not be checked."
    return Signal(NAME, VERSION, Status.FAILED, sentence, reason=reason)


def _settings(trust_anchors: str) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "version": 1,
        "core": {"allowed_network_hosts": []},
        "verify": {
            "verify_after_reading": True,
            "verify_trust": True,
            "ocsp_fetch": False,
            "remote_manifest_fetch": False,
        },
    }
    if trust_anchors:
        settings["trust"] = {"trust_anchors": trust_anchors}
    return settings


def _store(reader: c2pa.Reader) -> _Store:
    document = json.loads(reader.json())
    manifests = document["manifests"]
    return _Store(
        state=str(document["validation_state"]),
        manifest=manifests[document["active_manifest"]],
        failures=tuple(dict.fromkeys(_failures(document.get("validation_results", {})))),
        remote=not reader.is_embedded(),
        terms=tuple(dict.fromkeys(term for one in manifests.values() for term in _terms(one))),
    )


def _failures(results: Mapping[str, Any]) -> Iterator[str]:
    """Failure codes of the active manifest, then those that its ingredients bring."""
    for one in results.get("activeManifest", {}).get("failure", []):
        yield str(one["code"])
    for delta in results.get("ingredientDeltas", []):
        for one in delta.get("validationDeltas", {}).get("failure", []):
            yield str(one["code"])


def _terms(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The source types that one manifest's assertions name, wherever they stand in them."""
    for assertion in manifest.get("assertions", []):
        for value in _named(assertion, "digitalSourceType"):
            term = source_term(value)
            if term:
                yield term


def _named(value: Any, key: str) -> Iterator[str]:
    """Every text under ``key``, at any depth."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == key and isinstance(inner, str):
                yield inner
            else:
                yield from _named(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, key)


def _signal(store: _Store, *, anchored: bool) -> Signal:
    intact = store.state in ("Valid", "Trusted")
    trusted = store.state == "Trusted"
    signature = store.manifest.get("signature_info") or {}
    signer = _short(signature.get("issuer")) or _short(signature.get("common_name"))
    ai = is_ai_made(store.terms)
    wrong = [code for code in store.failures if code != _UNTRUSTED]
    return Signal(
        NAME,
        VERSION,
        Status.FOUND,
        _sentence(intact, trusted, anchored, signer, store.terms, wrong),
        strength=_strength(intact, trusted, ai),
        data={
            "present": True,
            "integrity": "valid" if intact else "invalid",
            "trust": "trusted" if trusted else "untrusted",
            "trust_reason": "" if trusted or anchored else NO_TRUST_LIST,
            "ai": ai,
            "source_types": list(store.terms)[:MOST_LISTED],
            "signer": signer,
            "signed_at": _short(signature.get("time")),
            "generator": _generator(store.manifest),
            "actions": list(dict.fromkeys(map(_short, _named(store.manifest, "action"))))[:MOST_LISTED],
            "failures": [_short(code) for code in store.failures[:MOST_LISTED]],
            "remote": store.remote,
        },
    )


def _strength(intact: bool, trusted: bool, ai: bool) -> Strength:
    """What the credentials prove: much when the signer is known, little when they do not fit the file."""
    if not intact or not (ai or trusted):
        return Strength.WEAK
    return Strength.DEFINITIVE if trusted else Strength.STRONG


def _sentence(
    intact: bool, trusted: bool, anchored: bool, signer: str, terms: tuple[str, ...], wrong: list[str]
) -> str:
    parts = []
    if not intact:
        why = f" ({', '.join(map(_short, wrong[:3]))})" if wrong else ""
        parts.append(
            f"Content Credentials are there but do not fit this file{why}; later edits can cause that."
        )
    else:
        parts.append("Content Credentials are there and the file is unchanged since they were signed.")
    who = f"The signer, “{signer}”," if signer else "The signer"
    if trusted:
        parts.append(f"{who} is on the trust list.")
    else:
        parts.append(f"{who} is not {'on the trust list' if anchored else 'verified: ' + NO_TRUST_LIST}.")
    if terms:
        parts.append(f"They name as source: {in_words(terms[:5])}.")
    return " ".join(parts)


def _generator(manifest: Mapping[str, Any]) -> str:
    """The program that wrote the claim: ``claim_generator`` (version 1) or the first of its info (2)."""
    if manifest.get("claim_generator"):
        return _short(manifest["claim_generator"])
    info = manifest.get("claim_generator_info") or [{}]
    return _short(f"{info[0].get('name', '')} {info[0].get('version', '')}".strip())


def _elsewhere() -> Signal:
    return Signal(
        NAME,
        VERSION,
        Status.NOT_CHECKED,
        "The file points to Content Credentials that are kept on a server. They were not fetched.",
        reason="nothing is fetched from a network",
        data={
            "present": True,
            "integrity": "not_checked",
            "trust": "not_checked",
            "ai": False,
            "remote": True,
        },
    )


def _unreadable(error: str) -> Signal:
    return Signal(
        NAME,
        VERSION,
        Status.FOUND,
        "Content Credentials are there but damaged, so they prove nothing.",
        strength=Strength.WEAK,
        data={
            "present": True,
            "integrity": "invalid",
            "trust": "not_checked",
            "ai": False,
            "failures": [error.lstrip("_")],
        },
    )


def _short(value: Any) -> str:
    """A text from the manifest as it may be stored: bounded, printable, empty where it is not a text."""
    if not isinstance(value, str):
        return ""
    return "".join(one for one in value[:LONGEST_VALUE] if one.isprintable())
