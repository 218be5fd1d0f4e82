"""Countries and languages: which codes there are, and what they are called in the reader's language.

Sources: Unicode CLDR as it comes with Babel. Its few codes that are no country of ISO 3166-1 are left out.
"""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import parse_locale
from django.utils.translation import get_language, to_locale

#: In CLDR and two letters long, and yet no country: regions, unions, test codes, codes reserved for other uses.
_NO_COUNTRY = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}


@lru_cache(maxsize=32)
def _names(language: str) -> Locale:
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _reader() -> Locale:
    return _names(get_language() or "en")


def is_country(code: str) -> bool:
    """Whether *code* is a country of ISO 3166-1: two capital letters."""
    return len(code) == 2 and code.isalpha() and code in Locale("en").territories and code not in _NO_COUNTRY


def is_language(tag: str) -> bool:
    """Whether *tag* is a language of BCP 47 that CLDR names: ``de``, ``pt-BR``, ``zh-Hant``."""
    try:
        language, territory, script, _variant, *_rest = parse_locale(tag, sep="-")
    except ValueError:
        return False
    english = Locale("en")
    return (
        language in english.languages
        and (territory is None or territory in english.territories)
        and (script is None or script in english.scripts)
        and tag.split("-", maxsplit=1)[0].islower()
    )


def country_name(code: str) -> str:
    """“Germany” for ``DE``, in the reader's language; the code itself where that has no name."""
    return str(_reader().territories.get(code, code))


def language_name(tag: str) -> str:
    """“German” for ``de``, in the reader's language; regions stay codes."""
    language, *rest = tag.split("-")
    name = str(_reader().languages.get(language, language))
    return f"{name} ({'-'.join(rest)})" if rest else name
