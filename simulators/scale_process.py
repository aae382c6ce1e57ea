"""A virtual counter scale: the shipped firmware in a real MicroPython process, and a hand at its front panel.

    scale = ScaleProcess(firmware_image.build(), flash)
    await scale.start()
    await scale.present_card(card)
    await scale.put_load(520)
    await scale.wait_for_lamp("stable")
    await scale.press("plu1")
    slip = await scale.next_slip()
    await scale.kill()                      # a power cut

The panel's protocol is described in ``simulators/board/README.md``. Everything waits for an event of the board; nothing
sleeps and hopes.
"""

import asyncio
import contextlib
import json
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tracewire.errors import Misuse, Unavailable

from simulators.firmware_image import REPOSITORY, ROM_FILE

HEAP = "192K"
"""MicroPython heap of a scale on a 64-bit interpreter; a 32-bit board holds the same objects in 128 KiB."""

POWER_ON = REPOSITORY / "simulators" / "board" / "power_on.py"
POWER_ON_LOADER = POWER_ON.with_name("power_on_loader.py")
POWER_ON_MEASURED = POWER_ON.with_name("power_on_measured.py")
POWER_ON_HASTY = POWER_ON.with_name("power_on_hasty.py")

PROGRAM = "scale.main"

START_TIMEOUT_S = 30.0
WAIT_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Cell:
    """Which load cell is mounted: its calibration, its faults and the seed of its noise."""

    counts_at_zero: int = 84_000
    counts_per_kg: int = 420_000
    noise_counts: int = 120
    """Standard deviation of one sample; about 0.3 g."""
    drift_counts: int = 400
    """Amplitude of the slow drift (ten minutes a period); about 1 g."""
    seed: int = 1
    haste: int = 1
    """How many times as often as 20 times a second it delivers; each sample stands for the same 50 ms of the pan."""

    @property
    def calibration(self) -> list[int]:
        """Return what enrolment writes into ``config.cbor`` under key 13."""
        return [self.counts_at_zero, self.counts_per_kg]


