"""Which other hosts a process is connected to, told by the system: also from below Python."""

import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

_OFTEN = 0.05  # seconds; a connection to a host that does not answer is tried for much longer


@contextmanager
def other_hosts(pid: int) -> Iterator[set[str]]:
    """Addresses outside this machine that the process or its children had a socket to."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_OFTEN):
            try:
                seen.update(_others(psutil.Process(pid)))
            except psutil.NoSuchProcess:
                return

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def _others(process: psutil.Process) -> Iterator[str]:
    for one in (process, *process.children(recursive=True)):
        for connection in one.net_connections("inet"):
            if connection.raddr and not ipaddress.ip_address(connection.raddr.ip).is_loopback:
                yield connection.raddr.ip
