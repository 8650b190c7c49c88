"""As fork.py, in asyncio."""

import asyncio
import os
import sys

import semel
import semel.aio


async def main(address: str, key: str) -> None:
    async def fn(attempt: semel.aio.Attempt) -> str:
        return "before"

    async with semel.aio.Client(address, namespace="shop") as client:
        await client.run(key, fn)
        child = os.fork()
        if child == 0:
            try:
                await client.lookup(key)
            except semel.ForkedProcess:
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, status
        assert (await client.run(key, fn)).replayed
    print("ok")


asyncio.run(main(*sys.argv[1:]))
