"""Content Credentials (C2PA): are they there, do they fit the file, and is their signer known? Three answers.

Nothing is fetched: neither a manifest that lives on a server nor the state of a certificate, because either
would tell a stranger that somebody here looks at this file. Without a trust list every signer counts as
unknown, and the sentence says so. Validation is c2pa-rs's (C2PA Technical Specification, "Validation").
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import c2pa

from detection import containers
from detection.findings import Signal, Status, Strength
from detection.history import (
    MOST_SHOWN,
    TRUSTED,
    History,
    Step,
    read_history,
    sentence,
    short,
)
from detection.sources import in_words
from detection.trust import NOBODY, Trust, TrustList

NAME = "c2pa"
VERSION = f"c2pa-rs {c2pa.sdk_version()}"

MIMES = frozenset(
    {
        "image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif", "image/heic",
        "video/mp4", "video/quicktime", "video/x-msvideo",
    }
)  # fmt: skip
MOST_LISTED = 20
MOST_PARTS = 10_000
LARGEST_REPORT = 16 * 1024 * 1024
"""Characters of what the library says about one file; an honest one of forty steps takes a tenth of a million."""

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What a report of another shape raises where it is taken apart."""

NO_TRUST_LIST = "no trust list is installed"
PURPOSES = ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1", "1.3.6.1.4.1.311.76.59.1.9")
"""Uses that a signer's certificate may name: e-mail protection, document signing, C2PA's own, Microsoft's. Told of
none, the library takes the first alone, and calls every file signed after C2PA's own rules invalid."""

REVOKED, EXPIRED, UNFIT, UNLISTED = "revoked", "expired", "unfit", "not_listed"
_WHY_UNTRUSTED = {
    "signingCredential.ocsp.revoked": REVOKED,
    "signingCredential.revoked": REVOKED,
    "signingCredential.expired": EXPIRED,
    "signingCredential.invalid": UNFIT,
}
_REASONS = {
    REVOKED: "its certificate was revoked by those who gave it",
    EXPIRED: "its certificate has expired, and no time stamp that could be checked says that it was signed before",
    UNFIT: "its certificate is not one for signing such statements",
}

_APP11 = b"\xeb"
_REMOTE = "Remote"  # the library has no class of its own for "this would have to be fetched"
_CREDENTIAL, _TIME = "signingCredential.", "timeStamp."
_BOUND = re.compile(r"assertion\.(?:data|bmff|boxes|collection)Hash\.match\Z")
_FOUND_IN = re.compile(r"found in \[list:(\d{1,2})\] trust anchors")


@dataclass(frozen=True, slots=True)
class _Store:
    """A manifest store as validated. ``failures`` are codes of the active manifest and then of its ingredients."""

    intact: bool
    manifest: Mapping[str, Any]
    failures: tuple[str, ...]
    remote: bool
    history: History
    found_in: TrustList | None

    @property
    def trusted(self) -> bool:
        """Whether the signer of the newest manifest is on a list."""
        return self.history.steps[0].trusted


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


def check(data: bytes, mime: str, trust: Trust = NOBODY) -> Signal:
    """The ``c2pa`` signal. ``trust`` are the lists that a signer may chain to.

    ``data`` of the signal: present, integrity (valid, invalid, not_checked), trust (trusted, untrusted,
    not_checked), trust_reason (no_list, not_listed, expired, revoked, unfit), trust_list, ai, ai_trust (trusted: a
    trusted signer says it of the picture itself), ai_in (self, parentOf, componentOf, inputTo), source_types,
    signer, signed_at, generator, actions, history, history_cut, failures, remote.
    Never raises on hostile bytes.
    """
    if mime not in MIMES:
        return absent("This kind of file carries no Content Credentials that can be read.", applicable=False)
    if not may_carry(data):
        return absent("The file carries no Content Credentials. That is usual and says nothing.")
    try:
        with (
            c2pa.Context.from_dict(_settings(trust)) as context,
            c2pa.Reader(mime, io.BytesIO(data), context=context) as reader,
        ):
            report = reader.json()
            if len(report) > LARGEST_REPORT:
                return _unheard()
            return signal_of(json.loads(report), trust, remote=not reader.is_embedded())
    except c2pa.C2paError.ManifestNotFound:
        if holds_wreck(data):
            return _unreadable("ManifestNotFound")
        return absent("The file carries no Content Credentials. That is usual and says nothing.")
    except (c2pa.C2paError, *UNREADABLE) as error:
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


