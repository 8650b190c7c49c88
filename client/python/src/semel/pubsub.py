"""Callbacks for Google Cloud Pub/Sub whose effect happens once per message, or per key that its publisher gave.

::

    callback = semel.pubsub.Callback(client, place, subscription="orders",
                                     key=lambda message: semel.key_of("order", message.attributes["order_id"]))
    subscriber.subscribe(path, callback=callback).result()

Pub/Sub delivers at least once, and a publisher that retries publishes twice, under two message ids: a key of the
publisher's own is better than the message's.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from semel import _adapters
from semel import _errors as errors
from semel._batch_run import BatchOptions, BatchRun
from semel._durations import Duration
from semel._ended import Ended, Handled, not_called, not_recorded, raised
from semel._error_policy import ErrorPolicy, FailedAttempt, verdict_on
from semel._keys import key_of
from semel._sync.attempt import Attempt
from semel._sync.client import Client

_log = logging.getLogger("semel")

__all__ = ["ACTIONS", "Acknowledge", "Action", "Callback", "Ended", "Handled", "PulledMessages"]


class _WithId(Protocol):
    @property
    def message_id(self) -> str: ...


class _Message(_WithId, Protocol):
    """Of google.cloud.pubsub_v1.subscriber.message.Message, what is used here."""

    def ack(self) -> None: ...

    def nack(self) -> None: ...


M = TypeVar("M", bound=_Message)
W = TypeVar("W", bound=_WithId)


class Action(enum.Enum):
    """What is said to Pub/Sub of a message."""

    ACK = "ack"
    """It is done with."""
    NACK = "nack"
    """Deliver it again, by the subscription's retry policy: give it one, with a minimum backoff, and a dead letter topic."""


ACTIONS: Mapping[Ended, Action] = {ended: Action.ACK if ended.settled else Action.NACK for ended in Ended}
"""What is said where nobody says otherwise: a message is acknowledged once nothing more will come of another delivery."""


class Callback(Generic[M]):
    """The callback of a streaming pull. Thread-safe.

    Args:
        client: keeps the lease alive while the message is worked on; Pub/Sub's own is extended by its library.
        handle: does the effect of a message. What it raises is recorded as run() does it, and logged. It does not reach the
            library, which would end the whole subscription for it.
        subscription: part of each key, so that other subscriptions of the topic do their own work. Ignored with `key`.
        key: a function of the message that answers the whole key. Absent: subscription and message id, which only protects
            from deliveries of one message.
        fingerprint: a function of the message that answers what it asks for; see semel.fingerprint().
        actions: what is said to Pub/Sub of messages that end so, instead of ACTIONS.
        wait: how long to wait, with the thread, where another owner is at it, before the message is nacked.
        lease: how long this process may fall silent before another takes over.
        retention: how long a message counts as done. Longer than the subscription keeps messages, replays included.
        on_error: what an exception of `handle` says about its effect; see semel.ErrorPolicy.
        namespace: instead of the client's.
    """

    def __init__(
        self,
        client: Client,
        handle: Callable[[M, Attempt], object],
        *,
        subscription: str,
        key: Callable[[M], str] | None = None,
        fingerprint: Callable[[M], bytes] | None = None,
        actions: Mapping[Ended, Action] | None = None,
        wait: Duration = 0.0,
        lease: Duration | None = None,
        retention: Duration | None = None,
        on_error: ErrorPolicy | None = None,
        namespace: str | None = None,
    ) -> None:
        self._client = client
        self._handle = handle
        self._key = key or _by_message_id(subscription)
        self._fingerprint = fingerprint
        self._actions = {**ACTIONS, **(actions or {})}
        self._wait = wait
        self._lease = lease
        self._retention = retention
        self._on_error = on_error
        self._namespace = namespace

    def __call__(self, message: M) -> None:
        """Called by the library for each message."""
        handled = self.work_on(message)
        if self._actions[handled.ended] is Action.ACK:
            message.ack()
        else:
            message.nack()

    def work_on(self, message: M) -> Handled[M]:
        """As the callback, but says nothing to Pub/Sub. Raises only what is no Exception."""
        try:
            key = self._key(message)
            fingerprint = self._fingerprint(message) if self._fingerprint is not None else b""
        except Exception as error:  # noqa: BLE001 - it would end the subscription: told of this message
            _log.exception("message %s has no key, and is not worked on", message.message_id)
            return Handled(message, Ended.NO_KEY, error=error)
        return self._run(message, key, fingerprint)

    def _run(self, message: M, key: str, fingerprint: bytes) -> Handled[M]:
        verdicts: list[errors.Verdict] = []  # of what the function raised: anything else was raised around it
        said = _adapters.error_policy(self._on_error, self._client.on_error)

        def policy(error: BaseException, attempt: FailedAttempt) -> errors.Verdict:
            verdicts.append(errors.Unknown())
            verdicts[0] = verdict_on(error, attempt, said)
            return verdicts[0]

        try:
            outcome = self._client.run(
                key,
                lambda attempt: self._handle(message, attempt),
                namespace=self._namespace,
                fingerprint=fingerprint,
                lease=self._lease,
                wait=self._wait,
                retention=self._retention,
                on_error=policy,
            )
        except Exception as error:  # noqa: BLE001 - it would end the subscription: told of this message
            return self._not_done(message, key, error, verdicts[0] if verdicts else None)
        return Handled(message, Ended.REPLAYED if outcome.replayed else Ended.RAN, outcome.value)

    def _not_done(self, message: M, key: str, error: Exception, verdict: errors.Verdict | None) -> Handled[M]:
        if isinstance(error, errors.Verdict):
            verdict = error  # no policy is asked about it
        if verdict is not None:
            ended = raised(verdict)
            _log.error("message %s, key %s: %s", message.message_id, key, ended.value, exc_info=error)
        elif isinstance(error, errors.CallError) and error.fn_ran:
            ended = not_recorded(error)
            _log.error("message %s: %s", message.message_id, error)
        elif isinstance(error, (errors.NotRun, errors.CallError)):
            ended = not_called(error)
            level = logging.INFO if ended.settled or ended is Ended.ALREADY_RUNNING else logging.WARNING
            _log.log(level, "message %s is not worked on: %s", message.message_id, error)
        elif isinstance(error, errors.CodecError):
            ended = Ended.REPLAYED  # done, by a program that stores what this one does not read
            _log.warning("message %s: %s", message.message_id, error)
        else:
            ended = Ended.UNAVAILABLE
            _log.error("message %s is not worked on", message.message_id, exc_info=error)
        return Handled(message, ended, error=error)


