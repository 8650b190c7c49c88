"""Callbacks and pulled messages, with the real library of Google Cloud.

Where an emulator is found, messages go through it: one under PUBSUB_EMULATOR_HOST, the program under
SEMEL_TEST_PUBSUB_EMULATOR, or the one that is installed beside gcloud (Debian: google-cloud-cli-pubsub-emulator). Without one
only the tests of the library's own messages and threads run, and the others are skipped, and say so.
"""

from __future__ import annotations

import os
import queue
import shutil
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber._protocol import requests
from google.cloud.pubsub_v1.subscriber.message import Message
from google.cloud.pubsub_v1.subscriber.scheduler import ThreadScheduler

import semel
import semel.pubsub
from adapters.processes import Process
from semel.pubsub import Action, Callback, Ended, PulledMessages
from semeld import PATIENCE, Semeld, eventually

Handle = Callable[[Any, semel.Attempt], object]


@pytest.fixture
def subscription() -> str:
    return f"s-{uuid.uuid4().hex}"


def message(data: bytes, said: queue.Queue[Any], message_id: str = "1", **attributes: str) -> Message:
    """As the library makes it of what it received."""
    made = pubsub_v1.types.PubsubMessage(data=data, message_id=message_id, attributes=attributes)
    return Message(made._pb, f"ack-{message_id}", 0, said)


def work(message: Any, attempt: semel.Attempt) -> str:
    match bytes(message.data):
        case b"raise":
            raise ValueError("no stock")
        case b"final":
            raise semel.Final("STOLEN")
        case b"silent":
            raise TimeoutError("the bank did not answer")
    return "placed"


@pytest.mark.parametrize(
    ("data", "ended", "again"),
    [
        (b"place", Ended.RAN, Ended.REPLAYED),
        (b"raise", Ended.FAILED, Ended.FAILED),
        (b"final", Ended.FAILED_FOR_GOOD, Ended.FAILED_FOR_GOOD),
        (b"silent", Ended.UNKNOWN, Ended.ALREADY_RUNNING),
    ],
)
def test_what_is_said_of_a_message(
    client: semel.Client, subscription: str, data: bytes, ended: Ended, again: Ended
) -> None:
    callback: Callback[Any] = Callback(client, work, subscription=subscription)
    said: queue.Queue[Any] = queue.Queue()
    callback(message(data, said))
    assert isinstance(said.get_nowait(), requests.AckRequest if ended.settled else requests.NackRequest)
    assert callback.work_on(message(data, said)).ended is again
    callback(message(data, said))
    assert isinstance(said.get_nowait(), requests.AckRequest if again.settled else requests.NackRequest)


def test_fifty_deliveries_at_once_have_one_effect(client: semel.Client, subscription: str) -> None:
    ran = []

    def place(message: Any, attempt: semel.Attempt) -> None:
        ran.append(attempt.token)

    callback: Callback[Any] = Callback(client, place, subscription=subscription, wait=PATIENCE)
    said: queue.Queue[Any] = queue.Queue()
    scheduler = ThreadScheduler()
    try:
        for _ in range(50):
            scheduler.schedule(callback, message(b"place", said))
        answers = [said.get(timeout=PATIENCE) for _ in range(50)]
    finally:
        scheduler.shutdown(await_msg_callbacks=True)
    assert {type(answer) for answer in answers} == {requests.AckRequest}
    assert len(ran) == 1


def test_a_publishers_key_is_better_than_an_id(client: semel.Client, subscription: str) -> None:
    callback: Callback[Any] = Callback(
        client,
        work,
        subscription=subscription,
        key=lambda message: semel.key_of(subscription, message.attributes["order"]),
        fingerprint=lambda message: semel.fingerprint(message.data),
    )
    said: queue.Queue[Any] = queue.Queue()
    assert callback.work_on(message(b"place", said, "1", order="17")).ended is Ended.RAN
    assert callback.work_on(message(b"place", said, "2", order="17")).ended is Ended.REPLAYED
    assert callback.work_on(message(b"other", said, "3", order="17")).ended is Ended.MISMATCH
    assert callback.work_on(message(b"place", said, "4")).ended is Ended.NO_KEY


def test_another_action_may_be_taken(client: semel.Client, subscription: str) -> None:
    actions = {Ended.FAILED: Action.ACK}
    callback: Callback[Any] = Callback(client, work, subscription=subscription, actions=actions)
    said: queue.Queue[Any] = queue.Queue()
    callback(message(b"raise", said))
    assert isinstance(said.get_nowait(), requests.AckRequest)


def test_a_run_inside_of_the_work_is_not_taken_for_its_own(client: semel.Client, subscription: str, key: str) -> None:
    client.begin(key)

    def place(message: Any, attempt: semel.Attempt) -> None:
        client.run(key, lambda attempt: None)

    callback: Callback[Any] = Callback(client, place, subscription=subscription)
    handled = callback.work_on(message(b"place", queue.Queue()))
    assert handled.ended is Ended.FAILED
    assert isinstance(handled.error, semel.AlreadyRunning)


def test_without_semel_nothing_runs(own_server: Semeld, subscription: str) -> None:
    def place(message: Any, attempt: semel.Attempt) -> None:
        pytest.fail("it ran")

    with semel.Client(own_server.address, namespace="shop", call_timeout=0.2) as client:
        callback: Callback[Any] = Callback(client, place, subscription=subscription)
        own_server.kill()
        assert callback.work_on(message(b"place", queue.Queue())).ended is Ended.UNAVAILABLE
    assert callback.work_on(message(b"place", queue.Queue())).ended is Ended.UNAVAILABLE  # closed


