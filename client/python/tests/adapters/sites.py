"""The same shop, served by each framework's own server, over a socket.

/orders/NAME takes keys, /required/NAME requires them, /off/NAME ignores them.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import semel
from adapters.shop import Shop
from semeld import PATIENCE

Connect = dict[str, Any]
"""Options of the client, with its address."""

Site = Callable[..., AbstractContextManager[str]]
"""From shop, connect and the adapter's options to the address that it is served on."""


def _client(connect: Connect) -> semel.Client:
    return semel.Client(**{"namespace": "shop", **connect})


@contextmanager
def served_by(server: Any) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "{}:{}".format(*server.server_address[:2])
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


def serving(app: Any) -> AbstractContextManager[str]:
    """A WSGI application, by the server of Werkzeug, with threads."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # else the server does not read chunks

        def log(self, *args: Any) -> None:
            pass

    return served_by(make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet))


# ---- Flask ---------------------------------------------------------------------------------------------------------------


@contextmanager
def flask_site(shop: Shop, connect: Connect, **options: Any) -> Iterator[str]:
    import flask

    import semel.flask

    app = flask.Flask(__name__)
    with _client(connect) as client:
        scope = options.pop("scope", lambda request: _user(request.headers.get("X-User")))
        idempotency = semel.flask.Idempotency(app, client, scope=scope, **options)

        def view(name: str) -> flask.Response:
            attempt = semel.flask.current_attempt()
            if name in shop.declares_effects:
                assert attempt is not None
                attempt.checkpoint(b"", effects_began=True)
            answer = shop.serve(name, attempt, flask.request.get_data())
            body: Any = iter([answer.body]) if answer.streamed else answer.body
            response = flask.Response(body, answer.status, answer.headers, content_type=answer.content_type)
            response.set_cookie("session", name)
            return response

        methods = ["POST", "GET"]
        app.add_url_rule("/orders/<name>", "orders", idempotency.optional(view), methods=methods)
        app.add_url_rule("/required/<name>", "required", idempotency.required(view), methods=methods)
        app.add_url_rule("/off/<name>", "off", view, methods=methods)
        with serving(app) as address:
            yield address


def _user(name: str | None) -> list[str]:
    return [name] if name else []


# ---- Django --------------------------------------------------------------------------------------------------------------


@contextmanager
def django_site(shop: Shop, connect: Connect, **options: Any) -> Iterator[str]:
    from adapters.django_shop import served

    with _client(connect) as client:
        scope = options.pop("scope", lambda request: _user(request.headers.get("X-User")))
        with served_by(served(shop, {"client": lambda: client, "scope": scope, **options})) as address:
            yield address


# ---- FastAPI -------------------------------------------------------------------------------------------------------------


@contextmanager
def asgi_site(shop: Shop, connect: Connect, **options: Any) -> Iterator[str]:
    from adapters.fastapi_shop import app_of

    with serving_asgi(app_of(shop, connect, **options)) as address:
        yield address


@contextmanager
def serving_asgi(app: Any) -> Iterator[str]:
    """By uvicorn, with its lifespan."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    server = Server(uvicorn.Config(app, log_level="critical", lifespan="on", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert started.wait(PATIENCE)
        yield "{}:{}".format(*listener.getsockname())
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()


SITES: dict[str, Site] = {"flask": flask_site, "django": django_site, "asgi": asgi_site}
