"""The pages of evidence are read like the page of a case: each time is an entry."""

from __future__ import annotations

import io

import pytest
from django.urls import reverse
from PIL import Image

from casework.evidence import marking
from casework.evidence.models import Reveal
from tests.cast import client_of, make_case, person
from tests.evidence.making import make_examined
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["case_evidence", "evidence_item"])
def test_opening_a_page_of_evidence_by_its_own_address_is_an_entry(name: str) -> None:
    item = make_examined(make_case())
    about = item.case.public_id if name == "case_evidence" else item.public_id
    assert client_of(person("lex")).get(reverse(name, args=[about])).status_code == 200
    assert verbs_of(item.case)[-1] == "case.read"


def test_the_panel_of_an_open_case_page_is_not_read_twice() -> None:
    item = make_examined(make_case())
    address = reverse("case_evidence", args=[item.case.public_id])
    client_of(person("mona")).get(address, headers={"HX-Request": "true"})
    assert "case.read" not in verbs_of(item.case)


def test_a_name_of_many_lines_and_directions_neither_breaks_the_picture_nor_hides_the_time() -> None:
    mona = person("mona")
    mona.name = "Mo\nna \u202e" + "x" * 190
    mona.save()
    browser = client_of(mona)
    item = make_examined(make_case())
    browser.post(reverse("reveal", args=[item.public_id]), {"reason": "decide"})
    reveal = Reveal.objects.get(item=item)
    served = browser.get(reverse("reveal_image", args=[reveal.public_id]))
    assert served.status_code == 200
    assert Image.open(io.BytesIO(served.content)).format == "JPEG"
    mark = marking.words_of(reveal)
    assert mark.isprintable()
    assert mark.index("UTC") < 60
