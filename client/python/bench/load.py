"""How many pairs a second: begin and complete of a fresh key, by N callers at once for S seconds, as one line of JSON.

    load.py --address HOST:PORT --mode aio --callers 64 --seconds 10 [--transport unary]

Modes: `sync` (threads) and `aio` (asyncio) call run(); `bare-sync` and `bare-aio` make two lookups a pair with gRPC alone,
no client of ours around it: what the calls themselves cost here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

import semel
import semel.aio
from semel.v1 import idempotency_service_pb2 as service

Timings = list[float]  # seconds, one for each pair
LOOKUP = "/semel.v1.IdempotencyService/Lookup"


def on_threads(callers: int, seconds: float, pair: Callable[[str], Any]) -> Timings:
    """Each caller makes one pair after another until the time is over."""
    timings: list[Timings] = [[] for _ in range(callers)]
    prefix = semel.new_key()
    together = threading.Barrier(callers + 1)

    def work(caller: int) -> None:
        together.wait()
        end, number = time.monotonic() + seconds, 0
        while (began := time.monotonic()) < end:
            pair(f"{prefix}/{caller}/{number}")
            number += 1
            timings[caller].append(time.monotonic() - began)

    threads = [threading.Thread(target=work, args=(caller,)) for caller in range(callers)]
    for thread in threads:
        thread.start()
    together.wait()
    for thread in threads:
        thread.join()
    return [timing for each in timings for timing in each]


async def in_tasks(callers: int, seconds: float, pair: Callable[[str], Awaitable[Any]]) -> Timings:
    """As on_threads."""
    timings: Timings = []
    prefix = semel.new_key()
    end = time.monotonic() + seconds

    async def work(caller: int) -> None:
        number = 0
        while (began := time.monotonic()) < end:
            await pair(f"{prefix}/{caller}/{number}")
            number += 1
            timings.append(time.monotonic() - began)

    await asyncio.gather(*(work(caller) for caller in range(callers)))
    return timings


def sync_runs(address: str, callers: int, seconds: float, transport: str) -> Timings:
    """run() of the blocking client."""
    with semel.Client(address, namespace="bench") as client:
        client.run(semel.new_key(), lambda attempt: b"ok")  # connected before the time runs
        return on_threads(callers, seconds, lambda key: client.run(key, lambda attempt: b"ok"))


def bare_sync(address: str, callers: int, seconds: float, transport: str) -> Timings:
    """Two lookups a pair."""
    with grpc.insecure_channel(address) as channel:
        lookup = channel.unary_unary(LOOKUP, service.LookupRequest.SerializeToString, service.LookupResponse.FromString)

        def pair(key: str) -> None:
            lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)
            lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)

        pair("warm")
        return on_threads(callers, seconds, pair)


async def aio_runs(address: str, callers: int, seconds: float, transport: Any) -> Timings:
    """run() of the client of asyncio."""

    async def effect(attempt: semel.aio.Attempt) -> bytes:
        return b"ok"

    async with semel.aio.Client(address, namespace="bench", transport=transport) as client:
        await client.run(semel.new_key(), effect)
        return await in_tasks(callers, seconds, lambda key: client.run(key, effect))


async def bare_aio(address: str, callers: int, seconds: float, transport: str) -> Timings:
    """Two lookups a pair."""
    async with grpc.aio.insecure_channel(address) as channel:
        lookup = channel.unary_unary(LOOKUP, service.LookupRequest.SerializeToString, service.LookupResponse.FromString)

        async def pair(key: str) -> None:
            await lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)
            await lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)

        await pair("warm")
        return await in_tasks(callers, seconds, pair)


BLOCKING = {"sync": sync_runs, "bare-sync": bare_sync}
ASYNC = {"aio": aio_runs, "bare-aio": bare_aio}


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="localhost:7420")
    parser.add_argument("--mode", choices=[*BLOCKING, *ASYNC], default="aio")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--transport", choices=["auto", "unary", "stream"], default="auto", help="of mode aio")
    given = parser.parse_args()
    arguments = (given.address, given.callers, given.seconds, given.transport)
    busy_before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    timings = BLOCKING[given.mode](*arguments) if given.mode in BLOCKING else asyncio.run(ASYNC[given.mode](*arguments))
    taken = time.monotonic() - began
    busy = resource.getrusage(resource.RUSAGE_SELF)
    timings.sort()
    cpu = busy.ru_utime + busy.ru_stime - busy_before.ru_utime - busy_before.ru_stime
    figures = {
        "mode": given.mode,
        "transport": given.transport if given.mode == "aio" else "unary",
        "callers": given.callers,
        "pairs_per_second": round(len(timings) / min(taken, max(given.seconds, 0.001))),
        "p50_us": round(timings[len(timings) // 2] * 1e6),
        "p99_us": round(timings[len(timings) * 99 // 100] * 1e6),
        "cpu_us_per_pair": round(cpu * 1e6 / len(timings)),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