@dataclass(frozen=True, slots=True)
class Acknowledge(Generic[W]):
    """What to say to Pub/Sub of pulled messages."""

    ack_ids: list[str]
    """For SubscriberClient.acknowledge."""
    nack_ids: list[str]
    """For SubscriberClient.modify_ack_deadline, with 0 seconds, or with as long as the next delivery is to wait."""
    handled: list[Handled[W]]
    """What became of each message, in order."""


class PulledMessages(Generic[W]):
    """What is done with messages of a synchronous pull: begun together, worked on one after the other, completed in batches.

    ::

        pulled = subscriber.pull(subscription=path, max_messages=100)
        said = messages.work_on(pulled.received_messages)
        if said.ack_ids:
            subscriber.acknowledge(subscription=path, ack_ids=said.ack_ids)

    `handle`, `key` and `fingerprint` get the PubsubMessage. The other arguments: as Callback; `complete_every` and
    `complete_after`: as semel.polling.Records. Nobody extends Pub/Sub's own deadline meanwhile: pull as many as fit into it.
    """

    def __init__(
        self,
        client: Client,
        handle: Callable[[W, Attempt], object],
        *,
        subscription: str,
        key: Callable[[W], str] | None = None,
        fingerprint: Callable[[W], bytes] | None = None,
        actions: Mapping[Ended, Action] | None = None,
        lease: Duration | None = None,
        retention: Duration | None = None,
        on_error: ErrorPolicy | None = None,
        namespace: str | None = None,
        complete_every: int = 100,
        complete_after: float = 1.0,
    ) -> None:
        self._client = client
        self._handle = handle
        self._key = key or _by_message_id(subscription)
        self._fingerprint = fingerprint
        self._actions = {**ACTIONS, **(actions or {})}
        self._options = BatchOptions(namespace, lease, retention, on_error, complete_every, complete_after)

    def work_on(self, received: Iterable[Any]) -> Acknowledge[W]:
        """Works on the ReceivedMessages of a pull, and answers when all outcomes are recorded."""
        pulled = list(received)
        run = BatchRun(self._client, self._handle, self._key, self._fingerprint, self._options)
        handled = run.run([each.message for each in pulled])
        said: dict[Action, list[str]] = {Action.ACK: [], Action.NACK: []}
        for each, done in zip(pulled, handled, strict=True):
            said[self._actions[done.ended]].append(each.ack_id)
        return Acknowledge(said[Action.ACK], said[Action.NACK], handled)


def _by_message_id(subscription: str) -> Callable[[_WithId], str]:
    return lambda message: key_of("pubsub", subscription, message.message_id)
