"""Reporters of the tests, who came back to their status page, and what they read there."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

from casework.reports.actions import Filed, file_report
from casework.reports.models import Report
from tests.reports.conftest import facts


def file_one(**said: Any) -> Filed:
    """A report of the person depicted through the form, unless told otherwise."""
    return file_report(channel=Report.Channel.FORM, facts=facts(**said), uploads=[])


def come_back(filed: Filed) -> Client:
    """A browser in which the reporter has just opened the status page."""
    client = Client()
    sent = {"reference": filed.report.reference, "code": filed.access_code}
    assert client.post("/status/", sent)["Location"] == "/status/page/"
    return client


def page(client: Client) -> str:
    """The status page as it stands, but for its token, which is another each time."""
    answer = client.get("/status/page/")
    assert answer.status_code == 200
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html.unescape(answer.content.decode()))
