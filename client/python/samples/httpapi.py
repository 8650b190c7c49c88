"""Serves POST /orders, which places an order once for each Idempotency-Key of a user.

::

    SEMEL_NAMESPACE=shop python httpapi.py --listen 127.0.0.1:8080
    curl -u ada: -H 'Idempotency-Key: "8e03978e"' -H 'Content-Type: application/json' \
        -d '{"item": "book"}' http://127.0.0.1:8080/orders
"""

from __future__ import annotations

import argparse
import base64
import json
import signal
import socket
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import PlainTextResponse

import semel.asgi


class Order(BaseModel):
    """What a user sends. What does not fit is answered with 422, and that is stored, too: it will not get better."""

    item: str = Field(min_length=1)


class PlacedOrder(BaseModel):
    """What the user gets, now and again."""

    order: int
    item: str


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves POST /orders.")
    parser.add_argument("--listen", default="127.0.0.1:8080", help="host:port; port 0 takes any")
    parser.add_argument("--ledger", type=Path, default=Path("orders.txt"), help="the database: a line for each order")
    given = parser.parse_args()
    host, _, port = given.listen.rpartition(":")
    server = uvicorn.Server(uvicorn.Config(make_app(given.ledger), log_level="warning", timeout_graceful_shutdown=30))
    # On SIGTERM uvicorn lets orders on their way end, and then raises the signal again: the program has ended well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with socket.create_server((host, int(port))) as listener:
        print(f"listening on http://{host}:{listener.getsockname()[1]}")
        server.run(sockets=[listener])


def make_app(ledger: Path) -> FastAPI:
    app = FastAPI()
    app.add_middleware(
        semel.asgi.IdempotencyMiddleware,  # its client goes by SEMEL_ADDRESS and SEMEL_NAMESPACE
        scope=user_of,  # or one user could read the response of another
        wait=5,
    )
    # What is added later runs earlier. First who asks, then whether it was done before: replays are for the same user only, too.
    app.add_middleware(BaseHTTPMiddleware, dispatch=authenticate)

    @app.post("/orders", status_code=201)
    @semel.asgi.required
    async def place_order(order: Order, request: Request, response: Response) -> PlacedOrder:
        attempt = semel.asgi.current_attempt(request.scope)
        assert attempt is not None, "with `required` there always is one"
        try:
            append_line(ledger, f"order {json.dumps(order.item)} token {attempt.token}")
        except OSError as error:
            raise HTTPException(500, "no paper") from error  # not stored: the next try runs again
        response.headers["Location"] = f"/orders/{attempt.token}"
        return PlacedOrder(order=attempt.token, item=order.item)

    return app


async def authenticate(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """A real service would check the password, or a token."""
    if user_of(request.scope) == [""]:
        return PlainTextResponse("who are you?", 401, {"WWW-Authenticate": "Basic"})
    return await call_next(request)


def user_of(scope: MutableMapping[str, Any]) -> list[str]:
    _, _, credentials = Headers(scope=scope).get("Authorization", "").partition(" ")
    user, _, _ = base64.b64decode(credentials).decode().partition(":")
    return [user]


def append_line(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
