"""Whoever is frightened reads names of countries, not their codes."""

from __future__ import annotations

import pytest
from django.test import Client

from casework.partners.templatetags.places import country_names

pytestmark = pytest.mark.django_db


def test_emergency_numbers_stand_beside_names_of_countries(client: Client) -> None:
    page = client.get("/report/").content.decode()
    assert "<dt>United States, Canada</dt><dd><strong>911</strong></dd>" in page
    assert "US, CA" not in page


def test_what_is_no_code_stays_as_the_desk_wrote_it() -> None:
    assert country_names(["European Union", "DE"]) == "European Union, Germany"
