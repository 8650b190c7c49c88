"""The examples of docs/adapters.md run as they stand there, in a program that has the names that they take for granted."""

from __future__ import annotations

import hashlib
import itertools
import re
import sys
import types
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import celery
import django.http
import django.urls
import fastapi
import flask
import grpc
import pydantic
import pytest
import rest_framework.viewsets

import semel
import semel.aio
import semel.asgi
import semel.celery
import semel.django
import semel.flask
import semel.grpc
import semel.polling
import semel.pubsub
from adapters.calls import Reply, request
from adapters.shop import Shop
from adapters.sites import served_by, serving, serving_asgi
from semeld import Semeld

DOCUMENT = Path(__file__).parents[2] / "docs" / "adapters.md"
BLOCK = re.compile(r"^## (.*?)\n|^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, list[str]]:
    """By heading."""
    found: dict[str, list[str]] = {}
    heading = ""
    for title, code in BLOCK.findall(DOCUMENT.read_text()):
        heading = title or heading
        if code:
            found.setdefault(heading, []).append(code)
    return found


def test_the_repositorys_readme_shows_a_part_of_one_of_them() -> None:
    shown = re.findall(
        r"^```python\n(.*?)^```$", (DOCUMENT.parents[3] / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert len(shown) == 1
    assert shown[0] in blocks()["Flask"][0]


class Once:
    """What an example calls for its effect. Knows how often, and with which token."""

    def __init__(self) -> None:
        self.fences: list[int] = []

    def pay(self, order: Any, *, fence: int) -> dict[str, bool]:
        self.fences.append(fence)
        return {"paid": True}

    async def pay_async(self, order: Any, *, fence: int) -> dict[str, bool]:
        return self.pay(order, fence=fence)

    def place(self, order: Any, *, fence: int) -> None:
        self.fences.append(fence)


@pytest.fixture
def connected(server: Semeld, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The examples' clients go to the server of the tests, and to a namespace that it knows. Blocking ones are closed here."""
    blocking: list[semel.Client] = []
    for client in (semel.Client, semel.aio.Client):
        made = client.__init__

        def connect(self: Any, address: str | None = None, made: Any = made, **options: Any) -> None:
            made(self, server.address, **options)
            if isinstance(self, semel.Client):
                blocking.append(self)

        monkeypatch.setattr(client, "__init__", connect)
    yield
    for made_here in blocking:
        made_here.close()


def run(heading: str, number: int, **names: Any) -> dict[str, Any]:
    module = types.ModuleType(f"example_{uuid.uuid4().hex}")
    sys.modules[module.__name__] = module  # annotations are looked up there
    module.__dict__.update(names)
    exec(compile(blocks()[heading][number], f"{DOCUMENT.name}: {heading}", "exec"), module.__dict__)
    return module.__dict__


def test_every_example_is_run_by_a_test() -> None:
    assert {heading: len(found) for heading, found in blocks().items()} == {
        "HTTP": 2,
        "Flask": 1,
        "Django and Django REST framework": 2,
        "FastAPI, Starlette, ASGI": 1,
        "gRPC": 1,
        "Celery": 1,
        "Pub/Sub": 1,
        "Kafka, and other polled logs": 1,
    }


def test_http() -> None:
    store_status = run("HTTP", 0, semel=semel)["store_status"]
    assert isinstance(store_status(503), semel.Unknown)
    assert (store_status(201), store_status(500)) == (True, False)


def test_a_multipart_body_may_have_another_boundary(client: semel.Client, key: str) -> None:
    app = flask.Flask(__name__)
    idempotency = semel.flask.Idempotency(app, client, prefix=key)
    run("HTTP", 1, app=app, flask=flask, hashlib=hashlib, idempotency=idempotency, semel=semel)

    def sent(boundary: str, text: str) -> Reply:
        part = '--{}\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
        parts = (part.format(boundary, "name", "", "jo"), part.format(boundary, "file", '; filename="a"', text))
        body = "".join(parts) + f"--{boundary}--\r\n"
        kind = f"multipart/form-data; boundary={boundary}"
        return request(address, "/receipts", key="k1", body=body.encode(), content_type=kind)

    with serving(app) as address:
        first, second = sent("one", "receipt"), sent("two", "receipt")
        assert (first.status, second.status, second.replayed) == (200, 200, True)
        assert first.body.strip() == b'{"file":"receipt","name":"jo"}'
        assert sent("three", "another").problem == "fingerprint-mismatch"


@pytest.mark.usefixtures("connected")
def test_flask() -> None:
    bank, user = Once(), types.SimpleNamespace(id=uuid.uuid4())
    made = run("Flask", 0, flask=flask, semel=semel, bank=bank, current_user=user)
    with serving(made["app"]) as address:
        replies = [request(address, "/payments", key='"k1"') for _ in range(2)]
    assert [(reply.status, reply.replayed) for reply in replies] == [(201, False), (201, True)]
    assert len(bank.fences) == 1


def test_django(client: semel.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapters import django_shop

    once = types.ModuleType("shop_once")
    user = uuid.uuid4().hex
    once.__dict__.update(make_client=lambda: client, user_of=lambda request: [user])
    monkeypatch.setitem(sys.modules, "shop", types.ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.once", once)
    setting = run("Django and Django REST framework", 0)["SEMEL_IDEMPOTENCY"]
    bank = Once()
    views = run(
        "Django and Django REST framework",
        1,
        semel=semel,
        bank=bank,
        JsonResponse=django.http.JsonResponse,
        viewsets=rest_framework.viewsets,
    )
    monkeypatch.setattr(django_shop, "view", views["pay"])
    urls = [django.urls.path("payments", views["pay"])]
    monkeypatch.setattr(django_shop, "urlpatterns", urls)
    django.urls.clear_url_caches()
    try:
        with served_by(django_shop.served(Shop(), setting)) as address:
            replies = [request(address, "/payments", key='"k1"', body={"sent_at": each}) for each in range(2)]
    finally:
        django.urls.clear_url_caches()
    assert [(reply.status, reply.replayed) for reply in replies] == [(201, False), (201, True)]
    assert len(bank.fences) == 1
    assert views["Orders"].create.semel_mark.options == {"wait": 10}


class Payment(pydantic.BaseModel):
    amount: int


class Receipt(pydantic.BaseModel):
    paid: bool


@pytest.mark.usefixtures("connected")
def test_fastapi() -> None:
    bank, user = Once(), uuid.uuid4().hex
    made = run(
        "FastAPI, Starlette, ASGI",
        0,
        FastAPI=fastapi.FastAPI,
        Request=fastapi.Request,
        Payment=Payment,
        Receipt=Receipt,
        semel=semel,
        bank=types.SimpleNamespace(pay=bank.pay_async),
        user_of=lambda scope: user,
    )
    with serving_asgi(made["app"]) as address:
        replies = [request(address, "/payments", key='"k1"', body={"amount": 5}) for _ in range(2)]
    assert [(reply.status, reply.body, reply.replayed) for reply in replies] == [
        (201, b'{"paid":true}', False),
        (201, b'{"paid":true}', True),
    ]
    assert len(bank.fences) == 1


def test_grpc(client: semel.Client) -> None:
    class Authentication(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
            return continuation(handler_call_details)

    made = run(
        "gRPC",
        0,
        client=client,
        semel=semel,
        grpc=grpc,
        ThreadPoolExecutor=ThreadPoolExecutor,
        authentication=Authentication(),
        user_of=lambda metadata: "jo",
    )
    made["server"].stop(None)


@pytest.mark.usefixtures("connected")
def test_celery() -> None:
    shop, order = Once(), uuid.uuid4().hex
    made = run("Celery", 0, celery=celery, semel=semel, shop=shop)
    for _ in range(2):
        made["place"].apply([order], throw=True)
    assert len(shop.fences) == 1
    made["app"].close()


def test_pubsub(client: semel.Client) -> None:
    subscribed: dict[str, Any] = {}

    def subscribe(path: str, callback: Any) -> Any:
        subscribed[path] = callback
        return types.SimpleNamespace(result=lambda: None)

    run(
        "Pub/Sub",
        0,
        client=client,
        semel=semel,
        place=lambda message, attempt: None,
        path="p",
        subscriber=types.SimpleNamespace(subscribe=subscribe),
    )
    assert isinstance(subscribed["p"], semel.pubsub.Callback)


def test_kafka(client: semel.Client) -> None:
    class Ended(Exception):
        pass

    class TopicPartition(tuple[str, int]):
        def __new__(cls, *at: Any) -> Any:
            return super().__new__(cls, at)

    class Consumer:
        """As kafka-python's, of one record."""

        def __init__(self) -> None:
            topic = uuid.uuid4().hex
            record = types.SimpleNamespace(topic=topic, partition=0, offset=7, headers=[])
            self._polls = [{TopicPartition(topic, 0): [record]}]
            self.committed: list[Any] = []

        def poll(self, timeout_ms: int) -> Any:
            if not self._polls:
                raise Ended
            return self._polls.pop()

        def seek(self, at: Any, offset: int) -> None:
            pytest.fail("all is done with")

        def commit(self, offsets: dict[Any, Any]) -> None:
            self.committed.extend(offsets.values())

    consumer = Consumer()
    with pytest.raises(Ended):
        run(
            "Kafka, and other polled logs",
            0,
            client=client,
            semel=semel,
            itertools=itertools,
            consumer=consumer,
            place=lambda record, attempt: None,
            TopicPartition=TopicPartition,
            OffsetAndMetadata=lambda offset, metadata, epoch: (offset, metadata, epoch),
        )
    assert consumer.committed == [(8, "", -1)]
