from django.urls import path

from . import views

urlpatterns = [
    path("", views.partners, name="partners"),
    path("new/", views.create, name="partner_create"),
    path("<uuid:public_id>/", views.partner, name="partner"),
    path("<uuid:public_id>/change/", views.change, name="partner_change"),
    path("<uuid:public_id>/suspend/", views.suspend, name="partner_suspend"),
    path("<uuid:public_id>/resume/", views.resume, name="partner_resume"),
    path("<uuid:public_id>/contacts/new/", views.contact_add, name="partner_contact_add"),
    path("<uuid:public_id>/keys/new/", views.key_add, name="partner_key_add"),
    path("contacts/<uuid:public_id>/change/", views.contact_change, name="partner_contact_change"),
    path("contacts/<uuid:public_id>/end/", views.contact_end, name="partner_contact_end"),
    path("keys/<uuid:public_id>/", views.key, name="partner_key"),
    path("keys/<uuid:public_id>/verify/", views.key_verify, name="partner_key_verify"),
    path("keys/<uuid:public_id>/revoke/", views.key_revoke, name="partner_key_revoke"),
    path("changes/<uuid:public_id>/", views.proposal, name="partner_proposal"),
    path("changes/<uuid:public_id>/agree/", views.agree, name="partner_proposal_agree"),
    path("changes/<uuid:public_id>/withdraw/", views.withdraw, name="partner_proposal_withdraw"),
    path("changes/<uuid:public_id>/refuse/", views.refuse, name="partner_proposal_refuse"),
]
