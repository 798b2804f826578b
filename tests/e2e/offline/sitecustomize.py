"""Python reads this when it starts with this folder on its path: no connection but to itself."""

import ipaddress
import sys
from typing import Any

LEFT = "tried to reach another host"


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"  # else a local socket
    elif event == "socket.getaddrinfo":
        host = arguments[0] or "127.0.0.1"
    else:
        return
    if not _local(host):
        sys.stderr.write(f"The server {LEFT}: {host!r}\n")
        raise OSError(f"the test lets nothing reach {host!r}")


def _local(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_watch)
