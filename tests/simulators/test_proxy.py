"""The bad network: what it carries, what it cuts, and what it leaves hanging."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from simulators.proxy import Proxy

PATIENCE_SECONDS = 15


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says everything back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                while heard := connection.recv(4096):
                    connection.sendall(heard)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])


def called(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)


def test_bytes_go_through_both_ways(echo: int) -> None:
    with Proxy(echo) as wire, called(wire.port) as link:
        link.sendall(b"a record")
        assert link.recv(100) == b"a record"
        assert wire.opened == 1


def test_a_reset_is_a_reset_and_the_next_connection_works(echo: int) -> None:
    with Proxy(echo) as wire, called(wire.port) as link:
        link.sendall(b"a record")
        assert link.recv(100) == b"a record"
        wire.reset()
        with pytest.raises(ConnectionResetError):
            link.recv(100)
        with called(wire.port) as again:
            again.sendall(b"again")
            assert again.recv(100) == b"again"


def test_a_silenced_connection_stays_open_and_says_nothing(echo: int) -> None:
    with Proxy(echo) as wire, called(wire.port) as link, called(wire.port) as other:
        for each in (link, other):
            each.sendall(b"a record")
            assert each.recv(100) == b"a record"
        wire.silence()
        link.sendall(b"is anybody there?")
        link.settimeout(0.2)
        with pytest.raises(TimeoutError):
            link.recv(100)
        with called(wire.port) as fresh:
            fresh.sendall(b"new")
            assert fresh.recv(100) == b"new"


def test_a_slow_line_is_slow_and_loses_nothing(echo: int) -> None:
    with Proxy(echo) as wire, called(wire.port) as link:
        wire.slow(1_000_000, 0.05)
        begun = time.monotonic()
        link.sendall(b"a record")
        assert link.recv(100) == b"a record"
        assert time.monotonic() - begun >= 0.1  # both ways: never faster than asked for, however slow the machine


def test_a_target_that_is_down_is_a_line_that_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = int(closed.getsockname()[1])
    with Proxy(port) as wire, called(wire.port) as link, contextlib.suppress(ConnectionResetError):
        assert link.recv(100) == b""
