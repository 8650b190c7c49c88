"""The client for asyncio."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from semel._aio.attempt import Attempt, OpenAttempt
from semel._aio.calls import ManualCalls
from semel._aio.cancel_on_loss import CancelOnLoss
from semel._aio.once import OnceFunction
from semel._codecs import Codec
from semel._durations import Duration
from semel._error_policy import ErrorPolicy
from semel._errors import AlreadyDone
from semel._functions import check_function, finished
from semel._once import FingerprintOf, KeyOf, Once, once_of
from semel._options import ConnectOptions, Transport, complete
from semel._outcomes import Outcome
from semel._running import Run, RunOptions

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

P = ParamSpec("P")
T = TypeVar("T")


class Client(ManualCalls):
    """A connection to the service, for one namespace unless a call names another. Of one event loop: one serves all its tasks.

    ::

        async with semel.aio.Client("localhost:7420", namespace="shop") as client:
            outcome = await client.run("order/17", lambda attempt: shop.place(order, attempt.token))
            reply(outcome.value, outcome.replayed)

    The address is host:port, or any other target that gRPC understands; absent, the environment's SEMEL_ADDRESS, else
    localhost:7420. The other options: ConnectOptions. Making a client does not wait for the server, which may not be there
    yet; raises ConfigurationError.

    Calls wait until there is an answer or their timeout is over, and retry meanwhile as Retry says. Every call may raise
    InvalidRequest and Unavailable, ClientClosed and ForkedProcess; beyond these, what is named with it. A client does not
    survive a fork, and belongs to the event loop that uses it first: make one for each.
    """

    def __init__(self, address: str | None = None, **options: Unpack[ConnectOptions]) -> None:
        super().__init__(complete(address, options, needs_namespace=True))

    async def close(self) -> None:
        """Closes the connection and ends the task that keeps leases alive.

        Calls that are under way end with ClientClosed; leases that are still held are left to lapse. May be called again.
        """
        await self._connection.close()
        await self._single.close()
        await self._keeper.stop()

    @property
    def transport_in_use(self) -> Transport:
        """How single calls go at this moment: "unary", or "stream"; what ConnectOptions.transport has come to."""
        return self._single.in_use

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def run(
        self,
        key: str,
        fn: Callable[[Attempt], Awaitable[T]],
        *,
        namespace: str | None = None,
        fingerprint: bytes = b"",
        lease: Duration | None = None,
        wait: Duration = 0.0,
        owner: str | None = None,
        retention: Duration | None = None,
        codec: Codec | None = None,
        on_error: ErrorPolicy | None = None,
    ) -> Outcome[T]:
        """Calls `fn` once for the key, ever: all other callers, now or a day later, here or elsewhere, get its result.

        Acquires the key, awaits `fn` in this task with the Attempt, keeps the lease alive until it returns, and records
        what it returned. Done before: answers that, `replayed`, and does not call `fn`.

        Args:
            key: 1 to 255 bytes of printable ASCII; see key_of().
            fn: does the side effect. What it raises reaches the caller as it is, after what it says about the effect was
                recorded: see `on_error`. What it returns is stored by the codec, a semel.Result as it is.
            namespace: instead of the client's.
            fingerprint: binds the key to its content; see fingerprint().
            lease: how long this process may fall silent before another takes over. It is renewed while `fn` runs.
            wait: how long to wait where another owner is at it, up to 1 h. 0: AlreadyRunning at once.
            owner: instead of the client's.
            retention: how long to replay the outcome, 1 ms to the namespace's result_retention_max.
            codec: instead of the client's.
            on_error: instead of the client's: from an exception of `fn` to Retryable, Final, Unknown, Release, or None
                for what default_policy says.

        Raises:
            AlreadyRunning: another owner is at it. `fn` was not called; ask again later.
            EffectFailed: an earlier attempt failed, for good or for now. `fn` was not called.
            EffectInDoubt: somebody has to find out what happened. `fn` was not called.
            ResultExpired: done or failed long ago, and no longer stored. `fn` was not called.
            FingerprintMismatch: the key stands for another request. `fn` was not called.
            LeaseLost: another owner took over while `fn` ran, or may have: it was cancelled. Its outcome is not recorded.
            TypeError: `fn` is a generator function. It was not called.
            NotCompleted: `fn` came to a coroutine, a generator or a future: nothing is reported.
            CallError: with `fn_ran` false: `fn` was not called, the run is safe to repeat. With `fn_ran` true: the effect
                has happened, but is not known to be recorded; a repeated run calls `fn` again, unless the report arrived
                after all.
        """
        check_function(fn, is_async=True)
        given = RunOptions(namespace, fingerprint, lease, wait, owner, retention, codec, on_error)
        run = Run(self._calls, self._keeper, key, given)
        with run.observed():
            owned = await self._connection.perform(run.begin())
            if isinstance(owned, Outcome):
                return owned
            try:
                run.keep(owned)
                with CancelOnLoss(owned.lease) as guard:
                    attempt = Attempt(owned, self._calls, self._connection, guard)
                    value = finished(key, await _awaited(fn(attempt)))
            except BaseException as error:
                await self._connection.perform(run.failed(owned, error))
                raise
            else:
                return await self._connection.perform(run.returned(owned, value))
            finally:
                run.let_go(owned)

    @asynccontextmanager
    async def attempt(
        self,
        key: str,
        *,
        namespace: str | None = None,
        fingerprint: bytes = b"",
        lease: Duration | None = None,
        wait: Duration = 0.0,
        owner: str | None = None,
        retention: Duration | None = None,
        codec: Codec | None = None,
        on_error: ErrorPolicy | None = None,
    ) -> AsyncIterator[OpenAttempt]:
        """As run(), where the work is not one function: a block that ends its attempt itself.

        ::

            try:
                async with client.attempt("order/17") as attempt:
                    await attempt.complete(await shop.place(order, attempt.token))
            except semel.AlreadyDone as done:
                reply(done.outcome.value)

        The block is entered only by who owns the key. Done before raises AlreadyDone, everything else what run() raises.
        An exception that leaves the block is recorded as run() does, unless the attempt was ended before. A block that is
        left without complete(), fail() or release() raises NotCompleted: nothing is reported, as nobody said whether the
        effect happened, and the lease is left to lapse.
        """
        given = RunOptions(namespace, fingerprint, lease, wait, owner, retention, codec, on_error)
        run = Run(self._calls, self._keeper, key, given)
        with run.observed():
            owned = await self._connection.perform(run.begin())
            if isinstance(owned, Outcome):
                raise AlreadyDone(key, owned)
            try:
                run.keep(owned)
                with CancelOnLoss(owned.lease) as guard:
                    yield OpenAttempt(owned, self._calls, self._connection, guard, run)
            except BaseException as error:
                await self._connection.perform(run.failed(owned, error))
                raise
            else:
                run.left(owned)
            finally:
                run.let_go(owned)

    @overload
    def once(
        self,
        key: KeyOf,
        *,
        fingerprint: FingerprintOf | None = None,
        with_attempt: Literal[False] = False,
        namespace: str | None = None,
        lease: Duration | None = None,
        wait: Duration = 0.0,
        owner: str | None = None,
        retention: Duration | None = None,
        codec: Codec | None = None,
        on_error: ErrorPolicy | None = None,
    ) -> Callable[[Callable[P, Awaitable[T]]], OnceFunction[P, T]]: ...

    @overload
    def once(
        self,
        key: KeyOf,
        *,
        fingerprint: FingerprintOf | None = None,
        with_attempt: Literal[True],
        namespace: str | None = None,
        lease: Duration | None = None,
        wait: Duration = 0.0,
        owner: str | None = None,
        retention: Duration | None = None,
        codec: Codec | None = None,
        on_error: ErrorPolicy | None = None,
    ) -> Callable[[Callable[Concatenate[Attempt, P], Awaitable[T]]], OnceFunction[P, T]]: ...

    def once(
        self,
        key: KeyOf,
        *,
        fingerprint: FingerprintOf | None = None,
        with_attempt: bool = False,
        namespace: str | None = None,
        lease: Duration | None = None,
        wait: Duration = 0.0,
        owner: str | None = None,
        retention: Duration | None = None,
        codec: Codec | None = None,
        on_error: ErrorPolicy | None = None,
    ) -> Callable[[Callable[..., Any]], OnceFunction[..., Any]]:
        """A decorator: the function's effect happens once per key.

        ::

            @client.once(key="order/{order_id}", wait=10)
            async def place(order_id: int) -> dict[str, str]: ...

            await place(17)          # runs, and returns what it returned
            await place(17)          # returns the same, does nothing
            await place.outcome(17)  # as run() answers: also whether it was replayed

        Args:
            key: a format over the function's parameters, each field quoted as a part of a key, or a function of the same
                arguments. A field that is empty or None is refused: an id is missing.
            fingerprint: a function of the same arguments that answers the fingerprint of a call.
            with_attempt: the function takes the Attempt as its first argument; callers do not give it. Not for methods.
            namespace, lease, wait, owner, retention, codec, on_error: as run().

        A call raises what run() raises, and ResultOmitted where the effect is done and its result was not kept.
        """
        given = RunOptions(namespace, b"", lease, wait, owner, retention, codec, on_error)

        def decorate(function: Callable[..., Any]) -> OnceFunction[..., Any]:
            once = once_of(function, key, fingerprint, given, with_attempt=with_attempt, is_async=True)
            return OnceFunction(once, self._run_once)

        return decorate

    async def _run_once(self, once: Once, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome[Any]:
        async def fn(attempt: Attempt) -> Any:
            given = (attempt, *args) if once.with_attempt else args
            return await once.function(*given, **kwargs)

        given = once.options
        return await self.run(
            once.key(args, kwargs),
            fn,
            namespace=given.namespace,
            fingerprint=once.fingerprint(args, kwargs),
            lease=given.lease,
            wait=given.wait,
            owner=given.owner,
            retention=given.retention,
            codec=given.codec,
            on_error=given.on_error,
        )


async def _awaited(value: Any) -> Any:
    """What a function that is no coroutine function returned has happened all the same: it must be recorded."""
    return await value if type(value) is CoroutineType or inspect.isawaitable(value) else value
