"""The shop in Django, and in Django REST framework. conftest.py has configured Django by now."""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

import semel.django
from adapters.shop import Shop

MIDDLEWARE = ["semel.django.IdempotencyMiddleware"]

_shops: list[Shop] = []
"""The one that is served at the moment: urls of Django are a module's."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


class _Server(ThreadedWSGIServer):
    request_queue_size = 128  # Django's ten are fewer than the connections that come at once, and the rest is reset


def served(shop: Shop, setting: dict[str, Any], middleware: list[str] | None = None) -> ThreadedWSGIServer:
    """A server of Django's own, with threads, on a free port."""
    _shops[:] = [shop]
    with override_settings(SEMEL_IDEMPOTENCY=setting, MIDDLEWARE=MIDDLEWARE if middleware is None else middleware):
        handler = WSGIHandler()  # middlewares read their settings here
    server = _Server(("127.0.0.1", 0), _Quiet)
    server.set_app(handler)
    return server


def view(request: HttpRequest, name: str) -> Any:
    shop = _shops[0]
    attempt = semel.django.current_attempt(request)
    if name in shop.declares_effects:
        assert attempt is not None
        attempt.checkpoint(b"", effects_began=True)
    answer = shop.serve(name, attempt, request.body)
    if answer.streamed:
        return StreamingHttpResponse(iter([answer.body]), status=answer.status, content_type=answer.content_type)
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
    for header, value in answer.headers.items():
        response[header] = value
    response.set_cookie("session", name)
    return response


def missing(request: HttpRequest, name: str) -> HttpResponse:
    _shops[0].serve(name, semel.django.current_attempt(request), request.body)
    raise Http404(name)


async def view_async(request: HttpRequest, name: str) -> HttpResponse:
    _shops[0].serve(name, semel.django.current_attempt(request), request.body)
    return HttpResponse(b"async", status=202)


RAISED = {-1: TimeoutError("the bank did not answer"), -2: semel.Final("STOLEN"), -3: ValueError("less than nothing")}


class Orders(ViewSet):
    def list(self, request: Request, name: str) -> Response:
        return Response([])

    @semel.django.required
    def create(self, request: Request, name: str) -> Response:
        attempt = semel.django.current_attempt(request)
        assert attempt is not None
        _shops[0].serve(name, attempt, request.body)
        if request.data.get("amount") == 0:
            raise ValidationError({"amount": "nothing to pay"})
        if request.data.get("amount") in RAISED:
            raise RAISED[request.data["amount"]]
        return Response({"token": attempt.token, "amount": request.data["amount"]}, status=201)


class Refunds(APIView):
    @semel.django.required
    def post(self, request: Request, name: str) -> Response:
        _shops[0].serve(name, semel.django.current_attempt(request), b"")
        return Response({"refunded": request.data["amount"]})


@semel.django.required
@api_view(["POST"])
def capture(request: Request, name: str) -> Response:
    _shops[0].serve(name, semel.django.current_attempt(request), b"")
    return Response({"captured": True})


urlpatterns = [
    path("orders/<name>", view),
    path("required/<name>", semel.django.required(view)),
    path("off/<name>", semel.django.off(view)),
    path("missing/<name>", missing),
    path("async/<name>", semel.django.required(view_async)),
    path("drf/orders/<name>", Orders.as_view({"post": "create", "get": "list"})),
    path("drf/refunds/<name>", Refunds.as_view()),
    path("drf/capture/<name>", capture),
]
