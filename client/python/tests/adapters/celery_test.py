"""SemelTask, with real workers and a real Redis."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import celery
import pytest
import redis

import semel
import semel.celery
from adapters.processes import Process, running
from adapters.recipe import Recipe
from semeld import PATIENCE, Semeld, eventually

VISIBILITY_TIMEOUT = 2.0
"""Seconds; of celery_shop."""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = os.environ.get("SEMEL_TEST_REDIS_SERVER") or shutil.which("redis-server")
    if program is None:
        raise RuntimeError(
            "there is no redis-server: install Debian's redis-server, or name one in SEMEL_TEST_REDIS_SERVER"
        )
    port = _free_port()
    folder = tmp_path_factory.mktemp("redis")
    options = {"--port": port, "--bind": "127.0.0.1", "--save": "", "--appendonly": "no", "--dir": folder}
    redis = Process([program, *(str(each) for option in options.items() for each in option)], {})
    try:
        redis.await_said("Ready to accept connections")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        redis.kill()


@pytest.fixture(scope="module")
def app(broker: str) -> Iterator[celery.Celery]:
    """Of a program that only sends."""
    with celery.Celery("sender", broker=broker, backend=broker, set_as_current=False) as app:
        yield app


class Shop:
    """What a worker needs, and what its tasks did."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._effects = folder / "effects"
        self._effects.touch()
        self._environment = {**environment, "EFFECTS": str(self._effects)}

    @contextmanager
    def worker(self, queue: str = "celery") -> Iterator[Process]:
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
        name = f"{uuid.uuid4().hex}@here"
        arguments = ("celery", "-A", "celery_shop", "worker", "--concurrency", "2", "-Q", queue, "-n", name, *quiet)
        with running(*arguments, environment=self._environment) as worker:
            worker.await_said(" ready.")
            yield worker

    def effects(self, what: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._effects.read_text().splitlines()]
        return [line for line in lines if line["what"] == what]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, broker: str, server: Semeld) -> Shop:
    environment = {"BROKER": broker, "SEMEL_ADDRESS": server.address, "SEMEL_NAMESPACE": "shop"}
    return Shop(tmp_path_factory.mktemp("celery"), environment)


@pytest.fixture(scope="module")
def worker(shop: Shop) -> Iterator[Process]:
    """One for all tests that do not kill it."""
    with shop.worker() as worker:
        yield worker


@pytest.fixture
def order() -> str:
    return uuid.uuid4().hex


def send(app: celery.Celery, name: str, *args: Any, **options: Any) -> Any:
    return app.send_task(f"celery_shop.{name}", args, **options)


def got(result: Any) -> Any:
    return result.get(timeout=PATIENCE)


def test_a_task_that_is_sent_twenty_times_has_one_effect(
    app: celery.Celery, worker: Process, shop: Shop, order: str
) -> None:
    results = [send(app, "place", order) for _ in range(20)]
    values = [got(result) for result in results]
    assert len(shop.effects(order)) == 1
    assert values == [{"pid": shop.effects(order)[0]["pid"]}] * 20


def test_the_same_message_twenty_times_has_one_effect(
    app: celery.Celery, worker: Process, shop: Shop, order: str
) -> None:
    task_id = str(uuid.uuid4())
    results = [send(app, "by_id", order, task_id=task_id) for _ in range(20)]
    assert [got(result) for result in results] == [order] * 20
    # All twenty are worked on before the last of them, which comes behind them in the queue.
    assert got(send(app, "by_id", order + "-last")) == order + "-last"
    assert len(shop.effects(order)) == 1


def _overdue(broker: str) -> bool:
    """Redis takes the worker of every message that is not acknowledged for dead."""
    with redis.Redis.from_url(broker) as connection:
        taken = [score for _, score in connection.zrange("unacked_index", 0, -1, withscores=True)]
    return bool(taken) and max(taken) + VISIBILITY_TIMEOUT < time.time()


