"""The portal of partners, below ``/portal/``."""

from django.urls import path

from . import portal_views as views

urlpatterns = [
    path("", views.inbox, name="portal"),
    path("second-factor/", views.second_factor, name="portal_second_factor"),
    path("<uuid:public_id>/", views.escalation, name="portal_escalation"),
    path("<uuid:public_id>/claim/", views.claim, name="portal_claim"),
    path("<uuid:public_id>/release/", views.release, name="portal_release"),
    path("<uuid:public_id>/package/", views.package, name="portal_package"),
    path("<uuid:public_id>/stamp/", views.stamp, name="portal_stamp"),
    path("<uuid:public_id>/acknowledge/", views.acknowledge, name="portal_acknowledge"),
    path("<uuid:public_id>/line/", views.line, name="portal_line"),
    path("<uuid:public_id>/answer/", views.answer, name="portal_answer"),
    path("<uuid:public_id>/decline/", views.decline, name="portal_decline"),
]
