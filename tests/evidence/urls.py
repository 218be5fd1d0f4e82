"""Two addresses for the upload tests: one that takes files, one that does not."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from rest_framework.decorators import api_view, authentication_classes, parser_classes, permission_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from casework.accounts.permissions import open_to_everybody
from casework.evidence.uploads import UploadRefused, accepts_uploads, staged_uploads


@accepts_uploads
@open_to_everybody
def take(request: HttpRequest) -> HttpResponse:
    try:
        uploads = staged_uploads(request)
    except UploadRefused as refused:
        return JsonResponse({"message": refused.message}, status=refused.status)
    fields = {name: request.POST.getlist(name) for name in request.POST}
    return JsonResponse({"files": [upload.remembered() for upload in uploads], "fields": fields})


@open_to_everybody
def take_none(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"fields": sorted(request.POST)})


@accepts_uploads
@open_to_everybody
@api_view(["POST"])
@authentication_classes([])
@permission_classes([AllowAny])
@parser_classes([MultiPartParser])
def take_by_api(request: Request) -> Response:
    return Response({"files": [upload.name for upload in staged_uploads(request)]})


urlpatterns = [
    path("take/", take),
    path("take-none/", take_none),
    path("api-take/", take_by_api),
]