def test_a_worker_that_is_killed_leaves_its_message_to_another(
    app: celery.Celery, broker: str, shop: Shop, order: str
) -> None:
    with shop.worker(order) as first:
        result = send(app, "dies", order, queue=order)
        assert eventually(lambda: len(shop.effects(order)) == 1), first.said
        first.kill()  # SIGKILL to the worker and its processes
    # A worker looks for such messages when it starts, and then for a long time not.
    assert eventually(lambda: _overdue(broker))
    with shop.worker(order) as second:
        assert got(result) == "done", second.said
    assert [(line["attempt"], line["previous"]) for line in shop.effects(order)] == [(1, "none"), (2, "abandoned")]


def test_a_process_of_a_worker_that_is_killed_leaves_its_message_to_another(
    app: celery.Celery, worker: Process, shop: Shop, order: str
) -> None:
    result = send(app, "dies", order)
    assert eventually(lambda: len(shop.effects(order)) == 1), worker.said
    os.kill(shop.effects(order)[0]["pid"], signal.SIGKILL)
    assert eventually(lambda: len(shop.effects(order)) == 2), worker.said
    assert [(line["attempt"], line["previous"]) for line in shop.effects(order)] == [(1, "none"), (2, "abandoned")]
    assert eventually(lambda: result.state == "SUCCESS"), result.state


def test_a_lease_is_kept_alive_while_a_task_runs(app: celery.Celery, worker: Process, order: str) -> None:
    assert got(send(app, "takes_long", order)) is True


def test_a_retry_is_the_next_attempt(app: celery.Celery, worker: Process, shop: Shop, order: str) -> None:
    assert got(send(app, "retries", order)) == "retried 1"
    assert [(line["attempt"], line["previous"]) for line in shop.effects(order)] == [(1, "none"), (2, "failed")]


def test_a_timeout_that_is_retried_waits_for_the_lease(
    app: celery.Celery, worker: Process, shop: Shop, order: str
) -> None:
    assert got(send(app, "times_out", order)) == 1
    assert [(line["attempt"], line["previous"]) for line in shop.effects(order)] == [(1, "none"), (2, "abandoned")]


def test_what_failed_for_good_fails_for_all(app: celery.Celery, worker: Process, shop: Shop, order: str) -> None:
    with pytest.raises(Exception, match="STOLEN") as first:
        got(send(app, "fails", order))
    with pytest.raises(Exception, match="STOLEN") as second:
        got(send(app, "fails", order))
    assert type(first.value).__name__ == "Final"
    assert "EffectFailed" in str(second.value)  # Celery's JSON has no room for what it carries
    assert len(shop.effects(order)) == 1


def test_another_task_under_the_key_is_told_so(app: celery.Celery, worker: Process, shop: Shop, order: str) -> None:
    assert got(send(app, "pay", order, 5)) == 5
    with pytest.raises(Exception, match="another request") as caught:
        got(send(app, "pay", order, 6))
    assert type(caught.value).__name__ == "FingerprintMismatch"
    assert len(shop.effects(order)) == 1


def test_a_result_that_was_not_kept_is_told(app: celery.Celery, worker: Process, shop: Shop, order: str) -> None:
    assert len(got(send(app, "large", order))) == 20_000
    with pytest.raises(Exception, match="too large to keep"):
        got(send(app, "large", order))
    assert len(shop.effects(order)) == 1


@pytest.mark.parametrize("what", ["running", "unavailable", "failed"])
def test_what_a_task_raises_of_semel_is_its_own(
    app: celery.Celery, worker: Process, shop: Shop, order: str, client: semel.Client, what: str
) -> None:
    client.begin(semel.key_of("inner", order))
    result = send(app, "uses_semel", order, what)
    name = {"running": "AlreadyRunning", "unavailable": "Unavailable", "failed": "EffectFailed"}[what]
    raised = result.get(timeout=PATIENCE, propagate=False)
    assert result.state == "FAILURE"
    assert name in f"{type(raised).__name__} {raised}"
    assert len(shop.effects(order)) == 1


