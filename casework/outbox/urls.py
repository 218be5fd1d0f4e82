from django.urls import path

from . import views

urlpatterns = [
    path("", views.messages_list, name="outbox"),
    path("messages/<uuid:public_id>/", views.message, name="outbox_message"),
    path("messages/<uuid:public_id>/replay/", views.replay, name="outbox_replay"),
    path("endpoints/", views.endpoints, name="endpoints"),
    path("endpoints/new/", views.create, name="endpoint_create"),
    path("endpoints/<uuid:public_id>/", views.endpoint, name="endpoint"),
    path("endpoints/<uuid:public_id>/change/", views.change, name="endpoint_change"),
    path("endpoints/<uuid:public_id>/switch/", views.switch, name="endpoint_switch"),
    path("endpoints/<uuid:public_id>/secret/", views.rotate, name="endpoint_rotate"),
    path("endpoints/<uuid:public_id>/net/", views.allow_net, name="endpoint_allow_net"),
    path("endpoints/<uuid:public_id>/agree/", views.agree, name="endpoint_agree"),
    path("endpoints/<uuid:public_id>/test/", views.test, name="endpoint_test"),
]
