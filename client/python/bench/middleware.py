"""What the HTTP middlewares cost: the time of a request with and without them, one after the other over a kept connection.

    SEMEL_TEST_SEMELD=... PYTHONPATH=tests python bench/middleware.py [--rounds 9] [--requests 300] [--folder DIRECTORY]

Flask under gunicorn with threads, FastAPI under uvicorn, each in two processes: the same handler with the middleware and
without it. The semeld is one of its own, with its data in a new folder of DIRECTORY (default: build), which has to be on a
disk. Rounds of all kinds of requests take turns. Prints medians over all rounds, and of the difference also the smallest and the
largest of a round.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import fastapi
import flask

import semel
import semel.aio
import semel.asgi
import semel.flask
from adapters.processes import running
from semeld import Semeld

HERE = Path(__file__).parent
CONFIGURATION = "log:\n  level: warning\nnamespaces:\n  bench: {}\n"
BODY = b'{"order": "17", "amount": 1250, "currency": "EUR"}'
WARM_UP = 20
WITH = "SEMEL_BENCH_WITH"  # in a server's environment: the middleware stands in the way

SERVERS = {
    "flask": (
        "gunicorn",
        "--workers=1",
        "--threads=4",
        "--keep-alive=75",
        "--bind=127.0.0.1:0",
        "middleware:flask_app()",
    ),
    "fastapi": (
        "uvicorn",
        "--factory",
        "--no-access-log",
        "--timeout-keep-alive=75",
        "--port=0",
        "middleware:fastapi_app",
    ),
}
KINDS = ("without", "fresh", "replayed")
"""No middleware; the middleware and a key of its own for each request; the middleware and one key for all."""


def flask_app() -> flask.Flask:
    """One route, as the next."""
    app = flask.Flask(__name__)

    def pay() -> tuple[dict[str, Any], int]:
        return {"paid": flask.request.get_json()["amount"]}, 201

    if WITH in os.environ:
        pay = semel.flask.Idempotency(app, semel.Client).required(pay)
    app.add_url_rule("/payments", "pay", pay, methods=["POST"])
    return app


def fastapi_app() -> fastapi.FastAPI:
    """One route, as the one before."""
    app = fastapi.FastAPI()

    async def pay(request: fastapi.Request) -> dict[str, Any]:
        return {"paid": (await request.json())["amount"]}

    if WITH in os.environ:
        app.add_middleware(semel.asgi.IdempotencyMiddleware)
        pay = semel.asgi.required(pay)
    app.add_api_route("/payments", pay, methods=["POST"], status_code=201)
    return app


@contextmanager
def serving(framework: str, environment: dict[str, str]) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server of its own, which is kept."""
    path = os.pathsep.join([str(HERE), str(HERE.parent / "tests")])  # for this module, and for what it imports
    with running(*SERVERS[framework], environment={**environment, "PYTHONPATH": path}) as server:
        found = re.search(r"http://([\d.:]+)", server.await_said("http://127.0.0.1:"))
        assert found is not None
        connection = http.client.HTTPConnection(found.group(1), timeout=30)
        try:
            yield connection
        finally:
            connection.close()


def one_request(connection: http.client.HTTPConnection, key: str, *, replayed: bool) -> float:
    """Seconds until its answer was there."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": f'"{key}"'}
    began = time.perf_counter()
    connection.request("POST", "/payments", BODY, headers)
    answer = connection.getresponse()
    answer.read()
    taken = time.perf_counter() - began
    if answer.status != 201 or (answer.getheader("Idempotency-Replayed") is not None) is not replayed:
        raise RuntimeError(f"not what is measured: {answer.status} {answer.getheaders()}")
    return taken


def one_round(connection: http.client.HTTPConnection, kind: str, requests: int) -> list[float]:
    """Timings of one kind of request."""
    same = semel.new_key()
    if kind == "replayed":
        one_request(connection, same, replayed=False)
    timings = []
    for number in range(WARM_UP + requests):
        key = same if kind == "replayed" else semel.new_key()
        taken = one_request(connection, key, replayed=kind == "replayed")
        if number >= WARM_UP:
            timings.append(taken)
    return timings


def measured(folder: Path, rounds: int, requests: int) -> dict[tuple[str, str], list[list[float]]]:
    """Timings of each round, by framework and kind."""
    timings: dict[tuple[str, str], list[list[float]]] = {}
    semeld = Semeld(folder, CONFIGURATION)
    semeld.start()
    with ExitStack() as all_servers:
        all_servers.callback(semeld.stop)
        environment = {"SEMEL_ADDRESS": semeld.address, "SEMEL_NAMESPACE": "bench"}
        connections: dict[tuple[str, bool], http.client.HTTPConnection] = {}
        for framework in SERVERS:
            for is_with in (False, True):
                given = {**environment, **({WITH: "1"} if is_with else {})}
                connections[framework, is_with] = all_servers.enter_context(serving(framework, given))
        for number in range(rounds):
            for framework in SERVERS:
                # Who comes first changes from round to round.
                for kind in KINDS[number % len(KINDS) :] + KINDS[: number % len(KINDS)]:
                    connection = connections[framework, kind != "without"]
                    timings.setdefault((framework, kind), []).append(one_round(connection, kind, requests))
    return timings


def told(framework: str, kind: str, timings: dict[tuple[str, str], list[list[float]]]) -> str:
    """A line of figures, in milliseconds."""
    rounds_with, rounds_without = timings[framework, kind], timings[framework, "without"]
    p50 = 1000 * statistics.median(each for one in rounds_with for each in one)
    without = 1000 * statistics.median(each for one in rounds_without for each in one)
    differences = [
        1000 * (statistics.median(one) - statistics.median(other))
        for one, other in zip(rounds_with, rounds_without, strict=True)
    ]
    return (
        f"{framework:8} {kind:9} with {p50:6.3f}  without {without:6.3f}  difference {p50 - without:6.3f} ms "
        f"(of a round {min(differences):.3f} to {max(differences):.3f})"
    )


def main() -> None:
    """Prints a line for each framework and kind of key."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=300, help="of each kind in a round")
    parser.add_argument("--folder", type=Path, default=HERE.parents[2] / "build", help="on the disk to measure with")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-middleware-", dir=given.folder) as folder:
        timings = measured(Path(folder), given.rounds, given.requests)
    for framework in SERVERS:
        for kind in KINDS[1:]:
            print(told(framework, kind, timings))


if __name__ == "__main__":
    main()
