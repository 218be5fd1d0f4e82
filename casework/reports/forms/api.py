"""Bodies and answers of the REST API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError as Mistake
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from casework.reports.actions import Filed
from casework.reports.codes import shown_access_code, shown_reference
from casework.reports.facts import ReportFacts
from casework.reports.models import AgeAtTheTime, MadeHow, Report, ReporterRole
from casework.reports.wording import next_deadline, standing_of

from .places import clean_account, clean_lines, clean_link

LONGEST_TEXT = 5000


class LinesField(serializers.ListField):
    """A list of texts; in multipart a field that repeats, one text per field or per line."""

    child = serializers.CharField(max_length=3000)

    def __init__(self, clean_one: Callable[[str], str], **kwargs: Any) -> None:
        self._clean_one = clean_one
        super().__init__(required=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        lines = super().to_internal_value([data] if isinstance(data, str) else data)
        try:
            return clean_lines(lines, self._clean_one)
        except Mistake as error:
            raise serializers.ValidationError(error.messages) from error


class ReportBody(serializers.Serializer[Any]):
    """A report. At least one of links, accounts and files is needed; everything else may be left out."""

    role = serializers.ChoiceField(
        ReporterRole.choices,
        default=ReporterRole.SOMEBODY_ELSE,
        help_text="Who reports, to the person shown.",
    )
    links = LinesField(clean_link, help_text="Where it is: web addresses. In multipart repeat the field.")
    accounts = LinesField(clean_account, help_text="Account names that show it.")
    age_at_the_time = serializers.ChoiceField(
        AgeAtTheTime.choices,
        default=AgeAtTheTime.NOT_SAID,
        help_text="Of the person shown. “minor” and “unknown” restrict the report to specially cleared people at once; "
        "leave it out when nothing was indicated.",
    )
    made_how = serializers.ChoiceField(
        MadeHow.choices, default=MadeHow.UNKNOWN, help_text="Real, or made with AI."
    )
    in_danger = serializers.BooleanField(default=False, help_text="Somebody is in immediate danger.")
    description = serializers.CharField(max_length=LONGEST_TEXT, default="", allow_blank=True)
    statement = serializers.CharField(
        max_length=LONGEST_TEXT,
        default="",
        allow_blank=True,
        help_text="Why it was not consented to, in own words.",
    )
    no_consent = serializers.BooleanField(
        default=False, help_text="The reporter states in good faith that the person shown did not consent."
    )
    accurate = serializers.BooleanField(
        default=False, help_text="The reporter states that the report is accurate."
    )
    signature = serializers.CharField(max_length=200, default="", allow_blank=True, help_text="Typed name.")
    authorisation = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="How a representative is authorised."
    )
    contact_channel = serializers.CharField(
        max_length=40, default="", allow_blank=True, help_text="For example e-mail."
    )
    contact_address = serializers.CharField(max_length=300, default="", allow_blank=True)
    contact_name = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="The name to use."
    )
    language = serializers.ChoiceField(
        settings.LANGUAGES, default="en", help_text="For messages to the reporter."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = self.initial_data
        unknown = sorted(set(given) - set(self.fields)) if isinstance(given, Mapping | QueryDict) else []
        if unknown:
            raise serializers.ValidationError({name[:80]: [_("There is no such field.")] for name in unknown})
        return attrs

    def facts(self, *, files: int) -> ReportFacts:
        """The facts of a valid body that came with *files* files. Raises ``ValidationError`` for an empty report."""
        said = dict(self.validated_data)
        if not (said.get("links") or said.get("accounts") or files):
            raise serializers.ValidationError(
                {"links": [_("Say where it is: a link, an account name, or send a file.")]}
            )
        contact = {name: said.pop(f"contact_{name}") for name in ("channel", "address", "name")}
        return ReportFacts(**said, contact=contact if contact["address"] else None)


class ReportWithFiles(ReportBody):
    """The multipart form of a report, for the OpenAPI document: files never pass through a serializer."""

    files = serializers.ListField(
        child=serializers.FileField(),
        required=False,
        help_text="Pictures or videos, under any field name, repeated.",
    )


class StateAnswer(serializers.Serializer[Any]):
    """Where a report stands."""

    id = serializers.UUIDField()
    reference = serializers.CharField(help_text="For people: 8 characters and a check character.")
    url = serializers.URLField()
    received_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="The next deadline that runs.")
    valid_at = serializers.DateTimeField(allow_null=True, help_text="When all four elements were present.")
    state = serializers.ChoiceField(
        [
            "received", "in_review", "second_person", "need_more", "decided",
            "removed", "restricted", "kept", "withdrawn",
        ]
    )  # fmt: skip
    sentence = serializers.CharField(help_text="The state in words.")
    missing = serializers.ListField(child=serializers.CharField(), help_text="Elements that are missing.")
    files = serializers.IntegerField(help_text="How many files are stored.")


class FiledAnswer(StateAnswer):
    """What filing answers: the state, and the secret for the status page."""

    access_code = serializers.CharField(
        help_text="Secret, shown once. With the reference it opens the status page."
    )
    status_page = serializers.URLField()


class ProblemError(serializers.Serializer[Any]):
    field = serializers.CharField()
    message = serializers.CharField()


class ProblemAnswer(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.ListField(child=ProblemError(), required=False)  # type: ignore[assignment]  # RFC 9457 name


def state_answer(report: Report) -> dict[str, Any]:
    """The body of ``StateAnswer``."""
    standing = standing_of(report)
    said: dict[str, Any] = json.loads(
        JSONRenderer().render(
            StateAnswer(
                {
                    "id": report.public_id,
                    "reference": shown_reference(report.reference),
                    "url": settings.PUBLIC_URL + reverse("api_report", args=[report.public_id]),
                    "received_at": report.received_at,
                    "due_at": next_deadline(report.case),
                    "valid_at": report.valid_at,
                    "state": standing.code,
                    "sentence": standing.title,
                    "missing": report.missing_elements(),
                    "files": report.case.item_count,
                }
            ).data
        )
    )
    return said


def filed_answer(filed: Filed) -> dict[str, Any]:
    """The body of ``FiledAnswer``, as plain JSON: it is kept for repeats."""
    filed.report.case.refresh_from_db()
    return state_answer(filed.report) | {
        "access_code": shown_access_code(filed.access_code),
        "status_page": settings.PUBLIC_URL + reverse("status"),
    }
