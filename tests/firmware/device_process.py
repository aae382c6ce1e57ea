"""A device's process for tests: starts a script on the real interpreter and waits for what it says."""

import os
import queue
import subprocess
import threading
from typing import Self

import pytest

from tests.interpreters import MICROPYTHON, ROOT

SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"


class DeviceProcess:
    """One power-on of a device; leaving the block is ``kill -9``."""

    def __init__(self, script: str, *arguments: str, heap: str = "2M", **environment: str) -> None:
        self._process = subprocess.Popen(
            [str(MICROPYTHON), "-X", f"heapsize={heap}", f"tests/micropython/{script}", *arguments],
            cwd=ROOT,
            env={**os.environ, "MICROPYPATH": SEARCH_PATH, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.said: list[str] = []

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line.strip())

    def await_line(self, *parts: str, timeout_s: float = 15) -> str:
        """Return the next line that contains all ``parts``."""
        while True:
            try:
                line = self._lines.get(timeout=timeout_s)
            except queue.Empty:
                pytest.fail(f"never said {parts}, but {self.said[-20:]}")
            self.said.append(line)
            if all(part in line for part in parts):
                return line

    def is_quiet_for(self, seconds: float) -> bool:
        """Tell whether it says nothing for so long."""
        try:
            self.said.append(self._lines.get(timeout=seconds))
        except queue.Empty:
            return True
        return False

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(5)