def _settings(trust: Trust) -> dict[str, Any]:
    anchors = [
        {"trust_anchors": one.anchors, "trust_uri": f"list:{number}", "trust_kind": "manifest"}
        for number, one in enumerate(trust.lists)
    ]
    return {
        "version": 1,
        "core": {"allowed_network_hosts": []},
        "verify": {
            "verify_after_reading": True,
            "verify_trust": True,
            "ocsp_fetch": False,
            "remote_manifest_fetch": False,
        },
        "trust": {
            "trust_config": "".join(f"{one}\n" for one in PURPOSES),
            **({"anchors": anchors} if anchors else {}),
        },
    }


def _store(document: Mapping[str, Any], trust: Trust, *, remote: bool) -> _Store:
    results = document.get("validation_results") or {}
    failures = tuple(dict.fromkeys(_failures(results)))
    succeeded = [one for one in results.get("activeManifest", {}).get("success", [])]
    return _Store(
        intact=document["validation_state"] in ("Valid", "Trusted")
        or _only_the_signer_fails(failures, succeeded),
        manifest=document["manifests"][document["active_manifest"]],
        failures=failures,
        remote=remote,
        history=read_history(document),
        found_in=_found_in(succeeded, trust),
    )


def _failures(results: Mapping[str, Any]) -> Iterator[str]:
    """Failure codes of the active manifest, then those that its ingredients bring."""
    for one in results.get("activeManifest", {}).get("failure", []):
        yield str(one["code"])
    for delta in results.get("ingredientDeltas", []):
        for one in delta.get("validationDeltas", {}).get("failure", []):
            yield str(one["code"])


def _only_the_signer_fails(failures: Sequence[str], succeeded: Sequence[Mapping[str, Any]]) -> bool:
    """Whether signature and bytes fit and only the certificate does not hold (expired, revoked, unfit).

    The library calls such a file invalid as a whole; but that it is unchanged and who signed it are two facts.
    """
    codes = [str(one["code"]) for one in succeeded]
    return (
        all(code.startswith((_CREDENTIAL, _TIME)) for code in failures)
        and "claimSignature.validated" in codes
        and any(_BOUND.match(code) for code in codes)
    )


def _found_in(succeeded: Sequence[Mapping[str, Any]], trust: Trust) -> TrustList | None:
    """The list on which the signer of the active manifest is, as the library names it."""
    for one in succeeded:
        named = _FOUND_IN.search(str(one.get("explanation"))) if one["code"] == TRUSTED else None
        if named and int(named[1]) < len(trust.lists):
            return trust.lists[int(named[1])]
    return None


def signal_of(document: Mapping[str, Any], trust: Trust, *, remote: bool) -> Signal:
    """The signal of what ``c2pa.Reader.json`` said. Raises UNREADABLE for a document of another shape."""
    store = _store(document, trust, remote=remote)
    signature = store.manifest.get("signature_info") or {}
    signer = short(signature.get("issuer")) or short(signature.get("common_name"))
    steps, terms = store.history.steps, store.history.terms
    says_ai = _best_ai(store.history)
    return Signal(
        NAME,
        VERSION,
        Status.FOUND,
        _sentence(store, trust, signer),
        strength=_strength(store, says_ai),
        data={
            "present": True,
            "integrity": "valid" if store.intact else "invalid",
            "trust": "trusted" if store.trusted else "untrusted",
            "trust_reason": _why_untrusted(store, trust),
            "trust_list": {"name": store.found_in.name, "dated": store.found_in.dated}
            if store.found_in
            else None,
            "ai": says_ai is not None,
            "ai_trust": "" if says_ai is None else "trusted" if _vouched(store, says_ai) else "untrusted",
            "ai_in": "" if says_ai is None else says_ai.relation,
            "source_types": list(terms)[:MOST_LISTED],
            "signer": signer,
            "signed_at": short(signature.get("time")),
            "generator": _generator(store.manifest),
            "actions": list(steps[0].actions),
            "history": [step.as_data() for step in steps[:MOST_SHOWN]],
            "history_cut": store.history.cut or len(steps) > MOST_SHOWN,
            "failures": [short(code) for code in store.failures[:MOST_LISTED]],
            "remote": store.remote,
        },
    )


