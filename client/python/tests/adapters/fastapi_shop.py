"""The shop in FastAPI."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

import semel.aio
import semel.asgi
from adapters.shop import Answer, Shop


def app_of(shop: Shop, connect: dict[str, Any], **options: Any) -> FastAPI:
    """Annotations of its endpoints are text in this module: FastAPI has to find their names through the marks."""

    async def view(name: str, request: Request) -> Response:
        attempt = semel.asgi.current_attempt(request.scope)
        if name in shop.declares_effects:
            assert attempt is not None
            await attempt.checkpoint(b"", effects_began=True)
        answer: Answer = await anyio.to_thread.run_sync(shop.serve, name, attempt, await request.body())
        if answer.streamed:
            return StreamingResponse(iter([answer.body]), answer.status, answer.headers, answer.content_type)
        response = Response(answer.body, answer.status, answer.headers, answer.content_type)
        response.set_cookie("session", name)
        return response

    def plain(name: str, request: Request) -> Response:
        shop.serve(name, semel.asgi.current_attempt(request.scope), b"")
        return Response(b"plain", 202)

    app = FastAPI()
    app.add_middleware(
        semel.asgi.IdempotencyMiddleware,
        client=lambda: semel.aio.Client(**{"namespace": "shop", **connect}),
        **{"scope": _user_of, **options},
    )
    for path, endpoint in (
        ("/orders/{name}", view),
        ("/required/{name}", semel.asgi.required(view)),
        ("/off/{name}", semel.asgi.off(view)),
        ("/plain/{name}", semel.asgi.required(plain)),
    ):
        app.add_api_route(path, endpoint, methods=["POST", "GET"], response_model=None)
    return app


def _user_of(scope: Any) -> list[str]:
    return [value.decode() for name, value in scope["headers"] if name == b"x-user"]
