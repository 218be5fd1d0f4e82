from django.urls import path

from . import bank_views, film_views, outcome_views, views

urlpatterns = [
    path("case/<uuid:public_id>/", views.case_evidence, name="case_evidence"),
    path("case/<uuid:public_id>/offer/", bank_views.offer, name="case_offer"),
    path("banks/<uuid:public_id>/import/", bank_views.import_list, name="bank_import"),
    path("matches/<uuid:public_id>/judge/", bank_views.judge, name="match_judge"),
    path("items/<uuid:public_id>/", views.item, name="evidence_item"),
    path("items/<uuid:public_id>/preview/", views.preview, name="evidence_preview"),
    path("items/<uuid:public_id>/maps/<slug:signal>.png", views.signal_map, name="evidence_map"),
    path("items/<uuid:public_id>/again/", views.examine_again, name="evidence_again"),
    path("items/<uuid:public_id>/verify/", views.verify, name="evidence_verify"),
    path("items/<uuid:public_id>/outcome/", outcome_views.outcome, name="evidence_outcome"),
    path("items/<uuid:public_id>/reveal/", views.reveal, name="reveal"),
    path("reveals/<uuid:public_id>/", views.reveal_stage, name="reveal_stage"),
    path("reveals/<uuid:public_id>/image/", views.reveal_image, name="reveal_image"),
    path("reveals/<uuid:public_id>/extend/", views.reveal_extend, name="reveal_extend"),
    path("reveals/<uuid:public_id>/colour/", views.reveal_colour, name="reveal_colour"),
    path("reveals/<uuid:public_id>/close/", views.reveal_close, name="reveal_close"),
    path("frames/<uuid:public_id>/", film_views.film_frame, name="film_frame"),
    path("frames/<uuid:public_id>/preview/", film_views.frame_preview, name="frame_preview"),
    path("frames/<uuid:public_id>/reveal/", film_views.frame_reveal, name="frame_reveal"),
    path("items/<uuid:public_id>/play/", film_views.play, name="evidence_play"),
    path("playbacks/<uuid:public_id>/", film_views.playback, name="playback"),
    path("playbacks/<uuid:public_id>/open/", film_views.playback_open, name="playback_open"),
    path("reveals/<uuid:public_id>/film/", film_views.reveal_film, name="reveal_film"),
    path("traces/", views.traces, name="evidence_traces"),
    path("traces/<uuid:public_id>/", views.trace, name="evidence_trace"),
]
