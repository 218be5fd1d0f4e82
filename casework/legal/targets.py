"""Exact identifiers that a request names, and the cases that they lead to."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from casework.cases.models import Case, CaseTerm
from casework.cases.search import HEX, REFERENCE, normal_reference, terms_of

#: Lines of one request.
MOST = 200
_CASE = re.compile(r"CW-\d+")


class NotExact(ValueError):
    """What was written names no one thing; the message says why, for a person."""


def parse(text: str) -> list[dict[str, str]]:
    """One identifier a line as [{"kind", "value"}], each once. Raises NotExact for the first that is none."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > MOST:
        raise NotExact(
            _("At most %(most)d identifiers. Enter the rest as a second request.") % {"most": MOST}
        )
    return [{"kind": _kind(line), "value": line} for line in lines]


def _kind(line: str) -> str:
    if "*" in line:
        raise NotExact(_("“%(line)s” has a wildcard. Only exact identifiers are taken.") % {"line": line})
    if "://" in line:
        return _url(line)
    if HEX.fullmatch(line.lower()):
        return "digest"
    if _CASE.fullmatch(normal_reference(line)):
        return "case"
    if line.startswith("@") and len(line) > 1 and " " not in line:
        return "account"
    if REFERENCE.fullmatch(normal_reference(line)):
        return "reference"
    raise NotExact(
        _(
            "“%(line)s” is no exact identifier. Write a full address, an account as @name, a digest in hex, a case "
            "number or a report's reference."
        )
        % {"line": line}
    )


def _url(line: str) -> str:
    try:
        parts = urlsplit(line)
    except ValueError:
        parts = urlsplit("")
    if not parts.hostname:
        raise NotExact(_("“%(line)s” is no address.") % {"line": line})
    if parts.path in ("", "/") and not parts.query:
        raise NotExact(_("“%(line)s” is a whole site. Name the pages.") % {"line": line})
    return "url"


def cases_of(targets: list[dict[str, Any]]) -> QuerySet[Case]:
    """Every case that one of *targets* leads to, restricted ones too: who may know of which is asked by the reader."""
    terms = [term for target in targets for term in terms_of(str(target["value"]))]
    exact = [kind for kind in CaseTerm.Kind.values if kind != CaseTerm.Kind.HOST]
    return Case.objects.filter(terms__blind__in=terms, terms__kind__in=exact).distinct()
