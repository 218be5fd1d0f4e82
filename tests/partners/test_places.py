"""Codes of countries and languages, and what they are called."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from casework.partners.places import country_name, is_country, is_language, language_name


@pytest.mark.parametrize("code", ["DE", "FR", "US", "TW", "PS"])
def test_a_country(code: str):
    assert is_country(code)


@pytest.mark.parametrize("code", ["", "D", "de", "EU", "UN", "ZZ", "XA", "001", "GER", "D\n"])
def test_no_country(code: str):
    assert not is_country(code)


@pytest.mark.parametrize("tag", ["de", "pt-BR", "zh-Hant", "gsw"])
def test_a_language(tag: str):
    assert is_language(tag)


@pytest.mark.parametrize("tag", ["", "DE", "german", "xx-yy", "de_DE", "de-QQ", "../de"])
def test_no_language(tag: str):
    assert not is_language(tag)


def test_their_names_are_in_the_readers_language():
    with override("de"):
        assert (country_name("DE"), language_name("pt-BR")) == ("Deutschland", "Portugiesisch (BR)")
    assert (country_name("DE"), language_name("de")) == ("Germany", "German")