def test_what_cannot_be_recorded_is_not_done_again(own_server: Semeld, subscription: str) -> None:
    def place(message: Any, attempt: semel.Attempt) -> None:
        own_server.kill()

    with semel.Client(own_server.address, namespace="shop", complete_timeout=0.2) as client:
        callback: Callback[Any] = Callback(client, place, subscription=subscription)
        said: queue.Queue[Any] = queue.Queue()
        callback(message(b"place", said))
    assert isinstance(said.get_nowait(), requests.AckRequest)


def test_pulled_messages_are_worked_on_together(client: semel.Client, subscription: str) -> None:
    pulled = [
        pubsub_v1.types.ReceivedMessage(ack_id=f"a{number}", message={"message_id": str(number), "data": data})
        for number, data in enumerate([b"place", b"raise", b"final"])
    ]
    said = PulledMessages[Any](client, work, subscription=subscription).work_on([*pulled, pulled[0]])
    assert [each.ended for each in said.handled] == [Ended.RAN, Ended.FAILED, Ended.FAILED_FOR_GOOD, Ended.REPLAYED]
    assert (said.ack_ids, said.nack_ids) == (["a0", "a2", "a0"], ["a1"])


# ---- through an emulator -------------------------------------------------------------------------------------------------


def _emulator() -> Path | None:
    given = os.environ.get("SEMEL_TEST_PUBSUB_EMULATOR")
    if given:
        return Path(given)
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        return None
    program = Path(gcloud).resolve().parents[1] / "platform/pubsub-emulator/bin/cloud-pubsub-emulator"
    return program if program.exists() else None


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    running = os.environ.get("PUBSUB_EMULATOR_HOST")
    if running:
        yield running
        return
    program = _emulator()
    if program is None:
        pytest.skip("no emulator of Pub/Sub: only the library's own messages and threads were tested")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    process = Process([str(program), "--host=127.0.0.1", f"--port={port}"], {})
    try:
        process.await_said("Server started")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()


class Topic:
    """A topic and a subscription of it, in the emulator."""

    def __init__(self, name: str) -> None:
        self.publisher = pubsub_v1.PublisherClient()
        self.subscriber = pubsub_v1.SubscriberClient()
        self._topic = self.publisher.topic_path("test", name)
        self.subscription = self.subscriber.subscription_path("test", name)
        self.publisher.create_topic(name=self._topic)
        self.subscriber.create_subscription(name=self.subscription, topic=self._topic, ack_deadline_seconds=10)

    def publish(self, data: bytes, **attributes: str) -> None:
        self.publisher.publish(self._topic, data, **attributes).result(PATIENCE)

    def close(self) -> None:
        self.publisher.stop()
        self.publisher.transport.close()
        self.subscriber.close()


@pytest.fixture
def topic(emulator: str, subscription: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", emulator)  # as the library wants to be told
    topic = Topic(subscription)
    yield topic
    topic.close()


def test_what_is_published_twice_and_nacked_is_done_once(
    client: semel.Client, topic: Topic, subscription: str
) -> None:
    lock = threading.Lock()
    ran: list[tuple[str, int]] = []

    def place(message: Any, attempt: semel.Attempt) -> None:
        with lock:
            ran.append((message.attributes["order"], attempt.number))
        if attempt.number == 1 and message.attributes["order"] == "o3":
            raise ValueError("no stock")  # nacked, and so delivered again

    callback: Callback[Any] = Callback(
        client,
        place,
        subscription=subscription,
        key=lambda message: semel.key_of(subscription, message.attributes["order"]),
        wait=PATIENCE,
    )
    settled: list[Ended] = []

    def counted(message: Any) -> None:
        handled = callback.work_on(message)
        if handled.ended.settled:
            message.ack_with_response().result(PATIENCE)
            settled.append(handled.ended)
        else:
            message.nack()

    streaming = topic.subscriber.subscribe(topic.subscription, callback=counted)
    for order in range(5):
        for _ in range(4):
            topic.publish(b"place", order=f"o{order}")
    assert eventually(lambda: len(settled) >= 20)
    streaming.cancel()
    streaming.result(PATIENCE)
    assert sorted(ran) == [("o0", 1), ("o1", 1), ("o2", 1), ("o3", 1), ("o3", 2), ("o4", 1)]
    assert settled.count(Ended.RAN) == 5


def test_the_callback_is_subscribed_as_it_is(client: semel.Client, topic: Topic, subscription: str) -> None:
    done = threading.Event()
    attempts = []

    def place(message: Any, attempt: semel.Attempt) -> None:
        attempts.append(attempt.number)
        if attempt.number == 1:
            raise ValueError("no stock")
        done.set()

    callback: Callback[Any] = Callback(client, place, subscription=subscription)
    streaming = topic.subscriber.subscribe(topic.subscription, callback=callback)
    topic.publish(b"place")
    assert done.wait(PATIENCE)
    assert streaming.running()  # what the work raised did not end it
    streaming.cancel()
    streaming.result(PATIENCE)
    assert attempts == [1, 2]


def test_a_pull_is_worked_on(client: semel.Client, topic: Topic, subscription: str) -> None:
    for _ in range(3):
        topic.publish(b"place", order="17")
    messages = PulledMessages[Any](
        client, work, subscription=subscription, key=lambda message: semel.key_of(subscription, message.attributes["order"])
    )
    ended: list[Ended] = []

    def pull() -> bool:
        pulled = topic.subscriber.pull(subscription=topic.subscription, max_messages=10, timeout=PATIENCE)
        said = messages.work_on(pulled.received_messages)
        if said.ack_ids:
            topic.subscriber.acknowledge(subscription=topic.subscription, ack_ids=said.ack_ids)
        ended.extend(each.ended for each in said.handled)
        return len(ended) >= 3

    assert eventually(pull)
    assert sorted(each.value for each in ended) == ["ran", "replayed", "replayed"]
