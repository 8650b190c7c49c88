"""The blocking client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from semel._codecs import Codec
from semel._durations import Duration
from semel._error_policy import ErrorPolicy
from semel._errors import AlreadyDone
from semel._functions import check_function, finished
from semel._once import FingerprintOf, KeyOf, Once, once_of
from semel._options import ConnectOptions, complete
from semel._outcomes import Outcome
from semel._requests import BeginRequest
from semel._running import Run, RunOptions
from semel._sync.attempt import Attempt, OpenAttempt
from semel._sync.batch import OpenBatch
from semel._sync.calls import ManualCalls
from semel._sync.once import OnceFunction

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

P = ParamSpec("P")
T = TypeVar("T")


class Client(ManualCalls):
    """A connection to the service, for one namespace unless a call names another. Thread-safe: one serves all threads.

    ::

        with semel.Client("localhost:7420", namespace="shop") as client:
            outcome = client.run("order/17", lambda attempt: shop.place(order, attempt.token))
            reply(outcome.value, outcome.replayed)

    The address is host:port, or any other target that gRPC understands; absent, the environment's SEMEL_ADDRESS, else
    localhost:7420. The other options: ConnectOptions. Making a client does not wait for the server, which may not be there
    yet; raises ConfigurationError.

    Calls block until there is an answer or their timeout is over, and retry meanwhile as Retry says. Every call may raise
    InvalidRequest and Unavailable, ClientClosed and ForkedProcess; beyond these, what is named with it. A client does not
    survive a fork: make one for each process.
    """

    def __init__(self, address: str | None = None, **options: Unpack[ConnectOptions]) -> None:
        super().__init__(complete(address, options, needs_namespace=True))

    def close(self) -> None:
        """Closes the connection and ends the thread that keeps leases alive.

        Calls that are under way end with ClientClosed; leases that are still held are left to lapse. May be called again.
        """
        self._connection.close()
        self._keeper.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self,
        key: str,
        fn: Callable[[Attempt], T],
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

        Acquires the key, calls `fn` on this thread with the Attempt, keeps the lease alive until it returns, and records
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
            LeaseLost: another owner took over while `fn` ran; its outcome is not recorded.
            TypeError: `fn` is an async def or a generator function. It was not called.
            NotCompleted: `fn` returned a coroutine, a generator or a future: nothing is reported.
            CallError: with `fn_ran` false: `fn` was not called, the run is safe to repeat. With `fn_ran` true: the effect
                has happened, but is not known to be recorded; a repeated run calls `fn` again, unless the report arrived
                after all.
        """
        check_function(fn, is_async=False)
        given = RunOptions(namespace, fingerprint, lease, wait, owner, retention, codec, on_error)
        run = Run(self._calls, self._keeper, key, given)
        with run.observed():
            owned = self._connection.perform(run.begin())
            if isinstance(owned, Outcome):
                return owned
            try:
                run.keep(owned)
                value = finished(key, fn(Attempt(owned, self._calls, self._connection)))
            except BaseException as error:
                self._connection.perform(run.failed(owned, error))
                raise
            else:
                return self._connection.perform(run.returned(owned, value))
            finally:
                run.let_go(owned)

    @contextmanager
    def attempt(
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
    ) -> Iterator[OpenAttempt]:
        """As run(), where the work is not one function: a block that ends its attempt itself.

        ::

            try:
                with client.attempt("order/17") as attempt:
                    attempt.complete(shop.place(order, attempt.token))
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
            owned = self._connection.perform(run.begin())
            if isinstance(owned, Outcome):
                raise AlreadyDone(key, owned)
            try:
                run.keep(owned)
                yield OpenAttempt(owned, self._calls, self._connection, run)
            except BaseException as error:
                self._connection.perform(run.failed(owned, error))
                raise
            else:
                run.left(owned)
            finally:
                run.let_go(owned)

    def batch_attempt(
        self,
        requests: Sequence[BeginRequest],
        *,
        namespace: str | None = None,
        retention: Duration | None = None,
    ) -> OpenBatch:
        """As attempt(), for up to 1,000 keys that one message begins: their leases are kept alive, and reported together.

        ::

            with client.batch_attempt([semel.BeginRequest(key) for key in keys]) as batch:
                mine = [begun for begun in batch.begun if isinstance(begun, semel.Attempt)]
                stored = batch.report([(attempt, semel.Result(send(attempt.key))) for attempt in mine])

        `begun` has the Attempts, and the answers or errors of the other keys; nothing waits for them. A key that stands in
        two requests is acquired by the first of them. Raises CallError where nothing was begun.
        """
        batch = OpenBatch(self._calls, self._connection, self._keeper, self._calls.namespace(namespace), retention)
        try:
            batch.begin(requests)
        except BaseException:
            batch.close()
            raise
        return batch

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
    ) -> Callable[[Callable[P, T]], OnceFunction[P, T]]: ...

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
    ) -> Callable[[Callable[Concatenate[Attempt, P], T]], OnceFunction[P, T]]: ...

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
            def place(order_id: int) -> dict[str, str]: ...

            place(17)           # runs, and returns what it returned
            place(17)           # returns the same, does nothing
            place.outcome(17)   # as run() answers: also whether it was replayed

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
            once = once_of(function, key, fingerprint, given, with_attempt=with_attempt, is_async=False)
            return OnceFunction(once, self._run_once)

        return decorate

    def _run_once(self, once: Once, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome[Any]:
        def fn(attempt: Attempt) -> Any:
            return once.function(attempt, *args, **kwargs) if once.with_attempt else once.function(*args, **kwargs)

        given = once.options
        return self.run(
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
