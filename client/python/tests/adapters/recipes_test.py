"""The programs of docs/recipes that are served over HTTP, under the servers that they are meant for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import semel
from adapters.calls import Reply, at_once, request
from adapters.recipe import Recipe, pages_with_programs
from semeld import PATIENCE, Semeld, eventually

GUNICORN = ("gunicorn", "--preload", "--workers", "2", "--threads", "30", "--bind", "127.0.0.1:0")
SERVERS = {
    "flask.md": (*GUNICORN, "pay:app"),
    "django.md": (*GUNICORN, "pay:application"),
    "fastapi.md": ("uvicorn", "--port", "0", "pay:app"),
    "cloud-tasks.md": (*GUNICORN, "target:app"),
}
START = 1_700_000_000_000_000
"""Of a clock that stands still, in microseconds."""

Recipes = Callable[[str], Recipe]


def test_every_program_is_run_by_a_test() -> None:
    elsewhere = {
        "celery.md": "celery_test.py",
        "database.md": "recipes_database_test.py",
        "pubsub.md": "pubsub_test.py",  # and pubsub_emulator_test.py
    }
    for page, file in elsewhere.items():
        assert f'Recipe("{page}"' in (Path(__file__).parent / file).read_text()
    assert pages_with_programs() == SERVERS.keys() | elsewhere.keys()


@pytest.fixture
def stopped_clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Semeld]:
    """A server whose leases lapse when a test says so."""
    server = Semeld(tmp_path_factory.mktemp("semeld"))
    server.start("--test-clock", str(START))
    yield server
    if server.running:
        server.kill()


@pytest.fixture
def recipes(server: Semeld, tmp_path: Path, key: str) -> Recipes:
    """In a namespace of this test alone."""
    return lambda page: Recipe(page, tmp_path, environment(server.address, key))


def environment(address: str, key: str) -> dict[str, str]:
    return {"SEMEL_ADDRESS": address, "SEMEL_NAMESPACE": key.replace("/", "-"), "TOKEN": "of-the-queue"}


@contextmanager
def served(recipe: Recipe, page: str) -> Iterator[str]:
    with recipe.running(*SERVERS[page]) as server:
        found = re.search(r"http://([\w.:]+)", server.await_said("http://"))
        assert found is not None
        yield found.group(1)


def pay(address: str, *, cents: int = 500, user: str = "jo", sent_at: int = 0) -> Reply:
    headers = [("Authorization", f"Bearer token-of-{user}")]
    return request(address, "/payments", key='"8e03978e"', body={"cents": cents, "sent_at": sent_at}, headers=headers)


@pytest.mark.parametrize("page", ["flask.md", "django.md", "fastapi.md"])
def test_what_a_client_sends_many_times_is_paid_once(recipes: Recipes, page: str) -> None:
    recipe = recipes(page)
    with served(recipe, page) as address:
        sent = iter(range(20))
        replies = at_once(20, lambda: pay(address, sent_at=next(sent)))
        assert {reply.status for reply in replies} == {201}
        assert sorted(reply.replayed for reply in replies) == [False] + [True] * 19
        assert len({reply.body for reply in replies}) == 1
        assert recipe.effects() == ["jo 500"]
        assert pay(address, cents=600).problem == "fingerprint-mismatch"
        assert pay(address, user="nobody-we-know").status in (401, 403)
        assert recipe.effects() == ["jo 500"]
        other = pay(address, user="al")  # under the same key
        assert (other.status, other.replayed) == (201, False)
        assert recipe.effects() == ["jo 500", "al 500"]


@pytest.mark.parametrize("page", ["flask.md", "django.md"])
def test_a_worker_that_is_killed_before_the_effect_leaves_it_to_the_next(
    stopped_clock: Semeld, tmp_path: Path, key: str, page: str
) -> None:
    recipe = Recipe(page, tmp_path, environment(stopped_clock.address, key))
    route = {"flask.md": "/payments", "django.md": "payments"}[page]
    in_semel = semel.key_of("POST", route, "jo", "8e03978e")
    recipe.stall()
    with semel.Client(stopped_clock.address, namespace=recipe.environment["SEMEL_NAMESPACE"]) as client:
        with recipe.running(*SERVERS[page]) as server:
            address = server.await_said("http://").split("http://")[1].split()[0]
            with ThreadPoolExecutor(1) as pool:
                broken = pool.submit(pay, address)
                assert eventually(lambda: client.lookup(in_semel) is not None), server.said
                server.kill()
                with pytest.raises(ConnectionError):
                    broken.result(PATIENCE)
        recipe.go_on()
        stopped_clock.http("/testing/elapse?by=21000000", method="POST")
        with served(recipe, page) as address:
            assert (pay(address).status, pay(address).replayed) == (201, True)
        record = client.lookup(in_semel)
    assert recipe.effects() == ["jo 500"]
    assert record is not None
    assert record.attempt == 2


def test_without_semel_nothing_is_paid(tmp_path: Path, key: str) -> None:
    recipe = Recipe("flask.md", tmp_path, environment("127.0.0.1:1", key))
    with served(recipe, "flask.md") as address:
        assert pay(address).problem == "unavailable"
    assert recipe.effects() == []


def call_as_cloud_tasks(address: str, *, queue: str = "payments", cents: int = 500) -> Reply:
    headers = [
        ("Authorization", "Bearer of-the-queue"),
        ("X-CloudTasks-QueueName", queue),
        ("X-CloudTasks-TaskName", "payment-17"),
    ]
    return request(address, "/tasks/pay", body={"order": "17", "cents": cents}, headers=headers)


def test_a_task_of_cloud_tasks_is_done_once(recipes: Recipes) -> None:
    recipe = recipes("cloud-tasks.md")
    with served(recipe, "cloud-tasks.md") as address:
        replies = at_once(20, lambda: call_as_cloud_tasks(address))
        assert {reply.status for reply in replies} <= {200, 409}
        again = call_as_cloud_tasks(address)
        assert (again.status, again.body, again.replayed) == (200, b"charged", True)
        assert recipe.effects() == ["17 500"]
        assert call_as_cloud_tasks(address, cents=600).problem == "fingerprint-mismatch"
        assert call_as_cloud_tasks(address, queue="others", cents=0).body == b"refused: nothing to pay"
        assert request(address, "/tasks/pay").status == 401
    assert recipe.effects() == ["17 500"]
