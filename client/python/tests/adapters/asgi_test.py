"""What only ASGI does. What it has in common with others: http_test.py."""

from __future__ import annotations

import asyncio
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

import semel
import semel.aio
import semel.asgi
from adapters import calls
from adapters.calls import request
from adapters.shop import Shop
from adapters.sites import SITES, serving_asgi
from semeld import PATIENCE, Semeld


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


class BankSilent(Exception):
    pass


RAISED: dict[str, Exception] = {
    "timeout": TimeoutError("the bank did not answer"),
    "final": semel.Final("STOLEN"),
    "stock": ValueError("no stock"),
    "other": BankSilent(),
    "answer": HTTPException(410),
}


class Site:
    """A Starlette application, and what its endpoints tell the test."""

    def __init__(self, server: Semeld, prefix: str, *, inside: list[Middleware] | None = None, **options: Any) -> None:
        self.effects: list[str] = []
        self.entered = threading.Event()
        self.done = threading.Event()
        self.clients: list[semel.aio.Client] = []

        def make() -> semel.aio.Client:
            self.clients.append(semel.aio.Client(server.address, namespace="shop"))
            return self.clients[-1]

        once = Middleware(semel.asgi.IdempotencyMiddleware, client=make, prefix=prefix, **options)
        raising = (("async", self.raises), ("plain", self.raises_in_thread))
        orders = Mount("/shops/{shop}", routes=[Route("/orders/{order:int}", self.place, methods=["POST"])])
        self.app = Starlette(
            routes=[
                orders,
                Route("/background", self.background, methods=["POST"]),
                Route("/file", self.file, methods=["POST"]),
                Route("/held", self.held, methods=["POST"]),
                Route("/silent", self.silent, methods=["POST"]),
                Route("/marked", semel.asgi.required(wait=1)(self.place), methods=["POST"]),
                *(Route(f"/{kind}/{{what}}", semel.asgi.required(each), methods=["POST"]) for kind, each in raising),
            ],
            exception_handlers=dict.fromkeys((ValueError, TimeoutError, BankSilent, semel.Final), self.handle),
            middleware=[once, *(inside or [])],
        )

    async def place(self, request: Request) -> Response:
        self.effects.append(request.url.path)
        return PlainTextResponse(f"attempt {request.scope['semel.attempt'].number}")

    async def background(self, request: Request) -> Response:
        async def work() -> None:
            self.effects.append("background")
            self.done.set()

        return PlainTextResponse("answered", background=BackgroundTask(work))

    async def file(self, request: Request) -> Response:
        self.effects.append("file")
        return FileResponse(calls.__file__)

    async def held(self, request: Request) -> Response:
        self.effects.append("held")
        self.entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def raises(self, request: Request) -> Response:
        return self.raises_in_thread(request)

    def raises_in_thread(self, request: Request) -> Response:
        what = request.path_params["what"]
        self.effects.append(what)
        raise RAISED[what]

    async def handle(self, request: Request, error: Exception) -> Response:
        return PlainTextResponse("handled", 500 if isinstance(error, ValueError) else 409)

    async def silent(self, request: Request) -> Any:
        async def nothing(scope: Any, receive: Any, send: Any) -> None:
            self.effects.append("silent")

        return nothing


@pytest.fixture
def site(server: Semeld, prefix: str) -> Site:
    return Site(server, prefix)


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    with serving_asgi(site.app) as address:
        yield address


def test_templates_of_mounts_are_part_of_the_key(address: str, client: semel.Client, prefix: str) -> None:
    assert request(address, "/shops/a/orders/17", key='"k1"').body == b"attempt 1"
    key = semel.key_of(prefix, "POST", "/shops/{shop}/orders/{order:int}", "k1")
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Result)
    assert dict(record.outcome.attributes) == {"http.status": "200"}
    assert (record.outcome.payload, record.outcome.content_type) == (b"attempt 1", "text/plain; charset=utf-8")


def test_an_endpoint_may_be_marked_with_options(address: str) -> None:
    assert request(address, "/marked").problem == "key-missing"
    assert request(address, "/marked", key="k1").status == 200


def test_plain_functions_of_fastapi_are_marked_too(server: Semeld, prefix: str) -> None:
    shop = Shop()
    with SITES["asgi"](shop, {"address": server.address}, prefix=prefix) as address:
        assert request(address, "/plain/x").problem == "key-missing"
        replies = [request(address, "/plain/x", key="k1") for _ in range(2)]
    assert [(reply.status, reply.body, reply.replayed) for reply in replies] == [
        (202, b"plain", False),
        (202, b"plain", True),
    ]
    assert shop.effects("x") == 1


