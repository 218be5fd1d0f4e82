"""Every address of the product. Third-party names are listed with their expected answers in tests/test_doors.py."""

from django.urls import include, path

from casework.staff import views as staff

urlpatterns = [
    path("", staff.home, name="home"),
    path("", include("casework.ui.urls")),
    path("", include("casework.cases.urls")),
    path("evidence/", include("casework.evidence.urls")),
    path("banks/", include("casework.hashbanks.urls")),
    path("banks/", include("casework.hashbanks.exchanges.urls")),
    path("", include("casework.reports.urls")),
    path("models/", include("casework.scoring.urls")),
    path("", include("casework.escalations.urls")),
    path("", include("casework.escalations.tip_urls")),
    path("outbox/", include("casework.outbox.urls")),
    path("portal/", include("casework.escalations.portal_urls")),
    path("", include("casework.escalations.link_urls")),
    path("", include("casework.escalations.reporter_urls")),
    path("partners/", include("casework.partners.urls")),
    path("legal/", include("casework.legal.urls")),
    path("log/", include("casework.audit.urls")),
    path("", include("casework.wellbeing.urls")),
    path("", include("casework.jobs.urls")),
    path("", include("casework.staff.urls")),
    path("api/", include("casework.api")),
]

handler400 = "casework.ui.views.bad_request"
handler403 = "casework.ui.views.forbidden"
handler404 = "casework.ui.views.not_found"
handler500 = "casework.ui.views.server_error"
