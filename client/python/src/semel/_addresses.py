"""What an address is, as far as it can be told without asking anybody."""

from __future__ import annotations

import re

from semel._errors import ConfigurationError

# Ways to name a server that gRPC knows beside host:port (gRPC, "Name Resolution").
_TARGET = re.compile(r"(dns|ipv4|ipv6|unix|unix-abstract|vsock|xds|google-c2p):", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+(%\w+)?\]|[^\s:/\[\]]+):(?P<port>[0-9]{1,5})")
_LARGEST_PORT = 65_535


def checked_address(address: object) -> str:
    """Raises ConfigurationError for what gRPC would look for in vain, or elsewhere."""
    if not isinstance(address, str):
        raise ConfigurationError(f"the address is text, host:port, and not {type(address).__name__}")
    found = _HOST_AND_PORT.fullmatch(address)
    if found is not None and 0 < int(found["port"]) <= _LARGEST_PORT:
        return address
    if found is None and _TARGET.match(address):
        return address
    raise ConfigurationError(
        f"the address is host:port, without a scheme, such as localhost:7420 or [::1]:7420, and not {address!r}"
    )
