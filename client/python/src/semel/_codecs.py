"""How values become stored results, and stored results values again."""

from __future__ import annotations

import json
from typing import Any, Protocol, runtime_checkable

from semel._errors import CodecError

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


@runtime_checkable
class Codec(Protocol):
    """Turns what a function returns into bytes, and back when it is replayed.

    What `encode` raises happens after the effect: the run then goes on without storing the result, and says so.
    What `decode` raises reaches the caller of the run that replays.
    """

    def encode(self, value: Any) -> tuple[bytes, str]:
        """Payload, and its media type."""

    def decode(self, payload: bytes, content_type: str) -> Any:
        """The value of a payload that somebody stored, perhaps in another language."""


class StandardCodec:
    """bytes as they are, str as UTF-8, everything else as JSON.

    Tuples are lists when they are replayed, and names of dicts are text. Pass `default` (as of json.dumps) for types that
    JSON does not have.
    """

    def __init__(self, default: Any = None) -> None:
        self._json = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=default)

    def encode(self, value: Any) -> tuple[bytes, str]:
        """Raises what json raises for what it cannot say: TypeError, ValueError."""
        if isinstance(value, str):
            return value.encode(), TEXT
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value), BYTES
        return self._json.encode(value).encode(), JSON

    def decode(self, payload: bytes, content_type: str) -> Any:
        """By its media type: JSON and text are read, all else is bytes. Raises CodecError."""
        kind, _, parameters = content_type.partition(";")
        kind = kind.strip().lower()
        try:
            if kind == JSON or kind.endswith("+json"):
                return json.loads(payload)
            if kind.startswith("text/"):
                return payload.decode(_charset(parameters))
        except (ValueError, LookupError) as error:
            raise CodecError(f"a stored result is not the {content_type} that it says: {error}") from error
        return payload


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return "utf-8"
