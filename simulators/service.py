"""A real program of ours as a child process: start it, wait until it answers, kill it, start it again."""

import signal
import subprocess
import time
from pathlib import Path

import httpx
from tracewire.errors import Misuse, Unavailable

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05


class Service:
    """One program, its log file, and the page that tells that it is up; one that serves nobody is up when it runs."""

    def __init__(self, name: str, command: list[str], health_url: str | None, log: Path) -> None:
        self.name = name
        self.log = log
        self.starts = 0
        self._command = command
        self._health_url = health_url
        self._process: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        """Tell whether the process lives now."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's number; `Misuse` when it does not run."""
        if self._process is None:
            raise Misuse("service.stopped", self.name)
        return self._process.pid

    def start(self) -> None:
        """Start the program and wait until its health page answers; `Unavailable` with its last words if not."""
        if self.is_running():
            raise Misuse("service.running", self.name)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.starts += 1
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if not self.is_running() or time.monotonic() > deadline:
                raise Unavailable("service.start", f"{self.name}: {self.last_words()}")
            time.sleep(POLL_S)

    def kill(self) -> None:
        """Cut it off: SIGKILL, nothing more is written."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end and wait; a program that does not end in time is killed."""
        self._end(signal.SIGTERM)

    def last_words(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-1500:] if self.log.exists() else ""

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        if self._health_url is None:
            return self.is_running()
        try:
            return httpx.get(self._health_url, timeout=1.0).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
