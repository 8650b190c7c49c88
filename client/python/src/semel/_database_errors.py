"""Which exceptions of database drivers say that the connection was lost: nobody knows whether its last statement was done.

Drivers call that OperationalError or InterfaceError (PEP 249), and so they call much that a server refused: what tells them
apart is whether a server's code came with it. So do psycopg, psycopg2, asyncpg, PyMySQL, mysqlclient and MySQL Connector, and
SQLAlchemy and Django, which wrap them. Classes are known by their names: no driver is imported.
"""

from __future__ import annotations

_NAMES = frozenset({"OperationalError", "InterfaceError"})
# SQLSTATEs: of connections, of statements that may have been done, and of PostgreSQL's end, by an operator or a crash.
_LOST_STATES = ("08", "40003", "57P01", "57P02")
# MySQL's numbers: 2000 and above are those of its clients, of which three say that there was no connection; the others are
# those with which servers speak of a connection that ends.
_CLIENT_NUMBERS = frozenset(range(2000, 3000)) - {2002, 2003, 2005}
_LOST_NUMBERS = _CLIENT_NUMBERS | {0, 1053, 1080, 1184, 1927, 3169, 4031} | set(range(1152, 1162))


def lost_its_database(error: BaseException) -> bool:
    """Whether it says so. A failed attempt to connect counts where it reads the same, as with psycopg."""
    if getattr(error, "connection_invalidated", False):  # SQLAlchemy's word
        return True
    number = error.args[0] if error.args else None
    if _is_of_driver(error) and isinstance(number, int):
        return number in _LOST_NUMBERS
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        return state.startswith(_LOST_STATES)
    if not _is_of_driver(error) or any(kind.__module__ == "sqlite3" for kind in type(error).__mro__):
        return False  # SQLite has no connection to lose: "database is locked" is a refusal
    # What wraps another one has no code of its own: that one is looked at by itself.
    return error.__cause__ is None or not _is_of_driver(error.__cause__)


def _is_of_driver(error: BaseException) -> bool:
    return any(kind.__name__ in _NAMES for kind in type(error).__mro__)
