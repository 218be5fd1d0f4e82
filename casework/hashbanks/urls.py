from django.urls import path

from . import views

urlpatterns = [
    path("", views.banks, name="banks"),
    path("new/", views.create, name="bank_create"),
    path("search/", views.search, name="banks_search"),
    path("<uuid:public_id>/", views.bank, name="bank"),
    path("<uuid:public_id>/change/", views.change, name="bank_change"),
    path("<uuid:public_id>/progress/", views.progress, name="bank_progress"),
    path("<uuid:public_id>/export/<str:form>/", views.export, name="bank_export"),
    path("entries/<uuid:public_id>/withdraw/", views.withdraw, name="bank_withdraw"),
]
