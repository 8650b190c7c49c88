"""The interceptor of blocking servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import grpc

from semel import _errors as errors
from semel._outcomes import Result
from semel._per_process import per_process
from semel._sync.attempt import OpenAttempt
from semel._sync.client import Client
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
from semel.grpc._watching import Ending, WatchedSync, ending_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

_CODEC = PayloadCodec()


class IdempotencyInterceptor(grpc.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """For grpc.server. Stands below what finds out who calls. Calls without a key pass untouched.

    Args:
        client: a semel.Client, or a function that makes one in each process. Absent: semel.Client(), from SEMEL_ADDRESS
            and SEMEL_NAMESPACE.
        options: see InterceptorOptions.

    Refusals are statuses with google.rpc.ErrorInfo, domain `semel.v1`: KEY_MISSING and KEY_MALFORMED (INVALID_ARGUMENT),
    IN_FLIGHT (ABORTED, with RetryInfo), IN_DOUBT, EXPIRED and FINGERPRINT_MISMATCH (FAILED_PRECONDITION), UNAVAILABLE (the
    method was not called), FAILED, REFUSED, RESPONSE_NOT_KEPT (DATA_LOSS), STREAMING (UNIMPLEMENTED). Raises
    ConfigurationError and TypeError for options that cannot be meant.
    """

    def __init__(self, client: Client | Callable[[], Client] = Client, **options: Unpack[InterceptorOptions]) -> None:
        self._clients = per_process(client, Client)
        self._policy = policy_of(options)

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Called by gRPC for each call, before its message is read."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method
        metadata = tuple((name, value) for name, value in handler_call_details.invocation_metadata or ())
        key = metadata_key_of(self._policy, method, metadata)
        if handler is None or key is None:
            return handler
        if not isinstance(key, Refused) and not is_unary(handler):
            key = streaming(method)
        if isinstance(key, Refused):
            refused = key
            return refusing(handler, lambda request, context: _send(context, refused))
        return answering(handler, self._behavior(handler, method, metadata, key))

    def _behavior(
        self, handler: Any, method: str, metadata: Sequence[tuple[str, Any]], key: str
    ) -> Callable[[Any, Any], bytes]:
        def behavior(request: Any, context: Any) -> bytes:
            call = KeyedCall(method, metadata, request)
            client = self._clients.get()
            asked = asked_of(self._policy, call, key, client.on_error)
            if isinstance(asked, Refused):
                return _send(context, asked)
            in_semel, options = asked
            block = client.attempt(in_semel, codec=_CODEC, **options)
            try:
                attempt = block.__enter__()
            except errors.AlreadyDone as done:
                return _send(context, replay(done.outcome))
            except (errors.NotRun, errors.CallError) as error:
                return _send(context, refusal(error))
            return self._run(handler, request, context, attempt, block)

        return behavior

    def _run(
        self,
        handler: Any,
        request: Any,
        context: Any,
        attempt: OpenAttempt,
        block: AbstractContextManager[OpenAttempt],
    ) -> bytes:
        watched = WatchedSync(context)
        forget = set_attempt(attempt)
        response = None
        try:
            response = handler.unary_unary(request, watched)
        except BaseException as error:
            if watched.aborted is None:
                block.__exit__(type(error), error, error.__traceback__)
                if not attempt.recorded:
                    context.set_trailing_metadata((*watched.status().trailing, *NOT_RECORDED))
                raise
        finally:
            forget()
        try:
            ending = ending_of(self._policy, watched, response, handler.response_serializer, attempt)
        except Exception:  # of the caller's store_status
            _leave(block, errors.Unknown())
            raise
        return _answer(context, watched, ending, _record(block, attempt, ending))


def _record(block: AbstractContextManager[OpenAttempt], attempt: OpenAttempt, ending: Ending) -> Metadata:
    """Answers what is to be added to the trailing metadata."""
    if not isinstance(ending.fate, Result):
        _leave(block, ending.fate)
        return () if attempt.recorded else NOT_RECORDED
    try:
        attempt.complete(ending.fate)
    except errors.SemelError as error:
        log_not_recorded(attempt.key, error)
        _leave(block, errors.Unknown())  # whatever was wrong with the report, the effect has happened
        return NOT_RECORDED
    block.__exit__(None, None, None)
    return ()


def _leave(block: AbstractContextManager[OpenAttempt], verdict: errors.Verdict) -> None:
    block.__exit__(type(verdict), verdict, None)


def _answer(context: Any, watched: WatchedSync, ending: Ending, added: Metadata) -> bytes:
    status = watched.status()
    if added or watched.aborted is not None:
        context.set_trailing_metadata((*status.trailing, *added))
    if watched.aborted is not None:
        context.abort(status.code, status.message)
    if ending.broken is not None:
        raise ending.broken
    return ending.response


def _send(context: Any, answer: Refused | Replayed) -> bytes:
    if isinstance(answer, Replayed):
        context.set_trailing_metadata(REPLAYED)
        return answer.response
    context.set_trailing_metadata(answer.trailing)
    context.abort(answer.code, answer.message)
    raise AssertionError("abort() raises")
