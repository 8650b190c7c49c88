"""The interceptor of grpc.aio servers."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import grpc

from semel import _errors as errors
from semel._aio.attempt import OpenAttempt
from semel._aio.client import Client
from semel._outcomes import Result
from semel._per_process import per_process
from semel.grpc._answers import (
    NOT_RECORDED,
    REPLAYED,
    Metadata,
    PayloadCodec,
    Refused,
    Replayed,
    log_not_recorded,
    refusal,
    replay,
)
from semel.grpc._handlers import answering, is_unary, refusing, streaming
from semel.grpc._policy import (
    InterceptorOptions,
    KeyedCall,
    asked_of,
    metadata_key_of,
    policy_of,
    set_attempt,
)
from semel.grpc._watching import Ending, WatchedAio, ending_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

_CODEC = PayloadCodec()


class AioIdempotencyInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """For grpc.aio.server. As IdempotencyInterceptor, with a semel.aio.Client; methods are `async def`.

    A method whose lease is lost is cancelled; the call then fails with LeaseLost, as an exception of the method would.
    """

    def __init__(self, client: Client | Callable[[], Client] = Client, **options: Unpack[InterceptorOptions]) -> None:
        self._clients = per_process(client, Client)
        self._policy = policy_of(options)

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Called by gRPC for each call, before its message is read."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        metadata = tuple((name, value) for name, value in handler_call_details.invocation_metadata or ())
        key = metadata_key_of(self._policy, method, metadata)
        if handler is None or key is None:
            return handler
        if not isinstance(key, Refused) and not is_unary(handler):
            key = streaming(method)
        if isinstance(key, Refused):
            return refusing(handler, _refusal(key))
        if not inspect.iscoroutinefunction(handler.unary_unary):
            raise errors.ConfigurationError(
                f"{method} is not async def: it would block the loop under this interceptor"
            )
        return answering(handler, self._behavior(handler, method, metadata, key))

    def _behavior(
        self, handler: Any, method: str, metadata: Sequence[tuple[str, Any]], key: str
    ) -> Callable[[Any, Any], Awaitable[bytes]]:
        async def behavior(request: Any, context: Any) -> bytes:
            call = KeyedCall(method, metadata, request)
            client = self._clients.get()
            asked = asked_of(self._policy, call, key, client.on_error)
            if isinstance(asked, Refused):
                return await _send(context, asked)
            in_semel, options = asked
            block = client.attempt(in_semel, codec=_CODEC, **options)
            try:
                attempt = await block.__aenter__()
            except errors.AlreadyDone as done:
                return await _send(context, replay(done.outcome))
            except (errors.NotRun, errors.CallError) as error:
                return await _send(context, refusal(error))
            return await self._run(handler, request, context, attempt, block)

        return behavior

    async def _run(
        self,
        handler: Any,
        request: Any,
        context: Any,
        attempt: OpenAttempt,
        block: AbstractAsyncContextManager[OpenAttempt],
    ) -> bytes:
        watched = WatchedAio(context)
        forget = set_attempt(attempt)
        response = None
        try:
            response = await handler.unary_unary(request, watched)
        except BaseException as error:
            if watched.aborted is None:
                try:
                    await block.__aexit__(type(error), error, error.__traceback__)
                finally:  # it raises LeaseLost where that was the cause
                    if not attempt.recorded:
                        context.set_trailing_metadata((*watched.status().trailing, *NOT_RECORDED))
                raise
        finally:
            forget()
        try:
            ending = ending_of(self._policy, watched, response, handler.response_serializer, attempt)
        except Exception:  # of the caller's store_status
            await _leave(block, errors.Unknown())
            raise
        return await _answer(context, watched, ending, await _record(block, attempt, ending))


async def _record(block: AbstractAsyncContextManager[OpenAttempt], attempt: OpenAttempt, ending: Ending) -> Metadata:
    """Answers what is to be added to the trailing metadata."""
    if not isinstance(ending.fate, Result):
        await _leave(block, ending.fate)
        return () if attempt.recorded else NOT_RECORDED
    try:
        await attempt.complete(ending.fate)
    except errors.SemelError as error:
        log_not_recorded(attempt.key, error)
        await _leave(block, errors.Unknown())  # whatever was wrong with the report, the effect has happened
        return NOT_RECORDED
    await block.__aexit__(None, None, None)
    return ()


async def _leave(block: AbstractAsyncContextManager[OpenAttempt], verdict: errors.Verdict) -> None:
    await block.__aexit__(type(verdict), verdict, None)


async def _answer(context: Any, watched: WatchedAio, ending: Ending, added: Metadata) -> bytes:
    status = watched.status()
    if added or watched.aborted is not None:
        context.set_trailing_metadata((*status.trailing, *added))
    if watched.aborted is not None:
        await context.abort(status.code, status.message)
    if ending.broken is not None:
        raise ending.broken
    return ending.response


def _refusal(refused: Refused) -> Callable[[Any, Any], Awaitable[bytes]]:
    async def behavior(request: Any, context: Any) -> bytes:
        return await _send(context, refused)

    return behavior


async def _send(context: Any, answer: Refused | Replayed) -> bytes:
    if isinstance(answer, Replayed):
        context.set_trailing_metadata(REPLAYED)
        return answer.response
    context.set_trailing_metadata(answer.trailing)
    await context.abort(answer.code, answer.message)
    raise AssertionError("abort() raises")
