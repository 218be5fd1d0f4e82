from django.urls import path

from . import views

urlpatterns = [
    path("", views.search, name="log"),
    path("export/", views.export, name="log_export"),
    path("checkpoint/", views.checkpoint, name="log_checkpoint"),
    path("<uuid:public_id>/", views.entry, name="log_entry"),
]
