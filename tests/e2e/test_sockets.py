"""The watch over the server's sockets sees what it is there for."""

import subprocess
import sys
import time

import pytest

from tests.e2e.sockets import other_hosts

# An address set aside for examples: nothing is sent, connecting a UDP socket only names it.
_CONNECT = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    one.connect((sys.argv[1], 9))
except OSError as error:
    sys.exit(print(error))
print("connected", flush=True)
sys.stdin.read()
"""


def seen(address: str) -> set[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", _CONNECT, address],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        said = child.stdout.readline()
        if said != "connected\n":
            pytest.skip(f"this machine has no way to other hosts: {said}")
        with other_hosts(child.pid) as hosts:
            end = time.monotonic() + 2
            while not hosts and time.monotonic() < end:
                time.sleep(0.02)
            return set(hosts)
    finally:
        child.communicate("")


def test_a_connection_to_another_host_is_seen_and_one_to_this_is_not() -> None:
    assert seen("127.0.0.1") == set()
    assert seen("198.51.100.1") == {"198.51.100.1"}