def test_a_task_that_is_replaced_is_done(app: celery.Celery, worker: Process, shop: Shop, order: str) -> None:
    instead = order + "-instead"
    result = send(app, "is_replaced", order)
    assert got(result) == instead
    send(app, "is_replaced", order, task_id=result.id)  # the same message once more
    with pytest.raises(Exception, match="too large to keep"):
        got(send(app, "is_replaced", order))
    assert (len(shop.effects(order)), len(shop.effects(instead))) == (1, 1)
    assert got(app.AsyncResult(result.id)) == instead


def test_a_message_that_is_rejected_runs_again(app: celery.Celery, worker: Process, shop: Shop, order: str) -> None:
    assert got(send(app, "rejects", order, True)) == "done"
    assert [line["previous"] for line in shop.effects(order)] == ["none", "released"]
    dead = order + "-dead"
    send(app, "rejects", dead, False)
    assert eventually(lambda: len(shop.effects(dead)) == 1)
    assert got(send(app, "rejects", dead, False)) == "done"
    assert [line["previous"] for line in shop.effects(dead)] == ["none", "failed"]


def test_a_task_that_is_async_is_refused() -> None:
    local = celery.Celery("local", set_as_current=False)
    with pytest.raises(semel.ConfigurationError, match="async"):

        @local.task(base=semel.celery.SemelTask, name="local.async", lazy=False)
        async def place() -> None:
            pytest.fail("it ran")


def test_semel_may_be_away_for_a_while(broker: str, own_server: Semeld, order: str) -> None:
    local = celery.Celery("local", broker=broker, backend=broker, set_as_current=False)
    clients = iter(
        [
            semel.Client("127.0.0.1:1", namespace="shop", call_timeout=0.1),
            semel.Client(own_server.address, namespace="shop"),
        ]
    )
    ran = []

    @local.task(base=semel.celery.SemelTask, name="local.place", semel_key=lambda: order)
    def place() -> str:
        ran.append(1)
        return "placed"

    semel.celery.connect(local, lambda: next(clients))
    with pytest.raises(semel.Unavailable):
        place.apply(throw=True)  # eager: there is no queue to wait in
    local.semel_clients.take().close()
    assert place.apply(throw=True).get() == place.apply(throw=True).get() == "placed"
    local.semel_clients.take().close()
    assert len(ran) == 1
    assert place() == "placed"  # a plain call is one
    assert len(ran) == 2


def test_the_program_of_its_recipe(app: celery.Celery, broker: str, server: Semeld, tmp_path: Path, order: str) -> None:
    environment = {"BROKER": broker, "SEMEL_ADDRESS": server.address, "SEMEL_NAMESPACE": "shop"}
    recipe = Recipe("celery.md", tmp_path, environment)
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
    worker = ("celery", "-A", "shop", "worker", "--concurrency", "2", "-Q", order, "-n", f"{order}@here", *quiet)
    with recipe.running(*worker) as process:
        process.await_said(" ready.")
        results = [app.send_task("shop.pay", [order, 500], queue=order) for _ in range(20)]
        assert [got(result) for result in results] == [{"charged": 500}] * 20, process.said
        with pytest.raises(Exception, match="another request"):
            got(app.send_task("shop.pay", [order, 600], queue=order))
    assert recipe.effects() == [f"{order} 500"]


def test_an_application_that_is_not_connected_says_so(order: str) -> None:
    local = celery.Celery("local", set_as_current=False)

    @local.task(base=semel.celery.SemelTask, name="local.alone")
    def alone() -> None:
        pytest.fail("it ran")

    with pytest.raises(semel.ConfigurationError, match="connect"):
        alone.apply(throw=True)
    with semel.Client("127.0.0.1:1", namespace="shop") as client, pytest.raises(semel.ConfigurationError, match="fork"):
        semel.celery.connect(local, client)  # type: ignore[arg-type]
