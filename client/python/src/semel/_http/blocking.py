"""One request with a key, in blocking frameworks."""

from __future__ import annotations

from semel import _adapters
from semel import _errors as errors
from semel._http import making, problems
from semel._http.fates import (
    Fate,
    Keyed,
    fate_of,
    log_not_recorded,
    log_streaming,
    log_unanswered,
    of_stream,
    replay,
)
from semel._http.responses import NOT_RECORDED, Headers, Response
from semel._outcomes import Result
from semel._sync.attempt import OpenAttempt
from semel._sync.client import Client


class Exchange:
    """Used once, by one thread: begin(), and where that answers None, the handler and then one of the others."""

    def __init__(self, client: Client, keyed: Keyed) -> None:
        self._keyed = keyed
        self._on_error = _adapters.error_policy(keyed.policy.on_error, client.on_error, making.rule)
        self._block = client.attempt(keyed.key, **keyed.begin_options(self._on_error))
        self._attempt: OpenAttempt | None = None

    @property
    def attempt(self) -> OpenAttempt:
        """Of the handler that is to run."""
        assert self._attempt is not None, "begin() has not said so"
        return self._attempt

    def begin(self) -> Response | None:
        """What goes out instead of the handler's response; None: call the handler."""
        try:
            self._attempt = self._block.__enter__()
        except errors.AlreadyDone as done:
            return replay(done.outcome)
        except (errors.NotRun, errors.CallError) as error:
            return problems.refusal(error).response()
        return None

    def answered(self, response: Response, error: BaseException | None = None) -> Headers:
        """The handler ran and this is to go out, with the headers that are returned.

        `error`: of the handler, where the framework made the response of it.
        """
        return self._end(self._fate(response, error))

    def streamed(self, status: int, headers: Headers, error: BaseException | None = None) -> Response:
        """The handler returned a body that is made only while it is sent; this goes out instead."""
        log_streaming(self._keyed.key)
        fate = self._fate(Response(status, headers, b""), error)
        added = self._end(of_stream(fate))
        instead = problems.streaming().response()
        return Response(instead.status, (*instead.headers, *added), instead.body)

    def unanswered(self, error: BaseException) -> Headers:
        """The handler returned, and this came up when a response was made of it: its effect is done, without a response.

        The headers that are returned are for what goes out instead.
        """
        log_unanswered(self._keyed.key, error)
        return self._end(Result(omitted=True))

    def raised(self, error: BaseException) -> None:
        """The handler raised this, and somebody else makes a response of it."""
        self._leave(error)

    def _fate(self, response: Response, error: BaseException | None = None) -> Fate:
        try:
            return fate_of(self._keyed, response, error, self.attempt, self._on_error)
        except Exception:  # of the caller's store_status
            self._leave(errors.Unknown())
            raise

    def _end(self, fate: Fate) -> Headers:
        if not isinstance(fate, Result):
            self._leave(fate)
            return () if self.attempt.recorded else (NOT_RECORDED,)
        try:
            self.attempt.complete(fate)
        except errors.SemelError as error:
            log_not_recorded(self._keyed.key, error)
            self._leave(errors.Unknown())  # whatever was wrong with the report, the effect has happened
            return (NOT_RECORDED,)
        self._leave(None)
        return ()

    def _leave(self, error: BaseException | None) -> None:
        if error is None:
            self._block.__exit__(None, None, None)
        else:
            self._block.__exit__(type(error), error, error.__traceback__)
