"""The devices of a soak day: the demo's two scales, and a slaughter line and a handheld enrolled beside them.

Line and handheld reach the gateway through a wire that can be made bad (``simulators.proxy``).
"""

import shlex
from pathlib import Path

from tracewire.p256 import SigningKey

from simulators import firmware_image, flash_files
from simulators.rail_process import RAIL_CELL
from simulators.scale_process import HEAP
from simulators.site import GATEWAY_NAME, MARKET, Site

LINE, HANDHELD = "line-0002", "handheld-0001"
PLANT = "银祥肉联厂"

_GATEWAY = 'gateway = {{ name = "{name}", host = "127.0.0.1", port = {port} }}\n'
_LINE = """trace_url = "{url}/t/"
scale = {{ max_g = 300000, min_g = 2000, e_g = 100, zero_counts = {zero}, counts_per_kg = {per_kg} }}
rail = {{ species = 1, sides = false, lightest_g = 20000 }}
"""


def flash_of(site: Site, name: str) -> Path:
    """Return the flash image of a device of the site."""
    return site.directory / f"{name}.flash"


def images(site: Site) -> dict[str, Path]:
    """Return the compiled firmware of line and handheld, by name of the device."""
    return {
        LINE: firmware_image.build(site.directory / "firmware-rail", firmware_image.RAIL),
        HANDHELD: firmware_image.build(site.directory / "firmware-handheld", firmware_image.HANDHELD),
    }


def enrol(site: Site, built: dict[str, Path], port: int) -> None:
    """Enrol line and handheld over their consoles, with their gateway at ``port``, and tell gateway and cloud."""
    zero, per_kg = RAIL_CELL.calibration
    gateway = _GATEWAY.format(name=GATEWAY_NAME, port=port)
    setups = {LINE: gateway + _LINE.format(url=site.url, zero=zero, per_kg=per_kg), HANDHELD: gateway}
    roles = {
        LINE: ("--role", "rail", "--site", PLANT, "--stall", PLANT),
        HANDHELD: ("--role", "handheld", "--site", MARKET),
    }
    ca = ("--ca", str(site.directory / "ca"))
    for name, text in setups.items():
        setup = site.directory / f"{name}.toml"
        setup.write_text(text, encoding="utf-8")
        console = [
            "env", f"MICROPYPATH={built[name]}:.frozen", f"CHENGXIN_FLASH={flash_of(site, name).resolve()}",
            firmware_image.INTERPRETER, "-X", f"heapsize={HEAP}", "-m", "device.enrol",
        ]  # fmt: skip
        words = ("--console", shlex.join(map(str, console)), "--setup", str(setup))
        site.chengxin("device", "enrol", name, *ca, *roles[name], *words)
    for name in ("cloud-01", GATEWAY_NAME):
        site.chengxin("ca", "export", *ca, "--out", str(site.node(name)))


def kid_of(image: Path, flash: Path) -> bytes:
    """Return the key identifier of the device with this flash; it must be off."""
    return SigningKey(flash_files.read(image, flash, ["record.key"])["record.key"]).kid
