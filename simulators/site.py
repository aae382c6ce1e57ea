"""One small site on this machine: authority, cloud, gateway, upstream nodes and scales, as `chengxin` makes them.

    with Site.create(Path("build/demo")) as site:
        site.cloud.start(); site.gateway.start()

Every step is the command a person would type; `site.say` shows it. The authority is a throw-away: its passphrase is
drawn at random and forgotten. Everything lies under one directory and listens on free loopback ports.
"""

import getpass
import os
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tracewire import cbor, record
from tracewire.errors import Unavailable

from cloud.ops import places
from cloud.ops.places import Place
from simulators import firmware_image, folder_lock
from simulators.mosquitto import MosquittoProcess
from simulators.ports import free_port
from simulators.scale_process import Cell
from simulators.service import Service

CHENGXIN = Path(sys.executable).with_name("chengxin")
MARKET = "厦门第八市场"
GATEWAY_NAME = "gateway-01"


@dataclass(frozen=True)
class Stall:
    """A stall with a scale: who sells there, what, and which load cell its scale has."""

    scale: str
    name: str
    seller: str
    """Public name."""
    seller_code: str
    """13 digits on the seller's card."""
    cell: Cell
    goods: tuple[tuple[int, str, int], ...]
    """(PLU key, name, price in fen per kg)."""

    def card(self, lot: str) -> bytes:
        """Return what is written on the seller's card: who, where, and which lot each key sells."""
        lots: list[object] = [[key, record.pack_digits(lot)] for key, _, _ in self.goods]
        return cbor.encode({1: record.pack_digits(self.seller_code), 2: self.name, 3: lots})


