"""What only Django and Django REST framework do. What they have in common with others: http_test.py."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from rest_framework.response import Response

import semel
import semel.django
from adapters import django_shop
from adapters.calls import WHOLE, request, sent_in_part
from adapters.shop import Shop
from adapters.sites import django_site, served_by
from semeld import PATIENCE, Semeld


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def name() -> str:
    return f"n{uuid.uuid4().hex}"


@pytest.fixture
def address(shop: Shop, server: Semeld) -> Iterator[str]:
    with django_site(shop, {"address": server.address}) as address:
        yield address


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/drf/orders/", 201, None),
        ("/drf/refunds/", 200, b'{"refunded":5}'),
        ("/drf/capture/", 200, b'{"captured":true}'),
        ("/async/", 202, b"async"),
    ],
)
def test_views_of_every_kind(address: str, shop: Shop, name: str, path: str, status: int, body: bytes | None) -> None:
    assert request(address, path + name, body={"amount": 5}).problem == "key-missing"
    first, second = (request(address, path + name, key=name, body={"amount": 5}) for _ in range(2))
    assert (first.status, second.status, second.replayed) == (status, status, True)
    assert first.body == second.body
    assert body is None or first.body == body
    assert shop.effects(name) == 1


def test_a_view_set_marks_its_actions(address: str, name: str) -> None:
    assert request(address, f"/drf/orders/{name}", method="GET").body == b"[]"


def test_exceptions_of_the_rest_framework_are_answers(address: str, shop: Shop, name: str) -> None:
    first, second = (request(address, f"/drf/orders/{name}", key=name, body={"amount": 0}) for _ in range(2))
    assert (first.status, second.status, second.replayed) == (400, 400, True)
    assert first.body == second.body == b'{"amount":"nothing to pay"}'
    assert shop.effects(name) == 1


def handle(error: Exception, context: Any) -> Any:
    """A handler of a program that answers everything."""
    return Response({"handled": str(error)}, status=409)


@pytest.mark.parametrize(("amount", "again"), [(-1, "in-flight"), (-2, "failed"), (-3, None)])
def test_what_a_handler_of_the_rest_framework_answers_does_not_hide_what_was_raised(
    shop: Shop, server: Semeld, name: str, amount: int, again: str | None
) -> None:
    settings: dict[str, Any] = {"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None}
    handler = {"EXCEPTION_HANDLER": "adapters.django_test.handle"}
    with (
        override_settings(REST_FRAMEWORK={**settings, **handler}),
        django_site(shop, {"address": server.address}) as address,
    ):
        first, second = (request(address, f"/drf/orders/{name}", key=name, body={"amount": amount}) for _ in range(2))
    assert first.status == 409
    if again is None:
        assert (second.status, second.replayed) == (409, True)
    else:
        assert second.problem == again
    assert shop.effects(name) == 1


def test_not_found_is_an_answer(address: str, shop: Shop, name: str) -> None:
    first, second = (request(address, f"/missing/{name}", key=name) for _ in range(2))
    assert (first.status, second.status, second.replayed) == (404, 404, True)
    assert shop.effects(name) == 1


def test_csrf_reads_forms_and_the_body_is_compared_all_the_same(shop: Shop, server: Semeld, name: str) -> None:
    middleware = ["django.middleware.csrf.CsrfViewMiddleware", "semel.django.IdempotencyMiddleware"]
    form = "multipart/form-data; boundary=b"
    body = b'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n' + b"t" * 32 + b"\r\n--b--\r\n"
    with semel.Client(server.address, namespace="shop") as client:
        setting = {"client": lambda: client}
        with _serving(shop, setting, middleware[::-1]) as address:
            for replayed in (False, True):
                reply = request(
                    address,
                    f"/orders/{name}",
                    key=name,
                    body=body,
                    content_type=form,
                    headers=[("Cookie", "csrftoken=" + "t" * 32)],
                )
                assert (reply.status, reply.replayed) == (201, replayed)


def test_a_body_that_is_cut_short_is_not_taken_for_a_whole_one(address: str, shop: Shop, name: str) -> None:
    assert sent_in_part(address, f"/orders/{name}", name).problem == "body-incomplete"
    assert shop.effects(name) == 0
    assert request(address, f"/orders/{name}", key=name, body=WHOLE).status == 201
    assert shop.effects(name) == 1


def test_a_mark_without_the_middleware_is_told(shop: Shop, name: str) -> None:
    with _serving(shop, {}, []) as address:
        for path in ("required", "drf/orders", "drf/refunds", "drf/capture", "async"):
            assert request(address, f"/{path}/{name}", key=name, body={"amount": 1}).status == 500
    assert shop.effects(name) == 0
    with pytest.raises(semel.ConfigurationError, match="MIDDLEWARE"):
        semel.django.required(lambda request: None)(RequestFactory().post("/"))


def test_settings_name_functions_and_are_checked(server: Semeld) -> None:
    with override_settings(SEMEL_IDEMPOTENCY={"scope": "adapters.django_test.nobody"}):
        assert semel.django.IdempotencyMiddleware(lambda request: None) is not None
    with override_settings(SEMEL_IDEMPOTENCY={"scopes": nobody}), pytest.raises(TypeError, match="scopes"):
        semel.django.IdempotencyMiddleware(lambda request: None)


def nobody(request: object) -> list[str]:
    return []


def test_under_asgi_it_runs_in_a_thread(shop: Shop, server: Semeld, name: str) -> None:
    with semel.Client(server.address, namespace="shop") as client:
        django_shop._shops[:] = [shop]
        with override_settings(SEMEL_IDEMPOTENCY={"client": lambda: client}):
            handler = ASGIHandler()

        async def call() -> tuple[int, str | None]:
            headers = {"Idempotency-Key": name}
            asked = AsyncRequestFactory().post(
                f"/async/{name}", b"{}", content_type="application/json", headers=headers
            )
            response = await handler.get_response_async(asked)
            return response.status_code, response.headers.get("Idempotency-Replayed")

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(asyncio.run, call()).result(PATIENCE) == (202, None)
            assert pool.submit(asyncio.run, call()).result(PATIENCE) == (202, "true")
    assert shop.effects(name) == 1


def test_under_asgi_a_query_is_read_as_it_came() -> None:
    raw = "q=café".encode()
    asked = ASGIRequest({"method": "POST", "path": "/", "query_string": raw, "headers": []}, io.BytesIO())
    assert semel.django._query(asked) == raw


def _serving(shop: Shop, setting: dict[str, Any], middleware: list[str]) -> AbstractContextManager[str]:
    return served_by(django_shop.served(shop, setting, middleware))
