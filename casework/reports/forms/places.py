"""Links and account names as people paste them: one on a line, in any order, with or without ``https://``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_PLACES = 250
LONGEST_LINK = 2000
LONGEST_NAME = 200


def clean_link(text: str) -> str:
    """An absolute http(s) address. Raises ``ValidationError`` in words. Nothing is ever fetched."""
    text = text.strip()
    link = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(link)
        usable = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or not link.isprintable() or any(character.isspace() for character in link):
        raise ValidationError(_("“%(link)s” does not look like a web address."), params={"link": text[:80]})
    if len(link) > LONGEST_LINK:
        raise ValidationError(
            _("A web address may have %(most)d characters; “%(link)s…” is longer."),
            params={"most": LONGEST_LINK, "link": text[:40]},
        )
    return link


def clean_account(text: str) -> str:
    """An account name. Raises ``ValidationError`` in words."""
    text = "".join(character for character in text if character.isprintable()).strip()
    if len(text) > LONGEST_NAME:
        raise ValidationError(
            _("An account name may have %(most)d characters; “%(name)s…” is longer."),
            params={"most": LONGEST_NAME, "name": text[:40]},
        )
    return text


def clean_lines(text: str | list[str], clean_one: Callable[[str], str]) -> tuple[str, ...]:
    """Each line through *clean_one*, without repeats, in order. Raises one ``ValidationError`` with every mistake."""
    lines = [
        line.strip() for chunk in ([text] if isinstance(text, str) else text) for line in chunk.splitlines()
    ]
    found: dict[str, None] = {}
    mistakes: list[ValidationError] = []
    for line in filter(None, lines):
        try:
            found[clean_one(line)] = None
        except ValidationError as error:
            mistakes.append(error)
    if len(found) > MOST_PLACES:
        mistakes.append(ValidationError(_("One report takes at most %d lines here.") % MOST_PLACES))
    if mistakes:
        raise ValidationError(mistakes)
    return tuple(found)
