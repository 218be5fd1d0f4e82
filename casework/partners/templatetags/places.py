"""Countries in words, for pages that hold codes."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from casework.partners.places import country_name

register = template.Library()


@register.filter
def country_names(codes: Iterable[str]) -> str:
    """“United States, Canada” for ``["US", "CA"]``, in the reader's language; what is no code stays as it is."""
    return ", ".join(country_name(code) for code in codes)
