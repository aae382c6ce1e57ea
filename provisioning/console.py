"""Talk to a device over its serial console: one line out, one line back.

The console is a command whose standard input and output are the serial line: ``picocom -q /dev/ttyACM0`` for a board,
``micropython -m device.enrol`` for a virtual one. Lines that are not ours (boot messages, tracebacks) are passed over;
the last of them is quoted when the device falls silent, because it usually says why.
"""

import os
import select
import shlex
import subprocess
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from tracewire import enrolment
from tracewire.errors import Misuse, Unavailable

ANSWER_TIMEOUT_S = 60.0
"""Two keys and four signatures take a second on a small board, formatting a large flash up to half a minute."""


class Console:
    """A running console command; calling it with a message returns the device's answer. Close it, or use ``with``."""

    def __init__(self, command: str, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._received = b""
        self._last_foreign_line = ""
        words = shlex.split(command)
        if not words:
            raise Misuse("console.command", "the console command is empty")
        try:
            self._process = subprocess.Popen(  # noqa: S603  # the operator's own command, run without a shell
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
            )
        except OSError as problem:
            raise Misuse("console.command", f"cannot start {words[0]!r}: {problem.strerror}") from problem
        assert self._process.stdin is not None and self._process.stdout is not None  # both asked for above
        self._to_device, self._from_device = self._process.stdin, self._process.stdout

    def __call__(self, message: bytes) -> bytes:
        """Send ``message`` and return the answer; ``Unavailable("console.…")`` when the device falls silent."""
        with suppress(BrokenPipeError):  # the device has gone; what it printed before says more than this error
            self._to_device.write(enrolment.to_line(message).encode())
        deadline = time.monotonic() + self._timeout_s
        while True:
            line = self._next_line(deadline)
            answer = enrolment.from_line(line)
            if answer is not None:
                return answer
            self._last_foreign_line = line.strip() or self._last_foreign_line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. A device that is still listening sees the end of its input and stops."""
        self._to_device.close()
        self._from_device.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _next_line(self, deadline: float) -> str:
        while b"\n" not in self._received:
            if len(self._received) > enrolment.LONGEST_LINE:
                self._received = b""  # noise without line ends, such as a wrong baud rate
            waiting, _, _ = select.select([self._from_device], [], [], max(0.0, deadline - time.monotonic()))
            if not waiting:
                raise self._silent("console.timeout", f"the device did not answer within {self._timeout_s:.0f} s")
            received = os.read(self._from_device.fileno(), 4096)
            if not received:
                raise self._silent("console.closed", "the console was closed before the device answered")
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        return line.decode("ascii", "replace")

    def _silent(self, code: str, detail: str) -> Unavailable:
        return Unavailable(code, detail + (f"; it said: {self._last_foreign_line}" if self._last_foreign_line else ""))
