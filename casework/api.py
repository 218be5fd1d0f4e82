"""The REST router: it sees each app's ``api.py`` and nothing else."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import path, re_path
from rest_framework.views import APIView

from casework.accounts.permissions import open_to_everybody
from casework.escalations import api as escalations
from casework.outbox import api as outbox
from casework.reports import api as reports

#: What these doors declare instead of a role: the scope of a key (``scopes`` on the view).
API_KEY = "api key"


def _by_key(view: type[APIView]) -> Callable[..., HttpResponseBase]:
    called = view.as_view()
    called.permission = API_KEY  # type: ignore[attr-defined]
    return called


urlpatterns = [
    path("v1/reports/", _by_key(reports.ReportsView), name="api_reports"),
    path("v1/reports/<uuid:public_id>/", _by_key(reports.ReportView), name="api_report"),
    path(
        "v1/callbacks/<uuid:public_id>/",
        open_to_everybody(outbox.CallbackView.as_view()),
        name="api_callback",
    ),
    path(
        "v1/escalations/<uuid:public_id>/package/",
        open_to_everybody(escalations.PackageView.as_view()),
        name="api_package",
    ),
    path(
        "v1/escalations/<uuid:public_id>/package/stamp/",
        open_to_everybody(escalations.StampView.as_view()),
        name="api_package_stamp",
    ),
    path("schema/", reports.schema, name="api_schema"),
    path("docs/", reports.docs, name="api_docs"),
    re_path(r"^", reports.nothing_here, name="api_nothing"),
]