def _best_ai(history: History) -> Step | None:
    """The step whose word on AI is worth most: of a trusted signer, and about the picture rather than a part of it."""
    found = sorted(
        history.ai_steps, key=lambda step: (not (step.trusted and step.straight), not step.straight)
    )
    return found[0] if found else None


def _strength(store: _Store, says_ai: Step | None) -> Strength:
    """What the credentials prove: much when whoever says so is known, little when they do not fit the file.

    That part of a picture is AI-made, or that a signer unknown here says so, is never definitive; and who signs for
    an editor does not vouch for what a stranger said about the picture before.
    """
    if not store.intact or _why_untrusted(store, NOBODY) in (REVOKED, UNFIT):
        return Strength.WEAK
    if says_ai is None:
        return Strength.DEFINITIVE if store.trusted else Strength.WEAK
    return Strength.DEFINITIVE if _vouched(store, says_ai) else Strength.STRONG


def _vouched(store: _Store, says_ai: Step) -> bool:
    """Whether a trusted signer says it of the picture itself, in a history that a trusted signer closed."""
    return store.trusted and says_ai.trusted and says_ai.straight


def _why_untrusted(store: _Store, trust: Trust) -> str:
    """A code for why the signer of the newest manifest is not trusted, "" where it is."""
    if store.trusted:
        return ""
    told = [_WHY_UNTRUSTED[code] for code in _WHY_UNTRUSTED if code in store.failures]
    return told[0] if told else UNLISTED if trust.lists else "no_list"


def _sentence(store: _Store, trust: Trust, signer: str) -> str:
    wrong = [code for code in store.failures if not code.startswith(_CREDENTIAL)]
    parts = []
    if not store.intact:
        why = f" ({', '.join(map(short, wrong[:3]))})" if wrong else ""
        parts.append(
            f"Content Credentials are there but do not fit this file{why}; later edits can cause that."
        )
    else:
        parts.append("Content Credentials are there and the file is unchanged since they were signed.")
    parts.append(_about_signer(store, trust, f"The signer, “{signer}”," if signer else "The signer"))
    told = sentence(store.history)
    if told:
        parts.append(told)
    elif store.history.terms:
        parts.append(f"They name as source: {in_words(store.history.terms[:5])}.")
    return " ".join(parts)


def _about_signer(store: _Store, trust: Trust, who: str) -> str:
    if store.trusted:
        return f"{who} is on the trust list{f' {store.found_in.in_words}' if store.found_in else ''}."
    reason = _REASONS.get(_why_untrusted(store, trust))
    if reason:
        return f"{who} is not verified: {reason}."
    if not trust.lists:
        return f"{who} is not verified: {NO_TRUST_LIST}."
    names = ", ".join(one.in_words for one in trust.lists[:3])
    return f"{who} is not on the trust list ({names})."


def _generator(manifest: Mapping[str, Any]) -> str:
    """The program that wrote the claim: ``claim_generator`` (version 1) or the first of its info (2)."""
    if manifest.get("claim_generator"):
        return short(manifest["claim_generator"])
    info = manifest.get("claim_generator_info") or [{}]
    return short(f"{info[0].get('name', '')} {info[0].get('version', '')}".strip())


def _unheard() -> Signal:
    return Signal(
        NAME,
        VERSION,
        Status.NOT_CHECKED,
        "Content Credentials are there but far larger than any honest ones. They were not read.",
        reason="larger than what is read",
        data={"present": True, "integrity": "not_checked", "trust": "not_checked", "ai": False},
    )


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
