"""What operators need, in asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from semel._admin_calls import AdminCalls
from semel._aio.connection import Connection
from semel._answers import CreatedBackup, KeysPage, ListedKey, Resolved, State, Stats
from semel._durations import Duration
from semel._options import ConnectOptions, complete
from semel._outcomes import Report
from semel._requests import Absent

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack


class AdminClient:
    """A connection to the service's administration, for people and their tools; not for the path of requests.

    Of one event loop. Options as Client's; `owner`, `lease`, `codec` and `on_error` do not count, and the namespace may be
    empty: each call may name its own. Every call may raise InvalidRequest, Forbidden (the server does not serve
    administration here) and Unavailable; beyond these, what is named with it.
    """

    def __init__(self, address: str | None = None, **options: Unpack[ConnectOptions]) -> None:
        self._calls = AdminCalls(complete(address, options, needs_namespace=False))
        self._connection = Connection(self._calls.options)

    async def close(self) -> None:
        """Closes the connection. Calls that are under way end with ClientClosed."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def list_keys(
        self,
        *,
        namespace: str | None = None,
        prefix: str = "",
        state: State | None = None,
        page_size: int = 100,
        page_token: str = "",
    ) -> KeysPage:
        """A page of keys: first the open ones (oldest write first), then the settled ones in the order of their names.

        `namespace` "": of all namespaces. `page_token`: KeysPage.next_page_token of the page before, all else but
        page_size as it was. Keys that change between two pages may be listed twice or not at all. Changes nothing.
        """
        return await self._connection.perform(self._calls.list_keys(namespace, prefix, state, page_size, page_token))

    async def each_key(
        self, *, namespace: str | None = None, prefix: str = "", state: State | None = None, page_size: int = 100
    ) -> AsyncIterator[ListedKey]:
        """Every key of all pages; the pages are fetched as they are needed."""
        token = ""
        while True:
            page = await self.list_keys(
                namespace=namespace, prefix=prefix, state=state, page_size=page_size, page_token=token
            )
            for listed in page.keys:
                yield listed
            token = page.next_page_token
            if not token:
                return

    async def resolve_key(
        self,
        key: str,
        resolution: Report | Absent,
        *,
        reason: str,
        actor: str,
        namespace: str | None = None,
        attempt: int = 0,
        retention: Duration | None = None,
    ) -> Resolved:
        """Settles a key in doubt: the effect happened (Result), did not (Failure), or nothing happened (Absent).

        `reason` and `actor`, who decided and why, are for the audit log. `attempt`: the one that was looked at, from
        Record.attempt; only that one is resolved. Repeated after a lost reply; but Absent and a retryable Failure only where
        `attempt` is named, because another attempt may have begun and fallen in doubt meanwhile.

        Raises KeyNotFound, NotInDoubt, OutcomeConflict (settled meanwhile, otherwise), ResultTooLarge.
        """
        return await self._connection.perform(
            self._calls.resolve_key(
                key,
                resolution,
                reason=reason,
                actor=actor,
                namespace=namespace,
                attempt=attempt,
                retention=retention,
            )
        )

    async def delete_key(self, key: str, *, reason: str, actor: str, namespace: str | None = None) -> State:
        """Makes Semel forget a key, whatever its state, and answers that state: the next begin runs the effect again.

        An owner that still works can no longer complete. Not repeated after a lost reply: another attempt may have begun
        meanwhile. Raises KeyNotFound.
        """
        return await self._connection.perform(
            self._calls.delete_key(key, reason=reason, actor=actor, namespace=namespace)
        )

    async def get_stats(self) -> Stats:
        """Figures about the server, its namespaces and its storage. Changes nothing."""
        return await self._connection.perform(self._calls.get_stats())

    async def create_backup(self, *, actor: str, reason: str = "", timeout: Duration = 3600.0) -> CreatedBackup:
        """Backs up all that was acknowledged before, while the server goes on serving, into its directory for backups.

        Incremental. Answers when the backup is on disk, and waits up to `timeout` for it instead of call_timeout; a server
        that is still at it then goes on. Not repeated after a lost reply: that makes another backup.

        Raises BackupRefused.
        """
        return await self._connection.perform(self._calls.create_backup(reason=reason, actor=actor, timeout=timeout))
