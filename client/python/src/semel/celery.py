"""Celery tasks whose effect happens once, however often their message is delivered or sent.

::

    app = celery.Celery("shop", broker="redis://")
    semel.celery.connect(app, lambda: semel.Client("semel:7420", namespace="shop"))

    @app.task(base=semel.celery.SemelTask, semel_key=lambda order_id: semel.key_of("order", order_id))
    def place(order_id):
        shop.place(order_id, fence=place.semel_attempt.token)

What the first run returned is the result of all others. Messages are acknowledged when the work is over, so that a worker
that dies half way leaves its message to another one: that one's attempt is told Previous.ABANDONED.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from celery import Celery, Task
from celery.exceptions import Ignore, Reject, Retry, SoftTimeLimitExceeded
from celery.signals import worker_process_init, worker_process_shutdown, worker_shutdown

from semel import _adapters
from semel import _errors as errors
from semel._codecs import Codec
from semel._durations import Duration
from semel._error_policy import ErrorPolicy, FailedAttempt, verdict_on
from semel._keys import key_of
from semel._outcomes import Outcome
from semel._per_process import PerProcess, per_process
from semel._sync.attempt import Attempt
from semel._sync.client import Client

__all__ = ["SemelTask", "connect"]

_ATTRIBUTE = "semel_clients"
_SHORTEST_DELAY = 0.1
_IGNORED = "application/x-semel-celery-ignored"

_attempt: ContextVar[Attempt | None] = ContextVar("semel_attempt", default=None)


def connect(app: Celery, client: Callable[[], Client] = Client) -> None:
    """Says how the application's workers reach Semel: `client` makes one in each worker process, after the fork.

    It is called when the process starts, so that what is wrong with the options shows then, and closed when it ends.
    Absent: semel.Client(), from SEMEL_ADDRESS and SEMEL_NAMESPACE. Pools of threads and `solo` share the client of their
    one process. Not for gevent and eventlet, which do not go with gRPC.
    """
    if isinstance(client, Client):
        raise errors.ConfigurationError(
            "a client does not survive the fork of a worker: give a function that makes one"
        )
    clients: PerProcess[Client] = per_process(client, Client)
    setattr(app, _ATTRIBUTE, clients)

    def start(**_: Any) -> None:
        clients.get()

    def end(**_: Any) -> None:
        made = clients.take()
        if made is not None:
            made.close()

    # Signals are held weakly unless they are told not to be, and these functions have no other owner.
    worker_process_init.connect(start, weak=False)
    worker_process_shutdown.connect(end, weak=False)
    worker_shutdown.connect(end, weak=False)


class SemelTask(Task):  # type: ignore[misc, unused-ignore]
    """A base for tasks. All attributes may be given to @app.task as options, or be set in a subclass.

    In a worker (and in apply()) the task runs once per key; called as a plain function it is one.

    Other than plain tasks:

    ============================================  ========================================================================
    done before                                   returns the stored result
    another worker is at it                       the message is sent again, for when it makes sense to look
    Semel cannot be asked                         the message is sent again, for semel_unavailable_delay seconds later
    failed before, another attempt may run later  the message is sent again, for then
    failed before, for good                       raises EffectFailed
    in doubt, or ended too long ago               raises EffectInDoubt, ResultExpired
    self.retry()                                  the attempt failed, and the retry is the next one
    self.replace(), Ignore                        done, without a result: what comes of it is not this task's to say
    Reject                                        with requeue the key is given back; else the attempt failed for now
    SoftTimeLimitExceeded                         nobody knows how far it came: nothing is recorded, the lease lapses
    ============================================  ========================================================================

    What the task itself raises is its own, also where that is an AlreadyRunning or an Unavailable of a run within it: the
    task fails. A message that is sent again keeps its id and its count of retries. An effect that happened but could not be
    recorded raises CallError with `fn_ran`: the task fails, loudly, and is not run again by this message.

    Results are JSON: what comes back from a replay has lists for tuples. Where the result was too large to keep, a
    duplicate raises ResultOmitted, or returns None with ignore_result; so does one of a task that was replaced or ignored,
    unless it is the same message, which is ignored again. A task that is `async def` raises ConfigurationError.
    """

    abstract = True
    acks_late = True
    reject_on_worker_lost = True

    semel_key: Callable[..., str] | None = None
    """A function of the task's arguments. None: the task's name and id, which only protects from deliveries of one message."""
    semel_fingerprint: Callable[..., bytes] | None = None
    """A function of the task's arguments that answers what the task asks for; see semel.fingerprint()."""
    semel_namespace: str | None = None
    semel_lease: Duration | None = None
    """How long a worker may fall silent before another takes over. It is renewed while the task runs."""
    semel_retention: Duration | None = None
    """How long the result is replayed. Longer than messages may be late, with all their retries."""
    semel_wait: Duration = 0.0
    """How long to wait, with the worker's slot, where another worker is at it, before the message is sent again."""
    semel_unavailable_delay: float = 5.0
    """Seconds."""
    semel_on_error: ErrorPolicy | None = None
    """What an exception of the task says about its effect; see semel.ErrorPolicy."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Of each task. Celery would take the coroutine for its result, and never run it."""
        super().__init_subclass__(**options)
        if inspect.iscoroutinefunction(cls.run):
            raise errors.ConfigurationError(
                f"{cls.__name__}: a task of SemelTask is a plain function, not an async one"
            )

    @property
    def semel_attempt(self) -> Attempt | None:
        """The attempt that runs at this moment in this thread: its token, what came before it, checkpoint()."""
        return _attempt.get()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Called by the worker for each message."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        begun: list[Attempt] = []
        try:
            outcome = self._semel_run(args, kwargs, begun)
        except (errors.AlreadyRunning, errors.EffectFailed, errors.Unavailable) as error:
            delay = self._semel_delay(error)
            if begun or delay is None:
                raise  # of the task's own body, which may use Semel itself, or of its report: not why it did not run
            self._semel_send_again(error, delay)
        said = outcome.value
        if isinstance(said, _Ignored) and said.task_id == self.request.id:
            raise said.error
        if outcome.replayed and (outcome.omitted or isinstance(said, _Ignored)):
            if not (self.ignore_result or self.request.ignore_result):
                raise errors.ResultOmitted(self._semel_key_of(args, kwargs), outcome)
            return None
        return said

    def _semel_run(self, args: tuple[Any, ...], kwargs: dict[str, Any], begun: list[Attempt]) -> Outcome[Any]:
        kind = type(self)  # functions among the attributes would be bound as methods through self
        fingerprint = kind.semel_fingerprint

        def work(attempt: Attempt) -> Any:
            begun.append(attempt)
            token = _attempt.set(attempt)
            try:
                return self.run(*args, **kwargs)
            except Ignore as ignore:
                return _Ignored(self.request.id, ignore)
            finally:
                _attempt.reset(token)

        client = self._semel_client()
        return client.run(
            self._semel_key_of(args, kwargs),
            work,
            namespace=self.semel_namespace,
            fingerprint=fingerprint(*args, **kwargs) if fingerprint is not None else b"",
            lease=self.semel_lease,
            wait=self.semel_wait,
            retention=self.semel_retention,
            codec=_Codec(client.codec),
            on_error=_policy(kind.semel_on_error, client.on_error),
        )

    def _semel_key_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        key = type(self).semel_key
        return key_of("celery", self.name, self.request.id) if key is None else key(*args, **kwargs)

    def _semel_client(self) -> Client:
        clients: PerProcess[Client] | None = getattr(self.app, _ATTRIBUTE, None)
        if clients is None:
            raise errors.ConfigurationError("the application is not connected to Semel: call semel.celery.connect(app)")
        return clients.get()

    def _semel_delay(self, why: errors.AlreadyRunning | errors.EffectFailed | errors.Unavailable) -> timedelta | None:
        """When a task that did not run makes sense again; None: never."""
        match why:
            case errors.AlreadyRunning():
                return why.retry_after
            case errors.EffectFailed():
                return (why.retry_after or timedelta()) if why.retryable else None
        return timedelta(seconds=self.semel_unavailable_delay)

    def _semel_send_again(self, why: errors.SemelError, delay: timedelta) -> NoReturn:
        """As retry(), which would count it as a retry of the work, of which there may only be a few."""
        request = self.request
        if request.is_eager:
            raise why  # there is no queue to wait in
        seconds = max(_SHORTEST_DELAY, delay.total_seconds())
        again = self.signature_from_request(
            request, request.args, request.kwargs, countdown=seconds, retries=request.retries
        )
        try:
            again.apply_async()
        except Exception as error:
            # With requeue the broker delivers this message once more, instead of the one that could not be sent.
            raise Reject(error, requeue=True) from error
        raise Retry(str(why), why, seconds, sig=again) from why


