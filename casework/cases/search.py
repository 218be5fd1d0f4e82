"""What a search box may find: references, digests and blind-indexed addresses. Never free text."""

from __future__ import annotations

import re

from casework.privacy.blind import blind_index, normal_account, normal_url, url_host

from .models import CaseTerm

HEX = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")
REFERENCE = re.compile(r"[0-9A-Z]{9}")


def normal_reference(text: str) -> str:
    """The spelling under which references are indexed: upper case, no spaces or dashes inside a Crockford code."""
    compact = re.sub(r"[\s-]", "", text.upper())
    if compact.startswith("CW") and compact[2:].isdigit():
        return f"CW-{compact[2:]}"
    return compact.replace("O", "0").replace("I", "1").replace("L", "1")


def _normal_url(text: str) -> str:
    """The address as it is indexed; empty for what only looks like one."""
    try:
        return normal_url(text)
    except ValueError:
        return ""


def terms_of(query: str) -> list[bytes]:
    """The blind indexes that *query* could mean: it is tried as every kind of term it can be."""
    text = query.strip()
    if not text:
        return []
    candidates: list[tuple[CaseTerm.Kind, str]] = [(CaseTerm.Kind.REFERENCE, normal_reference(text))]
    lowered = text.lower()
    if HEX.fullmatch(lowered):
        candidates.append((CaseTerm.Kind.DIGEST, lowered))
    if "://" in text:
        candidates += [(CaseTerm.Kind.URL, _normal_url(text))]
    elif "." in text and " " not in text:
        candidates += [(CaseTerm.Kind.HOST, url_host(f"https://{text}"))]
    candidates.append((CaseTerm.Kind.ACCOUNT, normal_account(text)))
    return [blind_index(kind, value) for kind, value in candidates if value]
