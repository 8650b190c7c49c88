"""What a run makes of a database connection that is lost, with a real driver and a real PostgreSQL."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import psycopg
import pytest

import semel
from adapters.postgres import Postgres

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    postgres.do("CREATE TABLE account (id text PRIMARY KEY)")
    yield postgres
    postgres.close()


def end_its_backend(postgres: Postgres, connection: Connection) -> None:
    postgres.ask(f"SELECT pg_terminate_backend({connection.info.backend_pid})")


def cut_its_network(postgres: Postgres, connection: Connection) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as its:
        its.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("lose", [end_its_backend, cut_its_network], ids=lambda lose: lose.__name__)
def test_a_lost_connection_leaves_the_effect_open(
    client: semel.Client, key: str, postgres: Postgres, lose: Callable[[Postgres, Connection], None]
) -> None:
    def work(attempt: semel.Attempt) -> None:
        with psycopg.connect(postgres.address) as connection:
            connection.execute("SELECT 1")
            lose(postgres, connection)
            connection.execute("COMMIT")

    with pytest.raises(psycopg.OperationalError):
        client.run(key, work)
    record = client.lookup(key)
    assert record is not None
    assert record.state is semel.State.IN_PROGRESS, "nothing is reported: the lease lapses"


def test_what_the_server_refused_is_a_failure(client: semel.Client, key: str, postgres: Postgres) -> None:
    def work(attempt: semel.Attempt) -> None:
        with (
            postgres.holding("LOCK TABLE account IN ACCESS EXCLUSIVE MODE"),
            psycopg.connect(postgres.address) as connection,
        ):
            connection.execute("SET LOCAL lock_timeout = 1")
            connection.execute("SELECT 1 FROM account")

    with pytest.raises(psycopg.OperationalError):
        client.run(key, work)
    record = client.lookup(key)
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert record.outcome.reason == "LOCK_NOT_AVAILABLE"
