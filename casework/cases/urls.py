from django.urls import path

from . import views

urlpatterns = [
    path("queue/", views.queue, name="queue"),
    path("queue/next/", views.next_case, name="next_case"),
    path("mine/", views.mine, name="mine"),
    path("held/", views.held, name="held"),
    path("approvals/", views.approvals, name="approvals"),
    path("to-confirm/", views.to_confirm, name="to_confirm"),
    path("search/", views.search, name="search"),
    path("cases/<uuid:public_id>/", views.case, name="case"),
    path("cases/<uuid:public_id>/claim/", views.claim, name="case_claim"),
    path("cases/<uuid:public_id>/heartbeat/", views.heartbeat, name="case_heartbeat"),
    path("cases/<uuid:public_id>/release/", views.release, name="case_release"),
    path("cases/<uuid:public_id>/take-over/", views.take_over, name="case_take_over"),
    path("cases/<uuid:public_id>/hold/", views.hold, name="case_hold"),
    path("cases/<uuid:public_id>/skip/", views.skip, name="case_skip"),
    path("cases/<uuid:public_id>/decide/", views.decide, name="case_decide"),
    path("cases/<uuid:public_id>/review/", views.review, name="case_review"),
    path("cases/<uuid:public_id>/effects/<uuid:effect_id>/", views.settle, name="case_settle"),
    path("cases/<uuid:public_id>/notes/", views.note, name="case_note"),
    path("cases/<uuid:public_id>/drafts/<slug:form>/", views.draft, name="case_draft"),
]