class ScaleProcess:
    """One scale at one stall. Its memory is the flash image: start it again and it goes on where it was.

    ``beeps`` are the sounds it made since it was switched on, oldest first.
    ``messages`` counts what the board has said: whoever looks at the rest sees by it that something is new.
    ``power_on`` is what runs first; with ``POWER_ON_LOADER`` the image is the loader's, and the program comes from a
    slot on the flash.
    """

    def __init__(
        self,
        image: Path,
        flash: Path,
        *,
        cell: Cell | None = None,
        clock_offset_ms: int = 0,
        heap: str = HEAP,
        program: str = PROGRAM,
    ) -> None:
        """Prepare a scale that runs the compiled ``image`` on the enrolled ``flash``; ``start`` switches it on.

        ``program`` is the module of the image that is run.
        """
        self.screen: list[str] = []
        self.lamps: frozenset[str] = frozenset()
        self.slips: list[bytes] = []
        self.beeps: list[str] = []
        self.messages = 0
        self.log = flash.with_suffix(".log")
        self._image = image.resolve()
        self._flash = flash.resolve()
        self._cell = cell or Cell()
        self._clock_offset_ms = clock_offset_ms
        self._heap = heap
        self.power_on = POWER_ON
        self._program = program
        self._slips_taken = 0
        self._load_grams: float = 0
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._line: asyncio.StreamWriter | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "ScaleProcess":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # Power

    async def start(self) -> None:
        """Switch on and wait until it is ready: zero is found, or, with goods left on the pan, it shows something.

        Raises Unavailable "scale.stopped" when it does not boot.
        """
        if self._process is not None:
            raise Misuse("scale.running")
        self.screen, self.lamps, self.beeps = [], frozenset(), []
        self._server = await asyncio.start_server(self._plugged_in, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "simulators.interpreter", self._image / ROM_FILE,
                "-X", f"heapsize={self._heap}", self.power_on,
                env=self._environment(f"{host}:{port}"), cwd=REPOSITORY, stdout=log, stderr=log,
            )  # fmt: skip
        self._ending = asyncio.create_task(self._notice_end(self._process))
        await self.wait_until(self._is_ready, START_TIMEOUT_S)

    async def kill(self) -> None:
        """Cut the power: SIGKILL, nothing more is written."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self._clear_up()

    async def stop(self) -> None:
        """Pull the plug of the panel and wait until the board has stopped; a stopped board is left as it is."""
        if self._line is not None:
            self._line.close()
        elif self._process is not None and self._process.returncode is None:
            self._process.terminate()
        await self._clear_up()

    async def restart(self) -> None:
        """Cut the power and switch on again."""
        await self.kill()
        await self.start()

    def abandon(self) -> None:
        """Kill the process without waiting, for callers that have no event loop any more."""
        if self.is_running and self._process is not None:
            self._process.kill()

    @property
    def erases(self) -> int:
        """How many blocks of its flash it has erased in its life, enrolment not counted."""
        wear = self._flash.with_suffix(".wear")
        return wear.stat().st_size if wear.exists() else 0

    @property
    def least_free_bytes(self) -> int:
        """The least of its heap that was free so far; with ``POWER_ON_MEASURED``, which tells the log."""
        told = re.findall(r"^heap: (\d+) bytes free$", self.log.read_text(errors="replace"), re.MULTILINE)
        return min(map(int, told))

    @property
    def is_running(self) -> bool:
        """Tell whether the board's process lives."""
        return self._process is not None and self._process.returncode is None

    # Hands

    async def put_load(self, grams: float) -> None:
        """Let ``grams`` lie on the pan from now on, instead of what lay there; also while the scale is off."""
        self._load_grams = grams
        if self.is_running:
            await self._send("load", grams)

    async def remove_load(self) -> None:
        """Take everything off the pan."""
        await self.put_load(0)

    async def press(self, key: str) -> None:
        """Press and release ``key``."""
        await self._send("key", key)

    async def present_card(self, contents: bytes) -> None:
        """Hold a card against the reader."""
        await self._send("card", contents.hex())

    async def take_card(self) -> None:
        """Take the card away."""
        await self._send("card", None)

    async def open_case(self) -> None:
        """Open the case."""
        await self._send("case", "open")

    async def close_case(self) -> None:
        """Close the case."""
        await self._send("case", "closed")

    async def set_module(self, state: str) -> None:
        """Make the wire of the weighing module "ok", "silent" or full of "noise"."""
        await self._send("module", state)

    async def set_printer(self, status: str) -> None:
        """Make the printer "ok", "paper_out" or "jam"."""
        await self._send("printer", status)

    async def set_battery(self, percent: int | None) -> None:
        """Give the battery so much charge; None: there is none."""
        await self._send("battery", percent)

    # Eyes

    async def wait_until(self, condition: Callable[[], bool], timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait until ``condition`` holds, looking after every message of the board.

        Raises Unavailable "scale.stopped" when the process ends first, "scale.timeout" after ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: condition() or self._has_ended())
        except TimeoutError:
            raise Unavailable("scale.timeout", f"screen {self.screen}, lamps {sorted(self.lamps)}") from None
        if not condition():
            raise Unavailable("scale.stopped", self._last_words())

    async def wait_for_text(self, text: str, timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait until ``text`` is somewhere on the screen."""
        await self.wait_until(lambda: any(text in line for line in self.screen), timeout_s)

    async def wait_for_message(self, text: str, timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait until the answer to what was pressed, the third line, contains ``text``."""
        await self.wait_until(lambda: len(self.screen) > 2 and text in self.screen[2], timeout_s)

    async def wait_for_lamp(self, name: str, timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait until the lamp ``name`` is lit."""
        await self.wait_until(lambda: name in self.lamps, timeout_s)

    async def next_slip(self, timeout_s: float = WAIT_TIMEOUT_S) -> bytes:
        """Wait for the next slip that nobody has taken yet and take it."""
        await self.wait_until(lambda: len(self.slips) > self._slips_taken, timeout_s)
        self._slips_taken += 1
        return self.slips[self._slips_taken - 1]

    # Wiring

    def _is_ready(self) -> bool:
        return "zero" in self.lamps or bool(self._load_grams and self.screen)

    def _environment(self, panel: str) -> dict[str, str]:
        return {
            "MICROPYPATH": ".frozen",
            "CHENGXIN_FLASH": str(self._flash),
            "CHENGXIN_WEAR": str(self._flash.with_suffix(".wear")),
            "CHENGXIN_PANEL": panel,
            "CHENGXIN_CLOCK_OFFSET_MS": str(self._clock_offset_ms),
            "CHENGXIN_PROGRAM": self._program,
            "CHENGXIN_PROGRAM_FILE": str(self._flash.with_suffix(".program")),
        }

    async def _plugged_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._line = writer
        self._reader = asyncio.current_task()
        await self._send("cell", asdict(self._cell))
        await self._send("load", self._load_grams)  # a power cut does not clear the pan
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                if line.endswith(b"\n"):  # else the power went in mid-sentence
                    await self._notice(json.loads(line))

    async def _notice_end(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        async with self._changed:
            self._changed.notify_all()

    async def _notice(self, message: dict[str, Any]) -> None:
        async with self._changed:
            self.messages += 1
            self.screen = message.get("screen", self.screen)
            if "lamps" in message:
                self.lamps = frozenset(message["lamps"])
            if "beep" in message:
                self.beeps.append(message["beep"])
            if "slip" in message:
                self.slips.append(bytes.fromhex(message["slip"]))
            self._changed.notify_all()

    async def _send(self, name: str, value: object) -> None:
        if self._line is None or not self.is_running:
            raise Unavailable("scale.stopped", self._last_words())
        self._line.write(json.dumps({name: value}).encode() + b"\n")
        with contextlib.suppress(ConnectionError):  # the board died just now: the next wait tells
            await self._line.drain()

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    def _last_words(self) -> str:
        said = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        status = None if self._process is None else self._process.returncode
        return said or f"without a word, exit status {status}"

    async def _clear_up(self) -> None:
        if self._ending is not None and self._process is not None:
            try:
                await asyncio.wait_for(asyncio.shield(self._ending), STOP_TIMEOUT_S)
            except TimeoutError:  # it no longer notices its own plug
                self._process.kill()
                await self._ending
        if self._line is not None:
            self._line.close()
        if self._reader is not None:
            await self._reader
        if self._server is not None:
            self._server.close()
        self._process = self._server = self._line = self._reader = self._ending = None
