"""The same in asyncio."""

# [aio]
import asyncio

import semel
import semel.aio


async def main() -> None:
    async with semel.aio.Client() as client:

        async def place(attempt: semel.aio.Attempt) -> str:
            await asyncio.sleep(0)  # ... the effect goes here; it is cancelled if the lease is lost ...
            return "placed"

        key = semel.new_key()
        outcomes = await asyncio.gather(*(client.run(key, place, wait=10) for _ in range(20)))
        print({outcome.value for outcome in outcomes}, "ran:", sum(not outcome.replayed for outcome in outcomes))


asyncio.run(main())
# [aio]
