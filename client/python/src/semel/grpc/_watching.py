"""The context that a method is given: as gRPC's own, but that it notes an abort, which goes out once it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc

from semel import _errors as errors
from semel._attempts import AttemptFacts
from semel._outcomes import Result
from semel.grpc._answers import Metadata, Refused, response_result, status_result
from semel.grpc._policy import Policy, verdict_of

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class Aborted(grpc.aio.AbortError):  # type: ignore[misc, unused-ignore]
    """What abort() raises in the method, as gRPC's own does."""


class Watched:
    """Everything but abort() is the context's own."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._aborted: Refused | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def _note(self, code: grpc.StatusCode, message: str, trailing: Metadata | None) -> NoReturn:
        if code is grpc.StatusCode.OK:
            code, message = grpc.StatusCode.UNKNOWN, ""  # as gRPC takes it: an abort is no success
        self._aborted = Refused(code, message, self._trailing() if trailing is None else trailing)
        raise Aborted("the method aborted")

    @property
    def aborted(self) -> Refused | None:
        """The status that it aborted with; also where the method did not let the exception through."""
        return self._aborted

    def status(self) -> Refused:
        """What the method ended with: an abort, or what it set."""
        if self._aborted is not None:
            return self._aborted
        code = self._context.code()
        if code is None:
            code = grpc.StatusCode.OK
        message = self._context.details() or ""
        if isinstance(message, bytes):
            message = message.decode("utf-8", "replace")
        return Refused(_CODES.get(code, code), message, self._trailing())

    def _trailing(self) -> Metadata:
        return tuple((name, value) for name, value in self._context.trailing_metadata() or ())


class WatchedSync(Watched):
    """For blocking servers."""

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """As gRPC's."""
        self._note(code, details, None)

    def abort_with_status(self, status: Any) -> NoReturn:
        """As gRPC's."""
        self._note(status.code, status.details, tuple(status.trailing_metadata or ()))


class WatchedAio(Watched):
    """For grpc.aio, whose abort() would send the status at once."""

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()) -> NoReturn:
        """As gRPC's."""
        self._note(code, details, tuple(trailing_metadata) or None)

    async def abort_with_status(self, status: Any) -> NoReturn:
        """As gRPC's."""
        self._note(status.code, status.details, tuple(status.trailing_metadata or ()) or None)


# For methods that ask whether they were given a context.
grpc.ServicerContext.register(WatchedSync)
grpc.aio.ServicerContext.register(WatchedAio)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is to be recorded of a method that ended with a status, and what goes out then."""

    fate: Result | errors.Verdict
    response: bytes = b""
    broken: Exception | None = None
    """The response cannot be serialized: this goes out instead."""


def ending_of(
    policy: Policy,
    watched: Watched,
    response: Any,
    serialize: Callable[[Any], bytes] | None,
    attempt: AttemptFacts,
) -> Ending:
    """Raises what the caller's store_status raises."""
    status = watched.status()
    verdict = verdict_of(policy, status, attempt)
    if verdict is not None:
        return Ending(verdict)
    if status.code is not grpc.StatusCode.OK:
        return Ending(status_result(status.code, status.message, status.trailing))
    try:
        serialized = response if serialize is None else serialize(response)
    except Exception as error:  # noqa: BLE001 - whatever it is, the effect has happened: it must be recorded
        return Ending(Result(omitted=True, attributes=response_result(b"").attributes), broken=error)
    return Ending(response_result(serialized), serialized)
