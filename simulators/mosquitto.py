"""Debian's Mosquitto under the configuration that ``chengxin gateway init`` wrote, as a child process.

with MosquittoProcess(directory, port) as broker: ...; broker.kill(); broker.start()
"""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tracewire.errors import Unavailable

from edge.mosquitto.units import DEBIAN_MOSQUITTO

START_SECONDS = 30.0
STOP_SECONDS = 15.0
POLL_S = 0.02


class MosquittoProcess:
    """One broker; its log is ``mosquitto.log`` in its directory."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory = directory
        self._port = port
        self.log_path = directory / "mosquitto.log"

    def start(self) -> None:
        """Start it and wait until its port is open; `Unavailable` with its last words if not."""
        program = shutil.which("mosquitto") or DEBIAN_MOSQUITTO
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # Debian's program, our configuration
                [program, "-c", str(self._directory / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_open():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable("mosquitto.start", self.log_path.read_text()[-800:])
            time.sleep(POLL_S)

    def kill(self) -> None:
        """Pull the plug."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it as systemd would."""
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _is_open(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), START_SECONDS).close()
        except OSError:
            return False
        return True