@dataclass(frozen=True)
class _Ignored:
    """What a task comes to that raised Ignore, as replace() does: another task has its id now, and its result."""

    task_id: str
    error: Ignore


class _Codec:
    """The client's, which knows nothing of Celery."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def encode(self, value: Any) -> tuple[bytes, str]:
        return (value.task_id.encode(), _IGNORED) if isinstance(value, _Ignored) else self._codec.encode(value)

    def decode(self, payload: bytes, content_type: str) -> Any:
        if content_type == _IGNORED:
            return _Ignored(payload.decode(), Ignore("this message was ignored before"))
        return self._codec.decode(payload, content_type)


def _policy(given: ErrorPolicy | None, of_client: ErrorPolicy | None) -> ErrorPolicy:
    """Asked about what made a task retry, not about the retry."""
    policy = _adapters.error_policy(given, of_client, _rule)

    def verdict(error: BaseException, attempt: FailedAttempt) -> errors.Verdict | None:
        if isinstance(error, Retry) and isinstance(error.exc, Exception):
            return verdict_on(error.exc, attempt, verdict)
        return policy(error, attempt)

    return verdict


def _rule(error: BaseException, attempt: FailedAttempt) -> errors.Verdict | None:
    """Celery's own exceptions."""
    if isinstance(error, SoftTimeLimitExceeded):
        return errors.Unknown()  # it came from outside, at any point of the work
    if isinstance(error, Reject) and error.requeue and not attempt.effects_began:
        return errors.Release()  # the message comes again, and runs as if this time had not been
    return None
