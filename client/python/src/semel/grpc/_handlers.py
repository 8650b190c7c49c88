"""Handlers of gRPC, made of other ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from semel.grpc._answers import Refused, refused

_FACTORIES = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def is_unary(handler: Any) -> bool:
    """One request, one response."""
    return not handler.request_streaming and not handler.response_streaming


def streaming(method: str) -> Refused:
    """What callers of streaming methods get who send a key."""
    return refused(
        "STREAMING",
        grpc.StatusCode.UNIMPLEMENTED,
        f"{method} streams: keys only go with one request and one response",
    )


def refusing(handler: Any, behavior: Callable[[Any, Any], Any]) -> Any:
    """A handler of the same kind, with another behaviour."""
    factory = _FACTORIES[(handler.request_streaming, handler.response_streaming)]
    return factory(behavior, handler.request_deserializer, handler.response_serializer)


def answering(handler: Any, behavior: Callable[[Any, Any], Any]) -> Any:
    """A unary handler whose behaviour returns serialized responses."""
    return grpc.unary_unary_rpc_method_handler(behavior, handler.request_deserializer, None)