STALLS = (
    Stall(
        "scale-0001", "A12号 林记鲜肉", "林阿水", "3502000010101", Cell(seed=11),
        ((1, "五花肉", 3680), (2, "前腿肉", 2980), (3, "里脊肉", 4280), (4, "排骨", 5560)),
    ),
    Stall(
        "scale-0002", "B07号 陈家土猪", "陈美玉", "3502000010102",
        Cell(counts_at_zero=91_300, counts_per_kg=415_000, seed=22),
        ((1, "五花肉", 3580), (2, "后腿肉", 2860), (3, "猪蹄", 3980)),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Board:
    """Another device of the site: what is enrolled over its console, and which firmware it runs."""

    name: str
    role: str
    place: str
    """Where it stands: printed on its vouchers."""
    packages: tuple[str, ...]
    """Of ``firmware/app``, for `firmware_image.build`."""
    setup: str = ""
    """Its own tables of the set-up file; address of the trace pages and gateway come before them."""


UPSTREAM = (
    ("farm-0001", "farm", "绿源生态养殖场"),
    ("line-0001", "rail", "银祥肉联厂"),
    ("hall-0001", "terminal", MARKET),
)
"""Host-side upstream nodes: name, role, site."""

PLACES = {
    "绿源生态养殖场": Place(25.6835, 116.3576),
    "银祥肉联厂": Place(24.6410, 118.0937),
    MARKET: Place(24.4561, 118.0782),
}
"""Where on the map: degrees north and east."""

CONSOLE = ("console-01", "console", MARKET)
"""Where the market's opener decides: recalls, releases (`chengxin recall --help`)."""


class Site:
    """Directories, ports and services of one site; `create` builds it, leaving the context stops its services."""

    def __init__(self, directory: Path, say: Callable[[str], None], broker: str = "embedded") -> None:
        self._lock = folder_lock.take(directory)
        self.broker = broker
        self.directory = directory
        self.say = say
        self.mqtt_port, self.public_port, self.ingest_port, self.status_port = (free_port() for _ in range(4))
        self.image = directory / "firmware"
        self.cloud = Service(
            "cloud", [str(CHENGXIN), "cloud", "run", "--dir", str(self.node("cloud-01"))],
            f"{self.url}/healthz", directory / "cloud.log",
        )  # fmt: skip
        self.gateway = Service(
            "gateway", [str(CHENGXIN), "gateway", "run", "--dir", str(self.node(GATEWAY_NAME))],
            f"http://127.0.0.1:{self.status_port}/healthz", directory / "gateway.log",
        )  # fmt: skip
        self.console = Service(
            "console", [
                str(CHENGXIN), "console", "run", "--dir", str(self.node(CONSOLE[0])), "--accounts",
                str(self.node("cloud-01")), "--cloud", f"https://localhost:{self.ingest_port}",
            ],
            None, directory / "console.log",
        )  # fmt: skip
        self.mosquitto = MosquittoProcess(self.node(GATEWAY_NAME) / "broker", self.mqtt_port)

    @classmethod
    def create(
        cls,
        directory: Path,
        say: Callable[[str], None] = print,
        stalls: Sequence[Stall] = STALLS,
        boards: Sequence[Board] = (),
        broker: str = "embedded",
    ) -> "Site":
        """Make everything that a site needs, from nothing; an older site in `directory` is removed.

        With `broker="mosquitto"` its broker is `site.mosquitto`, to be started before the gateway. Misuse
        "site.folder_taken" when somebody works there.
        """
        site = cls(directory, say, broker)
        if directory.exists():
            shutil.rmtree(directory)
        directory.mkdir(parents=True)
        site._found_authority()
        site._enrol_nodes()
        site._enrol_scales(stalls)
        for board in boards:
            site.enrol_board(board)
        site.hand_out_registry()
        site._create_stores()
        return site

    def __enter__(self) -> "Site":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in (self.console, self.gateway, self.cloud):
            service.stop()
        self._lock.close()

    @property
    def url(self) -> str:
        """Where people look: trace pages, ledger, health."""
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def authority(self) -> Path:
        """Return the directory of the authority."""
        return self.directory / "ca"

    @property
    def card_passphrase(self) -> bytes:
        """Return what opens the masters of the cards; kept, because cards are issued after the site was built."""
        return self.card_passphrase_file.read_bytes().strip()

    @property
    def card_passphrase_file(self) -> Path:
        """Return the file with it, as commands take it."""
        return self.directory / "card-passphrase"

    def node(self, name: str) -> Path:
        """Return the directory of a host node."""
        return self.directory / name

    def flash(self, stall: Stall) -> Path:
        """Return the flash image of a stall's scale."""
        return self.flash_of(stall.scale)

    def flash_of(self, name: str) -> Path:
        """Return the flash image of the device called `name`."""
        return self.directory / f"{name}.flash"

    def image_of(self, board: Board) -> Path:
        """Return the compiled firmware of `board`."""
        return self.directory / f"firmware-{board.role}"

    def open_account(self, name: str, role: str, *limits: str) -> str:
        """Let somebody sign in at the cloud's pages; return their password."""
        told = self.chengxin(
            "cloud", "account", "add", name, "--role", role, *limits, "--dir", str(self.node("cloud-01"))
        )
        return told.rpartition("sign in with ")[2].split()[0]

    def chengxin(self, *words: str) -> str:
        """Run one `chengxin` command and return what it said; `Unavailable` with its complaint when it fails."""
        self.say("$ chengxin " + shlex.join(words).replace(str(self.directory), os.path.relpath(self.directory)))
        outcome = subprocess.run(  # noqa: S603  # our own command with our own words
            [str(CHENGXIN), *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if outcome.returncode != 0:
            raise Unavailable("site.command", f"chengxin {words[0]} {words[1]}: {outcome.stderr.strip()[-800:]}")
        return outcome.stdout.strip()

    def enrol_board(self, board: Board, mqtt_port: int = 0) -> None:
        """Compile the firmware of `board` and enrol it over its console; `mqtt_port` is for a wire to the gateway."""
        image = firmware_image.build(self.image_of(board), board.packages)
        place = ("--site", board.place, "--stall", board.place)
        self._enrol_over_console(board.name, board.role, image, board.setup, *place, mqtt_port=mqtt_port)

    def hand_out_registry(self) -> None:
        """Tell cloud, gateway and host nodes who is enrolled."""
        for name in ("cloud-01", GATEWAY_NAME, *(name for name, _, _ in (*UPSTREAM, CONSOLE))):
            self.chengxin("ca", "export", "--ca", str(self.authority), "--out", str(self.node(name)))

    def _found_authority(self) -> None:
        passphrase = self.directory / "passphrase"
        passphrase.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        self.chengxin(
            "ca", "init", "--dir", str(self.authority), "--organisation", "Chengxin demo",
            "--passphrase-file", str(passphrase),
        )  # fmt: skip
        passphrase.unlink()
        self.card_passphrase_file.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        self.chengxin("card", "keys", "--ca", str(self.authority), "--passphrase-file", str(self.card_passphrase_file))

    def _enrol_nodes(self) -> None:
        for name, role in (("cloud-01", "cloud"), (GATEWAY_NAME, "gateway")):
            self._enrol(name, role, "--dir", str(self.node(name)), "--host", "localhost", "--host", "127.0.0.1")
        for name, role, place in (*UPSTREAM, CONSOLE):
            self._enrol(name, role, "--dir", str(self.node(name)), "--site", place)

    def _enrol_scales(self, stalls: Sequence[Stall]) -> None:
        firmware_image.build(self.image)
        for stall in stalls:
            place = ("--site", MARKET, "--stall", stall.name, "--seller", stall.seller)
            self._enrol_over_console(stall.scale, "scale", self.image, self._scale_setup(stall), *place)

    def _enrol_over_console(
        self, name: str, role: str, image: Path, setup: str, *words: str, mqtt_port: int = 0
    ) -> None:
        file = self.directory / f"{name}.toml"
        header = (
            f'trace_url = "{self.url}/t/"\n'
            f'gateway = {{ name = "{GATEWAY_NAME}", host = "127.0.0.1", port = {mqtt_port or self.mqtt_port} }}\n'
        )
        file.write_text(header + setup, encoding="utf-8")
        console = [
            "env", f"MICROPYPATH={image.resolve()}:.frozen", f"CHENGXIN_FLASH={self.flash_of(name).resolve()}",
            firmware_image.INTERPRETER, "-X", "heapsize=192K", "-m", "device.enrol",
        ]  # fmt: skip
        if role == "terminal":
            words = (*words, "--card-passphrase-file", str(self.card_passphrase_file))
        self._enrol(name, role, "--console", shlex.join(map(str, console)), "--setup", str(file), *words)

    def _enrol(self, name: str, role: str, *words: str) -> None:
        self.chengxin("device", "enrol", name, "--ca", str(self.authority), "--role", role, *words)

    def _scale_setup(self, stall: Stall) -> str:
        zero, per_kg = stall.cell.calibration
        plu = "\n".join(
            f'    {{ number = {number}, name = "{name}", price_fen_per_kg = {price} }},'
            for number, name, price in stall.goods
        )
        return (
            f"scale = {{ max_g = 15000, min_g = 100, e_g = 5, zero_counts = {zero}, counts_per_kg = {per_kg} }}\n"
            f"plu = [\n{plu}\n]\n"
        )

    def _create_stores(self) -> None:
        self.chengxin(
            "cloud", "init", "--dir", str(self.node("cloud-01")),
            "--ingest-port", str(self.ingest_port), "--public-port", str(self.public_port),
        )  # fmt: skip
        places.write(self.node("cloud-01"), PLACES)
        self.chengxin(
            "gateway", "init", "--dir", str(self.node(GATEWAY_NAME)), "--cloud-url",
            f"https://localhost:{self.ingest_port}", "--mqtt-port", str(self.mqtt_port),
            "--status-port", str(self.status_port), "--broker", self.broker,
            "--broker-user", getpass.getuser(), "--gateway-user", getpass.getuser(),
        )  # fmt: skip
