"""Who says what an exception of the function means, under each adapter: itself, the adapter, the program, the default policy."""

from __future__ import annotations

import queue
import types
import uuid
from collections.abc import Iterator
from typing import Any

import celery
import flask
import grpc
import pytest
from celery.exceptions import SoftTimeLimitExceeded

import semel
import semel.celery
import semel.flask
import semel.polling
import semel.pubsub
from adapters.calls import request
from adapters.grpc_orders import Orders, Serve, call, struct
from adapters.pubsub_test import message
from adapters.shop import Answer, Shop
from adapters.sites import Site, serving
from semel.pubsub import Ended
from semeld import Semeld

ORDER = struct(id="17")


class BankSilent(Exception):
    """To the default policy, an exception like any other."""


def of_client(error: BaseException, attempt: semel.FailedAttempt) -> semel.Verdict | None:
    return semel.Unknown() if isinstance(error, BankSilent) else None


def all_failed(error: BaseException, attempt: semel.FailedAttempt) -> semel.Verdict | None:
    return semel.Retryable("SOMETHING")


def raising(error: BaseException) -> Any:
    def work(*_: Any) -> Answer:
        raise error

    return work


@pytest.fixture
def strict(server: Semeld) -> Iterator[semel.Client]:
    """What its program says of errors counts wherever it is used."""
    with semel.Client(server.address, namespace="shop", on_error=of_client) as client:
        yield client


# ---- HTTP ----------------------------------------------------------------------------------------------------------------


def test_the_clients_policy_counts_over_http(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    shop.on(name, raising(BankSilent()))
    with site(shop, {"address": server.address, "on_error": of_client}) as address:
        assert request(address, f"/orders/{name}", key="k1").status == 500
        assert request(address, f"/orders/{name}", key="k1").problem == "in-flight"
    assert shop.effects(name) == 1


def test_the_adapters_policy_takes_its_place_over_http(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    shop.on(name, raising(BankSilent()))
    with site(shop, {"address": server.address, "on_error": of_client}, on_error=all_failed) as address:
        assert [request(address, f"/orders/{name}", key="k1").status for _ in range(2)] == [500, 500]
    assert shop.effects(name) == 2


def test_what_a_handler_says_itself_comes_first_over_http(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    shop.on(name, raising(semel.Final("STOLEN")))
    with site(shop, {"address": server.address, "on_error": all_failed}) as address:
        assert request(address, f"/orders/{name}", key="k1").status == 500
        assert request(address, f"/orders/{name}", key="k1").details["reason"] == "STOLEN"
    assert shop.effects(name) == 1


@pytest.mark.parametrize(("error", "problem"), [(BankSilent(), "in-flight"), (semel.Final("STOLEN"), "failed")])
def test_an_error_handlers_answer_does_not_hide_it(
    strict: semel.Client, key: str, error: Exception, problem: str
) -> None:
    app = flask.Flask(__name__)
    idempotency = semel.flask.Idempotency(app, strict, prefix=key)
    app.register_error_handler(type(error), lambda error: ("no", 409))
    app.post("/")(idempotency.required(lambda: raising(error)()))
    with serving(app) as address:
        assert request(address, "/", key="k1").body == b"no"
        assert request(address, "/", key="k1").problem == problem


# ---- gRPC ----------------------------------------------------------------------------------------------------------------


def test_the_clients_policy_counts_over_grpc(serve: Serve, orders: Orders, server: Semeld) -> None:
    orders.work = raising(BankSilent())
    with serve(orders, {"address": server.address, "on_error": of_client}) as address:
        assert call(address, ORDER, "k1").code is grpc.StatusCode.UNKNOWN
        assert call(address, ORDER, "k1").reason == "IN_FLIGHT"
    assert orders.effects == 1


def test_the_adapters_policy_takes_its_place_over_grpc(serve: Serve, orders: Orders, server: Semeld) -> None:
    orders.work = raising(BankSilent())
    with serve(orders, {"address": server.address, "on_error": of_client}, on_error=all_failed) as address:
        assert [call(address, ORDER, "k1").code for _ in range(2)] == [grpc.StatusCode.UNKNOWN] * 2
    assert orders.effects == 2


# ---- Celery --------------------------------------------------------------------------------------------------------------


def task_of(client: semel.Client, key: str, error: Exception, **options: Any) -> celery.Task:
    app = celery.Celery("local", set_as_current=False)
    app.semel_clients = types.SimpleNamespace(get=lambda: client)

    @app.task(base=semel.celery.SemelTask, semel_key=lambda: key, **options)
    def place() -> None:
        raise error

    return place


@pytest.mark.parametrize("how", ["plain", "autoretry_for"])
def test_the_clients_policy_counts_in_tasks(strict: semel.Client, key: str, how: str) -> None:
    options = {"autoretry_for": (BankSilent,), "max_retries": 0} if how == "autoretry_for" else {}
    task = task_of(strict, key, BankSilent(), **options)
    with pytest.raises(BankSilent):
        task.apply(throw=True)
    assert isinstance(strict.begin(key), semel.InProgress)


def test_the_tasks_policy_takes_its_place(strict: semel.Client, key: str) -> None:
    with pytest.raises(BankSilent):
        task_of(strict, key, BankSilent(), semel_on_error=all_failed).apply(throw=True)
    assert isinstance(strict.begin(key), semel.Acquired)


def test_a_program_that_knows_no_time_limits_takes_none_for_a_failure(client: semel.Client, key: str) -> None:
    with pytest.raises(SoftTimeLimitExceeded):
        task_of(client, key, SoftTimeLimitExceeded(), semel_on_error=all_failed).apply(throw=True)
    assert isinstance(client.begin(key), semel.InProgress)


# ---- messages and records ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on_error", "ended"), [(None, Ended.UNKNOWN), (all_failed, Ended.FAILED)])
def test_of_messages(strict: semel.Client, key: str, on_error: semel.ErrorPolicy | None, ended: Ended) -> None:
    work = raising(BankSilent())
    callback: semel.pubsub.Callback[Any] = semel.pubsub.Callback(strict, work, subscription=key, on_error=on_error)
    assert callback.work_on(message(b"", queue.Queue())).ended is ended


@pytest.mark.parametrize(("on_error", "ended"), [(None, Ended.UNKNOWN), (all_failed, Ended.FAILED)])
def test_of_records(strict: semel.Client, on_error: semel.ErrorPolicy | None, ended: Ended) -> None:
    record = types.SimpleNamespace(topic=uuid.uuid4().hex, partition=0, offset=7, headers=[])
    records = semel.polling.Records(strict, raising(BankSilent()), group="g", on_error=on_error)
    assert [each.ended for each in records.work_on([record]).handled] == [ended]


def test_what_the_function_says_of_a_message_comes_first(client: semel.Client, key: str) -> None:
    work = raising(semel.Final("STOLEN"))
    callback: semel.pubsub.Callback[Any] = semel.pubsub.Callback(client, work, subscription=key, on_error=all_failed)
    assert callback.work_on(message(b"", queue.Queue())).ended is Ended.FAILED_FOR_GOOD
