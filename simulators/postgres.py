"""A real PostgreSQL server for tests and measurements: Debian's package, on a free port, as an unprivileged user."""

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
from tracewire.errors import Misuse, Unavailable

from simulators.ports import free_port

_START_SECONDS = 60
_USER = "chengxin"
_NOBODY, _NO_GROUP = "nobody", "nogroup"


class PostgresServer:
    """One server over one directory; ``start`` after ``kill`` recovers, as after a crash.

    Without fsync unless it is ``durable``: tests kill processes and never the machine, whose memory keeps what was
    written; with it a recovery first brings every file of every test's database to disk, which took a crowded machine
    more than a minute. Measurements want it ``durable``, as a site has it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        """Make a cluster and start it; ``Unavailable("postgres.missing")`` where PostgreSQL is not installed."""
        initdb = _program("initdb")
        self._settings = ["fsync=on", "synchronous_commit=on"] if durable else ["fsync=off", "shared_buffers=16MB"]
        self._directory = Path(tempfile.mkdtemp(prefix="chengxin-postgres-"))
        # The server refuses to run as root, who is whom CI runs tests as.
        self._is_root = os.geteuid() == 0
        if self._is_root:
            shutil.chown(self._directory, _NOBODY, _NO_GROUP)
        self._port = free_port()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._data = self._directory / "data"
        words = ["-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        if self._run(initdb, *words).wait():
            raise Unavailable("postgres.initdb", self._last_words())
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        words = ["-D", str(self._data), "-p", str(self._port), "-k", str(self._directory)]
        for setting in ("listen_addresses=127.0.0.1", "max_connections=60", *self._settings):
            words += ["-c", setting]
        self._process = self._run(_program("postgres"), *words)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable("postgres.start", self._last_words())

    @property
    def pid(self) -> int:
        """Number of the process whose children serve the connections; ``Misuse`` when it does not run."""
        if self._process is None:
            raise Misuse("postgres.stopped")
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL to it and to all that serve for it, whatever they do; clients lose their connections."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        serving = children.read_text().split() if children.exists() else []  # elsewhere they notice and end themselves
        self._end(signal.SIGKILL)
        for process in serving:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)

    def remove(self) -> None:
        """End it and remove its directory."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._directory)

    def new_database(self, like: str = "template1") -> str:
        """Create a database, empty or a copy of the one with this name or URL, and return its URL."""
        name, original = f"chengxin_{next(self._numbers)}", like.rpartition("/")[2]
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self._port}/{name}"

    @property
    def _conninfo(self) -> str:
        return f"host=127.0.0.1 port={self._port} user={_USER} dbname=postgres connect_timeout=5"

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._directory / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # Debian's own programs
                words,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                user=_NOBODY if self._is_root else None,
                group=_NO_GROUP if self._is_root else None,
                extra_groups=[] if self._is_root else None,
            )

    def _last_words(self) -> str:
        return (self._directory / "log").read_text(encoding="utf-8", errors="replace")[-2000:]

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
    if found is None:
        raise Unavailable("postgres.missing", f"no {name}: install Debian's package postgresql (.ci/debian-packages)")
    return found
