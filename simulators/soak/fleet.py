"""The devices of a soak day: the demo's two scales, and a slaughter line, a wholesale terminal and a handheld.

The three reach the gateway through a wire that can be made bad (``simulators.proxy``).
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from tracewire.p256 import SigningKey

from simulators import firmware_image, flash_files
from simulators.rail_process import RAIL_CELL
from simulators.scale_process import Cell
from simulators.site import GATEWAY_NAME, MARKET, Site
from simulators.terminal_process import HEAP, PLATFORM_CELL

LINE, HALL, HANDHELD = "line-0002", "hall-0002", "handheld-0001"
PLANT, WHOLESALE = "银祥肉联厂", "厦门批发市场"

_PACKAGES = {LINE: firmware_image.RAIL, HALL: firmware_image.TERMINAL, HANDHELD: firmware_image.HANDHELD}
_ROLES = {
    LINE: ("--role", "rail", "--site", PLANT, "--stall", PLANT),
    HALL: ("--role", "terminal", "--site", WHOLESALE, "--stall", WHOLESALE),
    HANDHELD: ("--role", "handheld", "--site", MARKET),
}
_LINE_SETUP = "rail = { species = 1, sides = false, lightest_g = 20000 }\n"
_HALL_SETUP = 'plu = [{ number = 1, name = "白条猪肉", price_fen_per_kg = 2400 }]\n'


def flash_of(site: Site, name: str) -> Path:
    """Return the flash image of a device of the site."""
    return site.directory / f"{name}.flash"


def images(site: Site) -> dict[str, Path]:
    """Return the compiled firmware of line, terminal and handheld, by name of the device."""
    return {
        name: firmware_image.build(site.directory / f"firmware-{name}", packages)
        for name, packages in _PACKAGES.items()
    }


def enrol(site: Site, built: dict[str, Path], port: int) -> None:
    """Enrol the three over their consoles, with their gateway at ``port``, and tell gateway and cloud."""
    gateway = f'gateway = {{ name = "{GATEWAY_NAME}", host = "127.0.0.1", port = {port} }}\n'
    trace = f'trace_url = "{site.url}/t/"\n'
    _enrol(site, HANDHELD, built[HANDHELD], gateway)
    line = trace + gateway + _weighs(RAIL_CELL, max_g=300_000, min_g=2_000, e_g=100) + _LINE_SETUP
    _enrol(site, LINE, built[LINE], line)
    hall = trace + gateway + _weighs(PLATFORM_CELL, max_g=150_000, min_g=1_000, e_g=50) + _HALL_SETUP
    _enrol(site, HALL, built[HALL], hall, ("--card-passphrase-file", str(site.card_passphrase_file)))
    for name in ("cloud-01", GATEWAY_NAME):
        site.chengxin("ca", "export", "--ca", str(site.authority), "--out", str(site.node(name)))


def kid_of(image: Path, flash: Path) -> bytes:
    """Return the key identifier of the device with this flash; it must be off."""
    return SigningKey(flash_files.read(image, flash, ["record.key"])["record.key"]).kid


def _weighs(cell: Cell, max_g: int, min_g: int, e_g: int) -> str:
    zero, per_kg = cell.calibration
    plate = f"max_g = {max_g}, min_g = {min_g}, e_g = {e_g}"
    return f"scale = {{ {plate}, zero_counts = {zero}, counts_per_kg = {per_kg} }}\n"


def _enrol(site: Site, name: str, image: Path, text: str, words: Sequence[str] = ()) -> None:
    setup = site.directory / f"{name}.toml"
    setup.write_text(text, encoding="utf-8")
    console = [
        "env", f"MICROPYPATH={image.resolve()}:.frozen", f"CHENGXIN_FLASH={flash_of(site, name).resolve()}",
        firmware_image.INTERPRETER, "-X", f"heapsize={HEAP}", "-m", "device.enrol",
    ]  # fmt: skip
    site.chengxin(
        "device", "enrol", name, "--ca", str(site.authority), *_ROLES[name],
        "--console", shlex.join(map(str, console)), "--setup", str(setup), *words,
    )  # fmt: skip
