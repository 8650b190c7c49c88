"""Idempotency keys for servers of gRPC: calls that carry the metadata `idempotency-key` are carried out once.

::

    interceptor = semel.grpc.IdempotencyInterceptor(client, required={"/bank.v1.Payments/Pay"},
                                                    scope=lambda call: [user_of(call.metadata)])
    server = grpc.server(ThreadPoolExecutor(), interceptors=[authentication, interceptor])

The first call with a key runs the method; all others with that key, now or tomorrow, get its stored response or status, with
the trailing metadata `idempotency-replayed: true`. For grpc.aio: AioIdempotencyInterceptor, with a semel.aio.Client.
"""

from semel.grpc._aio import AioIdempotencyInterceptor
from semel.grpc._policy import (
    InterceptorOptions,
    KeyedCall,
    StatusPolicy,
    current_attempt,
    default_status_policy,
)
from semel.grpc._sync import IdempotencyInterceptor

__all__ = [
    "AioIdempotencyInterceptor",
    "IdempotencyInterceptor",
    "InterceptorOptions",
    "KeyedCall",
    "StatusPolicy",
    "current_attempt",
    "default_status_policy",
]
