"""The devices of a soak day: the demo's two scales, and a slaughter line, a wholesale terminal and a handheld.

The three reach the gateway through a wire that can be made bad (``simulators.proxy``).
"""

from pathlib import Path

from tracewire.p256 import SigningKey

from simulators import boards, flash_files
from simulators.site import MARKET, Site

LINE = boards.rail("line-0002", "银祥肉联厂")
HALL = boards.terminal("hall-0002", "厦门批发市场")
HANDHELD = boards.handheld("handheld-0001", MARKET)


def enrol(site: Site, mqtt_port: int) -> None:
    """Enrol the three over their consoles, with their gateway at ``mqtt_port``, and tell gateway and cloud."""
    for board in (LINE, HALL, HANDHELD):
        site.enrol_board(board, mqtt_port)
    site.hand_out_registry()


def kid_of(image: Path, flash: Path) -> bytes:
    """Return the key identifier of the device with this flash; it must be off."""
    return SigningKey(flash_files.read(image, flash, ["record.key"])["record.key"]).kid
