"""One request with a key, in asyncio."""

from __future__ import annotations

from semel import _adapters
from semel import _errors as errors
from semel._aio.attempt import OpenAttempt
from semel._aio.client import Client
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
from semel._http.responses import NOT_RECORDED, Headers, Response, without_body
from semel._outcomes import Result


class Exchange:
    """Used once, by one task: begin(), and where that answers None, the handler and then one of the others.

    The work of an attempt whose lease is lost is cancelled; raised() then raises LeaseLost instead.
    """

    def __init__(self, client: Client, keyed: Keyed) -> None:
        self._keyed = keyed
        self._on_error = _adapters.error_policy(keyed.policy.on_error, client.on_error, making.rule)
        self._block = client.attempt(keyed.key, **keyed.begin_options(self._on_error))
        self._attempt: OpenAttempt | None = None
        self._left = False

    @property
    def attempt(self) -> OpenAttempt:
        """Of the handler that is to run."""
        assert self._attempt is not None, "begin() has not said so"
        return self._attempt

    @property
    def left(self) -> bool:
        """What became of the handler is said."""
        return self._left

    async def begin(self) -> Response | None:
        """What goes out instead of the handler's response; None: call the handler."""
        try:
            self._attempt = await self._block.__aenter__()
        except errors.AlreadyDone as done:
            return replay(done.outcome)
        except (errors.NotRun, errors.CallError) as error:
            return problems.refusal(error).response()
        return None

    async def answered(self, response: Response, error: BaseException | None = None) -> Headers:
        """The handler ran and this is to go out, with the headers that are returned.

        `error`: of the handler, where the framework made the response of it.
        """
        return await self._end(await self._fate(response, error))

    async def too_large(self, status: int, headers: Headers, error: BaseException | None = None) -> Headers:
        """The handler ran, and its body is larger than what is held in memory: it goes out, but is not stored."""
        fate = await self._fate(Response(status, headers, b""), error)
        return await self._end(without_body(fate) if isinstance(fate, Result) else fate)

    async def streamed(self, status: int, headers: Headers, error: BaseException | None = None) -> Response:
        """The handler returned a body that is made only while it is sent; this goes out instead."""
        log_streaming(self._keyed.key)
        fate = await self._fate(Response(status, headers, b""), error)
        added = await self._end(of_stream(fate))
        instead = problems.streaming().response()
        return Response(instead.status, (*instead.headers, *added), instead.body)

    async def unanswered(self, error: BaseException) -> Headers:
        """The handler returned, and this came up when a response was made of it: its effect is done, without a response.

        The headers that are returned are for what goes out instead.
        """
        log_unanswered(self._keyed.key, error)
        return await self._end(Result(omitted=True))

    async def raised(self, error: BaseException) -> None:
        """The handler raised this, and somebody else makes a response of it. Raises LeaseLost where that was the cause."""
        await self._leave(error)

    async def _fate(self, response: Response, error: BaseException | None) -> Fate:
        try:
            return fate_of(self._keyed, response, error, self.attempt, self._on_error)
        except Exception:  # of the caller's store_status
            await self._leave(errors.Unknown())
            raise

    async def _end(self, fate: Fate) -> Headers:
        if not isinstance(fate, Result):
            await self._leave(fate)
            return () if self.attempt.recorded else (NOT_RECORDED,)
        try:
            await self.attempt.complete(fate)
        except errors.SemelError as error:
            log_not_recorded(self._keyed.key, error)
            await self._leave(errors.Unknown())  # whatever was wrong with the report, the effect has happened
            return (NOT_RECORDED,)
        await self._leave(None)
        return ()

    async def _leave(self, error: BaseException | None) -> None:
        self._left = True
        if error is None:
            await self._block.__aexit__(None, None, None)
        else:
            await self._block.__aexit__(type(error), error, error.__traceback__)
