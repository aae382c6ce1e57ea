"""A real PostgreSQL server for tests: Debian's package, on a free loopback port, as an unprivileged user."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from simulators.ports import free_port

_START_SECONDS = 60
_USER = "chengxin"


class PostgresServer:
    """One server over one directory; ``start`` after ``kill`` recovers, as after a crash.

    Without fsync: tests kill processes and never the machine, whose memory keeps what was written; with it a recovery
    first brings every file of every test's database to disk, which took a crowded machine more than a minute.
    """

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="chengxin-postgres-"))
        # The server refuses to run as root, who is whom CI runs tests as.
        self._as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as_user:
            shutil.chown(self._directory, "nobody", "nogroup")
        self._port = free_port()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._data = self._directory / "data"
        words = [_program("initdb"), "-D", self._data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=self._directory, **self._as_user)
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        words = [
            _program("postgres"), "-D", self._data, "-p", str(self._port), "-c", "listen_addresses=127.0.0.1",
            "-k", self._directory, "-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c", "fsync=off",
        ]  # fmt: skip
        log = (self._directory / "log").open("ab")
        with log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, cwd=self._directory, **self._as_user)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._directory / "log").read_text()[-2000:]
            assert time.monotonic() < deadline

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does; its clients lose their connections."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """End it and remove its directory."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._directory)

    def new_database(self, like: str = "template1") -> str:
        """Create a database, empty or a copy of the one with this name or URL, and return its URL."""
        name, original = f"test_{next(self._numbers)}", like.rpartition("/")[2]
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self._port}/{name}"

    @property
    def _conninfo(self) -> str:
        return f"host=127.0.0.1 port={self._port} user={_USER} dbname=postgres connect_timeout=5"

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self._conninfo).close()
            return True
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_START_SECONDS)
            self._process = None


def _program(name: str) -> str:
    found = shutil.which(name) or next(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), None)
    assert found, f"{name} is missing: install Debian's package postgresql (.ci/debian-packages)"
    return found
