"""Time-series servers from Debian's packages as child processes: VictoriaMetrics and InfluxDB 1.6.

with victoria_metrics() as url: ...      # a URL for CHENGXIN_SERIES
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from tracewire.errors import Unavailable

from simulators.ports import free_port

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_S = 0.05
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@contextmanager
def victoria_metrics(port: int = 0) -> Iterator[str]:
    """Run VictoriaMetrics on a free loopback port, empty; what is written is visible at once."""
    port = port or free_port()
    with _home() as home:
        command = [
            _program("victoria-metrics"), f"-storageDataPath={home}/data", f"-httpListenAddr=127.0.0.1:{port}",
            "-search.latencyOffset=0s", "-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms",
        ]  # fmt: skip
        with _running(command, home, f"http://127.0.0.1:{port}/health"):
            yield f"http://127.0.0.1:{port}?read=promql"


@contextmanager
def influxdb(port: int = 0) -> Iterator[str]:
    """Run InfluxDB 1.6 on a free loopback port, with an empty database called chengxin."""
    port = port or free_port()
    with _home() as home:
        settings = home / "influxdb.conf"
        settings.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{home}/meta"\n[data]\ndir = "{home}/data"\nwal-dir = "{home}/wal"\n'
            f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
        )
        with _running([_program("influxd"), "-config", str(settings)], home, f"http://127.0.0.1:{port}/ping"):
            httpx.post(f"http://127.0.0.1:{port}/query", params={"q": "CREATE DATABASE chengxin"}).raise_for_status()
            yield f"http://127.0.0.1:{port}?db=chengxin"


@contextmanager
def _home() -> Iterator[Path]:
    """Make a folder of its own for a server, and remove it in the end; not under a test's, which are root's alone."""
    home = Path(tempfile.mkdtemp(prefix="chengxin-series-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(command: Sequence[str], home: Path, health: str) -> Iterator[None]:
    as_nobody: tuple[str, ...] = ()
    log = home / "log"
    log.touch()
    if os.geteuid() == 0:
        as_nobody = NOBODY
        for path in (home, *home.iterdir()):
            shutil.chown(path, "nobody", "nogroup")
    with log.open("ab") as stream:
        process = subprocess.Popen([*as_nobody, *command], stdout=stream, stderr=stream)  # noqa: S603 (Debian's)
    try:
        _wait(process, health, log)
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _wait(process: "subprocess.Popen[bytes]", health: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(health, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unavailable("series.start", log.read_text(errors="replace")[-800:])
        time.sleep(POLL_S)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Unavailable("series.missing", f"{name} is not installed")
    return found
