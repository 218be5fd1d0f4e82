"""What reporters reach from their status page, and the layer of reports may not import."""

from django.urls import path

from . import reporter_views as views

urlpatterns = [path("status/paper/", views.paper, name="status_paper")]
