"""The client for asyncio: the same names as in semel, with await.

::

    async with semel.aio.Client("localhost:7420", namespace="shop") as client:
        outcome = await client.run("order/17", place)  # async def place(attempt): ...
"""

from semel._aio.admin import AdminClient
from semel._aio.attempt import Attempt, OpenAttempt
from semel._aio.client import Client
from semel._aio.once import OnceFunction

__all__ = ["AdminClient", "Attempt", "Client", "OnceFunction", "OpenAttempt"]
