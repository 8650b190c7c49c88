"""How many pairs a second: begin and complete of a fresh key, by N callers at once for S seconds, as one line of JSON.

    load.py --address HOST:PORT --mode aio --callers 64 --seconds 10 [--warm-up 1] [--payload 200] [--transport unary]

Modes: `sync` (threads) and `aio` (asyncio) call run(); `bare-sync` and `bare-aio` make two lookups a pair with gRPC alone,
no client of ours around it: what the calls themselves cost here.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
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
Work = Callable[[str], Any]
LOOKUP = "/semel.v1.IdempotencyService/Lookup"


@dataclasses.dataclass(frozen=True)
class Load:
    """What is asked for."""

    address: str
    callers: int
    seconds: float
    warm_up: float
    payload: bytes
    transport: Any


def on_threads(load: Load, pair: Work) -> Timings:
    """Each caller makes one pair after another until the time is over. Those of the warm-up do not count."""
    timings: list[Timings] = [[] for _ in range(load.callers)]
    prefix = semel.new_key()
    together = threading.Barrier(load.callers + 1)

    def work(caller: int) -> None:
        together.wait()
        begin, number = time.monotonic() + load.warm_up, 0
        while (began := time.monotonic()) < begin + load.seconds:
            pair(f"{prefix}/{caller}/{number}")
            number += 1
            if began >= begin:
                timings[caller].append(time.monotonic() - began)

    threads = [threading.Thread(target=work, args=(caller,)) for caller in range(load.callers)]
    for thread in threads:
        thread.start()
    together.wait()
    for thread in threads:
        thread.join()
    return [timing for each in timings for timing in each]


async def in_tasks(load: Load, pair: Callable[[str], Awaitable[Any]]) -> Timings:
    """As on_threads."""
    timings: Timings = []
    prefix = semel.new_key()
    begin = time.monotonic() + load.warm_up

    async def work(caller: int) -> None:
        number = 0
        while (began := time.monotonic()) < begin + load.seconds:
            await pair(f"{prefix}/{caller}/{number}")
            number += 1
            if began >= begin:
                timings.append(time.monotonic() - began)

    await asyncio.gather(*(work(caller) for caller in range(load.callers)))
    return timings


def sync_runs(load: Load) -> Timings:
    """run() of the blocking client."""
    with semel.Client(load.address, namespace="bench") as client:
        client.run(semel.new_key(), lambda attempt: load.payload)  # connected before the time runs
        return on_threads(load, lambda key: client.run(key, lambda attempt: load.payload))


def bare_sync(load: Load) -> Timings:
    """Two lookups a pair."""
    with grpc.insecure_channel(load.address) as channel:
        lookup = channel.unary_unary(LOOKUP, service.LookupRequest.SerializeToString, service.LookupResponse.FromString)

        def pair(key: str) -> None:
            lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)
            lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)

        pair("warm")
        return on_threads(load, pair)


async def aio_runs(load: Load) -> Timings:
    """run() of the client of asyncio."""

    async def effect(attempt: semel.aio.Attempt) -> bytes:
        return load.payload

    async with semel.aio.Client(load.address, namespace="bench", transport=load.transport) as client:
        await client.run(semel.new_key(), effect)
        return await in_tasks(load, lambda key: client.run(key, effect))


async def bare_aio(load: Load) -> Timings:
    """Two lookups a pair."""
    async with grpc.aio.insecure_channel(load.address) as channel:
        lookup = channel.unary_unary(LOOKUP, service.LookupRequest.SerializeToString, service.LookupResponse.FromString)

        async def pair(key: str) -> None:
            await lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)
            await lookup(service.LookupRequest(namespace="bench", key=key), timeout=2)

        await pair("warm")
        return await in_tasks(load, pair)


BLOCKING = {"sync": sync_runs, "bare-sync": bare_sync}
ASYNC = {"aio": aio_runs, "bare-aio": bare_aio}


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="localhost:7420")
    parser.add_argument("--mode", choices=[*BLOCKING, *ASYNC], default="aio")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument("--payload", type=int, default=200, help="bytes of each result")
    parser.add_argument("--transport", choices=["auto", "unary", "stream"], default="auto", help="of mode aio")
    given = parser.parse_args()
    load = Load(given.address, given.callers, given.seconds, given.warm_up, os.urandom(given.payload), given.transport)
    busy_before = resource.getrusage(resource.RUSAGE_SELF)
    timings = BLOCKING[given.mode](load) if given.mode in BLOCKING else asyncio.run(ASYNC[given.mode](load))
    busy = resource.getrusage(resource.RUSAGE_SELF)
    timings.sort()
    cpu = busy.ru_utime + busy.ru_stime - busy_before.ru_utime - busy_before.ru_stime
    figures = {
        "mode": given.mode,
        "transport": given.transport if given.mode == "aio" else "unary",
        "callers": given.callers,
        "pairs_per_s": round(len(timings) / given.seconds),
        "p50_us": round(timings[len(timings) // 2] * 1e6),
        "p99_us": round(timings[len(timings) * 99 // 100] * 1e6),
        "cpu_us_per_pair": round(cpu * 1e6 / len(timings)),  # with those of the warm-up
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
