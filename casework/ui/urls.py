from django.urls import path

from . import views

urlpatterns = [
    path("styleguide/", views.styleguide, name="styleguide"),
    path("styleguide/<slug:page>/", views.styleguide, name="styleguide_page"),
    path("theme/", views.theme, name="theme"),
]
