from django.urls import path

from . import views

urlpatterns = [
    path("<uuid:public_id>/exchange/", views.exchange, name="bank_exchange"),
    path("<uuid:public_id>/exchange/connect/", views.connect, name="bank_exchange_connect"),
    path("<uuid:public_id>/exchange/change/", views.change, name="bank_exchange_change"),
    path("<uuid:public_id>/exchange/switch/", views.switch, name="bank_exchange_switch"),
    path("<uuid:public_id>/exchange/run/", views.run, name="bank_exchange_run"),
]
