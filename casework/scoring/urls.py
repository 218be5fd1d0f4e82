from django.urls import path

from . import views

urlpatterns = [
    path("", views.models, name="models"),
    path("assess-again/", views.assess_again, name="models_assess_again"),
    path("<slug:name>/", views.card, name="model_card"),
    path("calibrations/<uuid:public_id>/accept/", views.accept, name="calibration_accept"),
    path("calibrations/<uuid:public_id>/refuse/", views.refuse, name="calibration_refuse"),
    path("calibrations/<uuid:public_id>/retire/", views.retire, name="calibration_retire"),
]
