"""Callbacks and pulled messages, with the messages and threads of the real library of Google Cloud."""

from __future__ import annotations

import queue
import runpy
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber._protocol import requests
from google.cloud.pubsub_v1.subscriber.message import Message
from google.cloud.pubsub_v1.subscriber.scheduler import ThreadScheduler

import semel
import semel.pubsub
from adapters.recipe import Recipe
from semel.pubsub import Action, Callback, Ended, PulledMessages
from semeld import PATIENCE, Semeld

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


def test_the_program_of_its_recipe(
    server: Semeld, tmp_path: Path, subscription: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the library's own messages; with its streams, too: pubsub_emulator_test.py."""
    recipe = Recipe("pubsub.md", tmp_path, {"SEMEL_ADDRESS": server.address, "SEMEL_NAMESPACE": subscription})
    for name, value in {**recipe.environment, "PROJECT": "p", "PUBSUB_EMULATOR_HOST": "127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)
    said: queue.Queue[Any] = queue.Queue()

    def subscribe(self: Any, path: str, callback: Callable[[Any], None]) -> Any:
        assert path == "projects/p/subscriptions/payments"

        def result() -> None:
            for each in delivered:
                callback(message(each, said, order="17"))

        return types.SimpleNamespace(result=result)

    delivered = (b"500", b"500", b"600")
    monkeypatch.setattr(pubsub_v1.SubscriberClient, "subscribe", subscribe)
    runpy.run_path(str(recipe.program))
    assert recipe.effects() == ["17 500"]
    assert [type(said.get_nowait()) for _ in delivered] == [
        requests.AckRequest,
        requests.AckRequest,
        requests.NackRequest,
    ]
