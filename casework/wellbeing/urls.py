from django.urls import path

from . import views

urlpatterns = [
    path("me/exposure/", views.own, name="meter"),
    path("me/exposure/break/", views.take_break, name="take_break"),
]
