from django.urls import path

from . import approval_views, handling_views, views

urlpatterns = [
    path("cases/<uuid:public_id>/escalate/", views.start, name="case_escalate"),
    path("cases/<uuid:public_id>/escalations/", views.panel, name="case_escalations"),
    path("escalations/", views.escalations, name="escalations"),
    path("escalations/<uuid:public_id>/", views.escalation, name="escalation"),
    path("escalations/<uuid:public_id>/edit/", views.edit, name="escalation_edit"),
    path("escalations/<uuid:public_id>/drafts/<slug:form>/", views.keep, name="escalation_draft"),
    path("escalations/<uuid:public_id>/preview/", views.preview, name="escalation_preview"),
    path("escalations/<uuid:public_id>/offer/", views.offer, name="escalation_offer"),
    path("escalations/<uuid:public_id>/approve/", approval_views.approve, name="escalation_approve"),
    path("escalations/<uuid:public_id>/return/", approval_views.give_back, name="escalation_return"),
    path("escalations/<uuid:public_id>/refuse/", approval_views.refuse, name="escalation_refuse"),
    path("escalations/<uuid:public_id>/pictures/", approval_views.approve_imagery, name="escalation_imagery"),
    path("escalations/<uuid:public_id>/break-glass/", approval_views.break_glass, name="escalation_glass"),
    path("escalations/<uuid:public_id>/review/", approval_views.review_glass, name="escalation_review"),
    path("escalations/<uuid:public_id>/package/", handling_views.package, name="escalation_package"),
    path("escalations/<uuid:public_id>/fetches/", handling_views.allow_fetches, name="escalation_fetches"),
    path("escalations/<uuid:public_id>/lines/", handling_views.write_line, name="escalation_line"),
    path("escalations/<uuid:public_id>/withdraw/", handling_views.withdraw, name="escalation_withdraw"),
    path("escalations/<uuid:public_id>/close/", handling_views.close, name="escalation_close"),
]
