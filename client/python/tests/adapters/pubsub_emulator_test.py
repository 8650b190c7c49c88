"""Callbacks and pulled messages through the emulator of Pub/Sub, with the real library of Google Cloud.

The emulator is one that runs under PUBSUB_EMULATOR_HOST, the program under SEMEL_TEST_PUBSUB_EMULATOR, or the one that is
installed beside gcloud (Debian: google-cloud-cli-pubsub-emulator). Without one these tests are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import pubsub_v1

import semel
import semel.pubsub
from adapters.processes import Process
from adapters.recipe import Recipe
from semel.pubsub import Callback, Ended, PulledMessages
from semeld import PATIENCE, Semeld, eventually


@pytest.fixture
def subscription() -> str:
    return f"s-{uuid.uuid4().hex}"


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

    def __init__(self, name: str, project: str = "test") -> None:
        self.publisher = pubsub_v1.PublisherClient()
        self.subscriber = pubsub_v1.SubscriberClient()
        self._topic = self.publisher.topic_path(project, name)
        self.subscription = self.subscriber.subscription_path(project, name)
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


def test_what_is_published_twice_and_nacked_is_done_once(client: semel.Client, topic: Topic, subscription: str) -> None:
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
        client,
        lambda message, attempt: None,
        subscription=subscription,
        key=lambda message: semel.key_of(subscription, message.attributes["order"]),
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


def test_the_program_of_its_recipe(
    server: Semeld, emulator: str, subscription: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", emulator)
    project = f"p-{uuid.uuid4().hex[:20]}"
    topic = Topic("payments", project)
    environment = {"SEMEL_ADDRESS": server.address, "SEMEL_NAMESPACE": subscription, "PROJECT": project}
    recipe = Recipe("pubsub.md", tmp_path, environment)
    subscriber = Process([sys.executable, recipe.program.name], recipe.environment, recipe.folder)
    try:
        subscriber.await_said("listening")
        for order in ("17", "17", "18", "17"):
            topic.publish(b"500", order=order)
        # The second of two messages for an order is settled without an effect: nothing tells but the first ones' effects.
        assert eventually(lambda: sorted(recipe.effects()) == ["17 500", "18 500"]), subscriber.said
    finally:
        subscriber.kill()
        topic.close()
    assert sorted(recipe.effects()) == ["17 500", "18 500"]
