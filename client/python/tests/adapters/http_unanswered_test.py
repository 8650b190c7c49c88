"""Handlers that return what no response can be made of: their effect has happened."""

from __future__ import annotations

import uuid
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import flask
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.template.response import TemplateResponse
from django.test import override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from rest_framework.views import APIView
from starlette.responses import JSONResponse

import semel
import semel.aio
import semel.asgi
import semel.django
import semel.flask
from adapters.calls import request
from adapters.django_shop import _Quiet, _Server
from adapters.sites import served_by, serving, serving_asgi
from semeld import Semeld

OMITTED = "response-not-kept"
OPEN = "in-flight"
effects: list[str] = []
unawaited: list[Coroutine[Any, Any, None]] = []


@contextmanager
def flask_site(client: semel.Client, address: str, prefix: str) -> Iterator[str]:
    app = flask.Flask(__name__)
    idempotency = semel.flask.Idempotency(app, client, prefix=prefix)
    returned: dict[str, Any] = {"object": {"a": object()}, "nothing": None}

    async def never_begun() -> str:
        raise AssertionError("nobody awaits it")

    @app.post("/<what>")
    @idempotency.required
    def view(what: str) -> Any:
        effects.append(what)
        if what == "coroutine":
            return never_begun()
        return returned[what] if what in returned else flask.jsonify(object())

    with serving(app) as served:
        yield served


class _Broken:
    def render(self, *_: Any) -> str:
        raise LookupError("no such variable")


def django_view(request: HttpRequest, what: str) -> Any:
    effects.append(what)
    if what == "nothing":
        return None
    if what == "template":
        return TemplateResponse(request, _Broken())
    return JsonResponse({"a": object()})


class Nothing(APIView):  # type: ignore[misc, unused-ignore]
    authentication_classes = permission_classes = ()

    def post(self, request: Any) -> None:
        effects.append("rest")


async def never_begun() -> None:
    raise AssertionError("nobody awaits it")


def forgetful_view(request: HttpRequest) -> Any:
    effects.append("coroutine")
    unawaited.append(never_begun())
    return unawaited[-1]


urlpatterns = [path("coroutine", forgetful_view), path("rest", Nothing.as_view()), path("<what>", django_view)]


@contextmanager
def django_site(client: semel.Client, address: str, prefix: str) -> Iterator[str]:
    with override_settings(
        SEMEL_IDEMPOTENCY={"client": lambda: client, "prefix": prefix},
        MIDDLEWARE=["semel.django.IdempotencyMiddleware"],
        ROOT_URLCONF=__name__,
    ):
        server = _Server(("127.0.0.1", 0), _Quiet)
        server.set_app(WSGIHandler())
        with served_by(server) as served:
            yield served


def taking_back() -> Iterator[None]:
    yield


@contextmanager
def asgi_site(client: semel.Client, address: str, prefix: str) -> Iterator[str]:
    app = FastAPI()
    app.add_middleware(
        semel.asgi.IdempotencyMiddleware, client=lambda: semel.aio.Client(address, namespace="shop"), prefix=prefix
    )

    async def model() -> Any:
        effects.append("model")
        return {"a": "not a number"}

    def decimal() -> Any:
        effects.append("decimal")
        return JSONResponse({"cents": Decimal(5)})

    async def awaited() -> dict[str, int]:
        raise AssertionError("nobody awaits it")

    def coroutine() -> Any:
        effects.append("coroutine")
        return awaited()

    app.add_api_route("/coroutine", semel.asgi.required(coroutine), methods=["POST"])
    post = {"methods": ["POST"], "response_model": dict[str, int]}
    app.add_api_route("/model", semel.asgi.required(model), **post)  # type: ignore[arg-type]
    app.add_api_route("/unmarked", model, **post)  # type: ignore[arg-type]
    app.add_api_route("/taken-back", semel.asgi.required(model), dependencies=[Depends(taking_back)], **post)  # type: ignore[arg-type]
    app.add_api_route("/decimal", semel.asgi.required(decimal), methods=["POST"])
    with serving_asgi(app) as served:
        yield served


@pytest.mark.parametrize(
    ("site", "what", "again"),
    [
        (flask_site, "object", OMITTED),
        (flask_site, "nothing", OMITTED),
        (flask_site, "inside", OPEN),
        (flask_site, "coroutine", OPEN),
        (django_site, "nothing", OMITTED),
        (django_site, "template", OMITTED),
        (django_site, "inside", OPEN),
        (django_site, "coroutine", OPEN),
        (django_site, "rest", OMITTED),
        (asgi_site, "model", OMITTED),
        (asgi_site, "coroutine", OPEN),
        (asgi_site, "unmarked", OPEN),
        (asgi_site, "taken-back", OPEN),
        (asgi_site, "decimal", OPEN),
    ],
)
def test_what_returned_is_not_run_again(
    server: Semeld, client: semel.Client, site: Any, what: str, again: str, caplog: pytest.LogCaptureFixture
) -> None:
    effects.clear()
    with site(client, server.address, uuid.uuid4().hex) as address:
        assert request(address, f"/{what}", key="k1").status == 500
        assert request(address, f"/{what}", key="k1").problem == again
    while unawaited:
        unawaited.pop().close()  # or Python warns of it
    assert len(effects) == 1
    assert ("recorded without one" in caplog.text) == (again == OMITTED)
