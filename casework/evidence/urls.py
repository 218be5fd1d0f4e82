from django.urls import path

from . import views

urlpatterns = [
    path("case/<uuid:public_id>/", views.case_evidence, name="case_evidence"),
    path("items/<uuid:public_id>/", views.item, name="evidence_item"),
    path("items/<uuid:public_id>/preview/", views.preview, name="evidence_preview"),
    path("items/<uuid:public_id>/verify/", views.verify, name="evidence_verify"),
    path("items/<uuid:public_id>/reveal/", views.reveal, name="reveal"),
    path("reveals/<uuid:public_id>/", views.reveal_stage, name="reveal_stage"),
    path("reveals/<uuid:public_id>/image/", views.reveal_image, name="reveal_image"),
    path("reveals/<uuid:public_id>/extend/", views.reveal_extend, name="reveal_extend"),
    path("reveals/<uuid:public_id>/colour/", views.reveal_colour, name="reveal_colour"),
    path("reveals/<uuid:public_id>/close/", views.reveal_close, name="reveal_close"),
]
