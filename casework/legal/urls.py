from django.urls import path

from . import hold_views, matter_views, statistics_views, step_views, views

urlpatterns = [
    path("", views.listing, name="legal"),
    path("new/", views.choose_type, name="legal_types"),
    path("new/<slug:type>/", views.enter, name="legal_enter"),
    path("notices/", views.notices, name="legal_notices"),
    path("statistics/", statistics_views.figures, name="legal_statistics"),
    path("statistics/<slug:form>/", statistics_views.figures_file, name="legal_statistics_file"),
    path("holds/<uuid:public_id>/", hold_views.holds, name="legal_holds"),
    path("holds/<uuid:public_id>/place/", hold_views.place, name="legal_hold_place"),
    path("holds/<uuid:public_id>/<uuid:hold_id>/ask/", hold_views.ask, name="legal_hold_ask"),
    path("holds/<uuid:public_id>/<uuid:hold_id>/release/", hold_views.release, name="legal_hold_release"),
    path("<uuid:public_id>/", views.detail, name="legal_request"),
    path("<uuid:public_id>/document/", views.document, name="legal_document"),
    path("<uuid:public_id>/store/", views.store, name="legal_store"),
    path("<uuid:public_id>/check/", step_views.check, name="legal_check"),
    path("<uuid:public_id>/accept/", step_views.accept, name="legal_accept"),
    path("<uuid:public_id>/refuse/", step_views.refuse, name="legal_refuse"),
    path("<uuid:public_id>/reopen/", step_views.reopen, name="legal_reopen"),
    path("<uuid:public_id>/withdraw/", step_views.withdraw, name="legal_withdraw"),
    path("<uuid:public_id>/renew/", step_views.renew, name="legal_renew"),
    path("<uuid:public_id>/process/", step_views.process, name="legal_process"),
    path("<uuid:public_id>/silence/", step_views.silence, name="legal_silence"),
    path("<uuid:public_id>/notified/", step_views.notified, name="legal_notified"),
    path("<uuid:public_id>/partner/", step_views.choose_partner, name="legal_partner"),
    path("<uuid:public_id>/answer/", step_views.answer, name="legal_answer"),
    path("<uuid:public_id>/settle/", step_views.settle, name="legal_settle"),
    path("<uuid:public_id>/close/", step_views.close, name="legal_close"),
    path("<uuid:public_id>/cases/<uuid:case_id>/produce/", matter_views.produce, name="legal_produce"),
    path("<uuid:public_id>/cases/<uuid:case_id>/leave/", matter_views.leave_out, name="legal_leave_out"),
    path("<uuid:public_id>/letters/<slug:kind>/", matter_views.write, name="legal_letter_write"),
    path("<uuid:public_id>/letter/<uuid:letter_id>/", matter_views.letter, name="legal_letter"),
    path(
        "<uuid:public_id>/letter/<uuid:letter_id>/release/", matter_views.release, name="legal_letter_release"
    ),
    path("<uuid:public_id>/letter/<uuid:letter_id>/hand/", matter_views.hand_over, name="legal_letter_hand"),
    path(
        "<uuid:public_id>/letter/<uuid:letter_id>/<slug:form>/",
        matter_views.letter_file,
        name="legal_letter_file",
    ),
]
