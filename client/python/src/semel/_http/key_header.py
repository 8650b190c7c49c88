"""The value of an Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07)."""

from __future__ import annotations

import re
from collections.abc import Sequence

# RFC 8941, 3.3.3: printable ASCII between quotes, where a quote and a backslash follow a backslash.
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
# What clients send that do not know of structured fields. Without a comma: that is how servers join two headers to one.
_BARE = re.compile(r"[\x21\x23-\x2b\x2d-\x7e]+")
_ESCAPED = re.compile(r'\\(["\\])')


class MalformedKey(ValueError):
    """Two headers, an empty one, or one that is neither a string of structured fields nor a bare value."""


def key_of_header(values: Sequence[str]) -> str | None:
    """The key that a request carries; None where it carries none. Raises MalformedKey.

    The draft's value is a string of structured fields, `"8e03978e"`, of which the quotes are no part of the key. A bare
    value is taken too. Parameters after it are refused: the draft defines none.
    """
    if not values:
        return None
    if len(values) > 1:
        raise MalformedKey("the header came twice")
    value = values[0].strip(" \t")
    quoted = _QUOTED.fullmatch(value)
    key = _ESCAPED.sub(r"\1", quoted.group(1)) if quoted else value
    if not key:
        raise MalformedKey("the header is empty")
    if quoted is None and _BARE.fullmatch(value) is None:
        raise MalformedKey('the header is neither a quoted string, such as "8e03978e", nor one word of printable ASCII')
    return key
