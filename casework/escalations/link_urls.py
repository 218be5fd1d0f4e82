"""Secure links: ``/link/…`` for whoever has one, and the desk's form that makes one."""

from django.urls import path

from . import link_views as views

urlpatterns = [
    path("link/here/", views.page, name="link_page"),
    path("link/here/package/", views.package, name="link_package"),
    path("link/here/stamp/", views.stamp, name="link_stamp"),
    path("link/here/acknowledge/", views.acknowledge, name="link_acknowledge"),
    path("link/here/line/", views.line, name="link_line"),
    path("link/here/answer/", views.answer, name="link_answer"),
    path("link/here/decline/", views.decline, name="link_decline"),
    path("link/here/close/", views.close, name="link_close"),
    path("link/<str:token>/", views.open_link, name="link_open"),
    path("escalations/<uuid:public_id>/link/", views.new, name="escalation_link_new"),
    path("escalations/links/<uuid:public_id>/revoke/", views.revoke, name="escalation_link_revoke"),
]
