from django.urls import path

from . import tip_views

urlpatterns = [
    path("escalations/<uuid:public_id>/tip/", tip_views.tip, name="escalation_tip"),
    path("escalations/<uuid:public_id>/tip/describe/", tip_views.describe, name="escalation_tip_describe"),
    path("escalations/<uuid:public_id>/tip/xml/", tip_views.xml, name="escalation_tip_xml"),
    path("escalations/<uuid:public_id>/tip/again/", tip_views.again, name="escalation_tip_again"),
]