@pytest.mark.parametrize("kind", ["async", "plain"])
@pytest.mark.parametrize(
    ("what", "status", "again"),
    [
        ("timeout", 409, "in-flight"),  # not the stored 409: the bank may have paid
        ("final", 409, "failed"),
        ("stock", 500, 500),
        ("other", 409, 409),  # an answer, as the program knows what it means
        ("answer", 410, 410),
    ],
)
@pytest.mark.parametrize("through", ["nothing", "another middleware"])
def test_exception_handlers_do_not_hide_what_was_raised(
    server: Semeld, prefix: str, kind: str, what: str, status: int, again: Any, through: str
) -> None:
    async def passing(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    inside = [Middleware(BaseHTTPMiddleware, dispatch=passing)] if through != "nothing" else []
    site = Site(server, prefix, inside=inside)
    with serving_asgi(site.app) as address:
        first, second = (request(address, f"/{kind}/{what}", key="k1") for _ in range(2))
    assert first.status == status
    if isinstance(again, str):
        assert second.problem == again
    else:
        assert (second.status, second.replayed) == (again, again != 500)
    assert len(site.effects) == (2 if again == 500 else 1)


def test_a_mark_without_the_middleware_is_told() -> None:
    async def place(request: Request) -> Response:
        pytest.fail("it ran")

    app = Starlette(routes=[Route("/", semel.asgi.required(place), methods=["POST"])])
    with serving_asgi(app) as address:
        assert request(address, "/", key="k1").status == 500


def test_a_mark_above_its_route_is_told(server: Semeld, prefix: str) -> None:
    app = FastAPI()
    client = semel.aio.Client(server.address, namespace="shop")
    app.add_middleware(semel.asgi.IdempotencyMiddleware, client=lambda: client, prefix=prefix)

    @semel.asgi.required
    @app.post("/wrong")
    async def wrong() -> None:
        pytest.fail("it ran")

    async def right() -> str:
        return "ran"

    app.post("/bare")(right)
    app.post("/right")(semel.asgi.required(right))
    with serving_asgi(app) as address:
        assert request(address, "/wrong").status == 500
        assert request(address, "/bare").status == 200
        assert request(address, "/right").problem == "key-missing"


def test_background_tasks_run_once_after_the_answer(address: str, site: Site) -> None:
    assert request(address, "/background", key="k1").body == b"answered"
    assert site.done.wait(PATIENCE)
    assert request(address, "/background", key="k1").replayed
    assert site.effects == ["background"]


def test_files_are_whole(address: str, site: Site) -> None:
    first, second = (request(address, "/file", key="k1") for _ in range(2))
    assert (first.body, second.replayed) == (second.body, True)
    assert b"def at_once" in first.body
    assert first.headers["etag"] == second.headers["etag"]


def test_other_middlewares_send_in_parts(server: Semeld, prefix: str) -> None:
    async def passing(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["X-Inside"] = "yes"
        return response

    site = Site(server, prefix, inside=[Middleware(BaseHTTPMiddleware, dispatch=passing)])
    with serving_asgi(site.app) as address:
        first, second = (request(address, "/shops/a/orders/1", key="k1") for _ in range(2))
    assert (first.status, second.status, second.replayed) == (200, 200, True)
    assert (first.body, first.headers["x-inside"]) == (second.body, "yes")
    assert site.effects == ["/shops/a/orders/1"]


def test_an_endpoint_whose_lease_is_lost_is_cancelled(
    site: Site, server: Semeld, client: semel.Client, admin: semel.AdminClient, prefix: str
) -> None:
    site = Site(server, prefix, lease=0.3)
    key = semel.key_of(prefix, "POST", "/held", "k1")
    replies = []
    with serving_asgi(site.app) as address:
        asking = threading.Thread(target=lambda: replies.append(request(address, "/held", key="k1")))
        asking.start()
        assert site.entered.wait(PATIENCE)
        admin.delete_key(key, reason="test", actor="test")
        assert isinstance(client.begin(key, owner="another", lease=60), semel.Acquired)
        asking.join(PATIENCE)
    assert [(reply.status, reply.problem, reply.headers["retry-after"]) for reply in replies] == [
        (503, "not-recorded", "1")
    ]


def test_a_client_that_went_away_is_not_served(address: str, site: Site) -> None:
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        head = f"POST /marked HTTP/1.1\r\nHost: {address}\r\nIdempotency-Key: k1\r\nContent-Length: 10\r\n\r\nhalf"
        connection.sendall(head.encode())
    assert request(address, "/marked", key="k1", body=b"0123456789").body == b"attempt 1"
    assert len(site.effects) == 1


def test_an_application_that_says_nothing_leaves_it_open(address: str, site: Site) -> None:
    assert request(address, "/silent", key="k1").status == 500
    assert request(address, "/silent", key="k1").problem == "in-flight"
    assert site.effects == ["silent"]


def test_its_client_is_made_when_it_is_needed_and_closed_at_the_end(site: Site) -> None:
    with serving_asgi(site.app) as address:
        assert site.clients == []
        for order in range(3):
            assert request(address, f"/shops/a/orders/{order}", key=f"k{order}").status == 200
        assert len(site.clients) == 1
    assert site.clients[0]._connection.closed


async def test_a_client_that_is_given_is_not_closed(aclient: semel.aio.Client) -> None:
    lived = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        lived.append(True)
        yield

    app = semel.asgi.IdempotencyMiddleware(Starlette(lifespan=lifespan), aclient)
    messages: list[Any] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        pass

    await app({"type": "lifespan", "state": {}}, receive, send)
    assert lived
    assert not aclient._connection.closed
