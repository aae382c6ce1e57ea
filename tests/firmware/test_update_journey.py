"""A release from two people's keys to a scale that runs it, and a bad one that the scale takes back."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tracewire.errors import Unavailable

from provisioning import ca, cli, config, host_node
from provisioning.console import Console
from provisioning.enrol import Order, enrol
from simulators import firmware_image
from simulators.firmware_image import INTERPRETER, REPOSITORY
from simulators.scale_process import POWER_ON_LOADER, ScaleProcess
from simulators.site import CHENGXIN
from tests.firmware.update_kinds import SCALE, SETUP, Kind
from tests.provisioning.test_firmware_signing import ENTRY

Change = Callable[[str], str]
FLASH_BLOCKS = 512  # 2 MiB: two slots of 300 KB, the journal, room


class Site:
    """A folder with release keys, images, and the flash of one enrolled device, a scale unless told."""

    def __init__(self, folder: Path, setup: config.Setup = SETUP, kind: Kind = SCALE) -> None:
        self.folder = folder
        self.kind = kind
        self._setup = setup
        self.flash = folder / f"{kind}.flash"
        self.loader = firmware_image.build(packages=("update",))
        (folder / "passphrase").write_text("seven carp in a pond\n")
        for name in ("alice", "bob"):
            self.firmware("key", self.key(name), "--passphrase-file", folder / "passphrase")
        points = [self.key(name).with_suffix(".point") for name in ("alice", "bob")]
        ca.init(folder / "CA", "Market", b"seven carp in a pond", datetime.now(UTC))
        self.firmware("trust", *points, "--ca", folder / "CA")
        self._enrol()

    @staticmethod
    def command(*words: object) -> None:
        """Run ``chengxin …`` as a person would."""
        done = subprocess.run([str(CHENGXIN), *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def firmware(self, *words: object) -> None:
        """Run ``chengxin firmware …``."""
        assert cli.run(["firmware", *map(str, words)], [ENTRY]) == 0

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def image(self, name: str, **changes: Change) -> Path:
        """Return a compiled image; ``changes`` alter the source of the screens or of the upkeep."""
        names = {"screens": self.kind.screens, "upkeep": "update/upkeep.py"}
        changed = {names[module]: change for module, change in changes.items()}
        return firmware_image.build(self.folder / name, self.kind.packages, changes=changed)

    def device(self) -> ScaleProcess:
        """Return the device, which its loader starts."""
        device = self.kind.process(self.loader, self.flash)
        device.power_on = POWER_ON_LOADER
        return device

    def sign(self, image: Path, version: str, security_version: int) -> Path:
        """Let Alice and Bob sign an image."""
        one, two = self.folder / f"{version}.one", self.folder / f"{version}.cose"
        secret = ("--passphrase-file", self.folder / "passphrase")
        words = ("--version", version, "--security-version", security_version, "--model", self.kind)
        self.firmware("sign", image, "--key", self.key("alice"), "--out", one, *words, *secret)
        self.firmware("sign", image, "--key", self.key("bob"), "--add-to", one, "--out", two, *secret)
        points = [word for name in ("alice", "bob") for word in ("--point", self.key(name).with_suffix(".point"))]
        self.firmware("check", image, "--manifest", two, "--model", self.kind, *points)
        return two

    def bench(self, *words: object) -> str:
        """Do something to the flash of the scale, which is off."""
        done = subprocess.run(
            [str(INTERPRETER), "-X", "heapsize=1M", "tests/micropython/device_bench.py", *map(str, words)],
            cwd=REPOSITORY,
            env={**os.environ, "MICROPYPATH": f"{self.loader}:.frozen", "CHENGXIN_FLASH": str(self.flash)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def screen_after_start(self) -> list[str]:
        """Switch the scale on, wait until it is ready, switch it off; return what its screen showed."""

        async def run() -> list[str]:
            async with self.device() as scale:
                await scale.wait_until(lambda: any(line for line in scale.screen[2:]))
                return scale.screen

        return asyncio.run(run())

    def log(self) -> list[str]:
        """Return what the loader said."""
        lines = self.flash.with_suffix(".log").read_text(errors="replace").splitlines()
        return [line.removeprefix("loader: ") for line in lines if line.startswith("loader: ")]

    def _enrol(self) -> None:
        now = datetime.now(UTC)
        for role in ("gateway", "cloud"):
            enrol(
                self.folder / "CA",
                Order(f"{role}-01", role),
                host_node.HostNode(self.folder / role),
                host_node.outfit,
                now,
            )
        board = (
            f"env MICROPYPATH={self.image('enrolment')}:.frozen CHENGXIN_FLASH={self.flash}"
            f" CHENGXIN_FLASH_BLOCKS={FLASH_BLOCKS} {INTERPRETER} -X heapsize=1M -m device.enrol"
        )
        with Console(board) as console:
            order = Order(f"{self.kind}-0001", self.kind.role, stall="8号摊", site="第八市场")
            enrol(self.folder / "CA", order, console, self.kind.outfit(self._setup), now)


@pytest.mark.journey
def test_a_release_reaches_a_scale_and_a_bad_one_is_taken_back(tmp_path: Path) -> None:
    site = Site(tmp_path)
    old = site.image("old")
    site.bench("factory", old, site.sign(old, "1.0.0", 1))
    first_screen = site.screen_after_start()
    assert "请刷卡" in first_screen[3]

    new = site.image("new", screens=lambda source: source.replace("请刷卡", "新版本，请刷卡"))
    release = site.sign(new, "1.1.0", 2)
    site.bench("download", new, release, 50_000)  # the power fails
    assert site.screen_after_start() == first_screen
    assert "on trial from the next start" in site.bench("download", new, release)
    assert "新版本" in site.screen_after_start()[3]
    assert "confirmed" in site.bench("confirm")
    assert site.log()[-1] == "slot b starts: 1.1.0, on trial"

    bad = site.image("bad", screens=lambda source: "raise SystemError('a bug')\n" + source)
    assert "to come: " in site.bench("download", bad, site.sign(bad, "1.2.0", 2))
    for _ in range(3):
        with pytest.raises(Unavailable, match=r"scale\.stopped"):
            site.screen_after_start()
        assert site.log()[-1] == "slot a starts: 1.2.0, on trial"
    assert "新版本" in site.screen_after_start()[3]
    assert site.log()[-1] == "slot b starts: 1.1.0"
    assert site.bench("confirm") == "nothing to confirm\n"  # the scale has sealed the loader's notes itself
    assert "refused manifest.security_version" in site.bench("download", old, tmp_path / "1.0.0.cose")
