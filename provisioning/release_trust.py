"""Whose signatures a device trusts for its firmware: the authority keeps their points, enrolment hands them on.

``chengxin firmware trust`` puts the points into the authority's directory. Every device that is enrolled afterwards
gets them in ``board.cbor``, beside its model and hardware revision. Why here and not in a release: a release that could
name its own signers would be signed by nobody. With fewer than two points no ``board.cbor`` is made: such a device runs
what was flashed into it and takes no update.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracewire import cbor
from tracewire.errors import Misuse
from tracewire.manifest import SIGNATURES_NEEDED
from tracewire.p256 import VerifyingKey, key_id

from provisioning import durable, firmware_signing, layout

FILE = "board.cbor"
_HIGHEST_PORT = 65535
_HIGHEST_REVISION = 0xFFFF


@dataclass(frozen=True)
class Update:
    """A set-up file's table ``update = { port = 8884, hardware = 1 }``; it may lack."""

    port: int = 0
    """Where the gateway serves releases (``firmware_port`` in its settings); 0: this device does not look for any."""
    hardware: int = 1
    """Revision of the board."""


NO_UPDATES = Update()


def read(tables: dict[str, Any]) -> Update:
    """Return the table ``update`` of a set-up file; ``Misuse("setup.update")`` when it is wrong."""
    table = tables.get("update", {})
    if not isinstance(table, dict) or not set(table) <= {"port", "hardware"}:
        raise Misuse("setup.update", "update has port and hardware, nothing else")
    update = Update(**table)
    bounds = ((update.port, _HIGHEST_PORT), (update.hardware, _HIGHEST_REVISION))
    if not all(type(number) is int and 0 <= number <= highest for number, highest in bounds):
        raise Misuse("setup.update", "update.port and update.hardware are whole numbers from 0 to 65535")
    return update


def trust(directory: Path, points: Sequence[Path]) -> list[bytes]:
    """Take release keys' points into the authority's directory and return the kids of all that it trusts now.

    On disk when this returns. ``Misuse`` for a file that holds no point.
    """
    folder = layout.existing(directory).release_points
    for path in points:
        point = firmware_signing.read_point(path)
        VerifyingKey(point)
        folder.mkdir(exist_ok=True)
        durable.replace(folder / f"{key_id(point).hex()}{firmware_signing.POINT_SUFFIX}", point)
    return [key_id(point) for point in trusted(directory)]


def trusted(directory: Path) -> tuple[bytes, ...]:
    """Return the points that devices of this authority trust, in order of their kids."""
    folder = layout.existing(directory).release_points
    return tuple(firmware_signing.read_point(path) for path in sorted(folder.glob(f"*{firmware_signing.POINT_SUFFIX}")))


def board_file(role: str, points: Sequence[bytes], update: Update) -> list[list[object]]:
    """Return ``[["board.cbor", contents]]`` for a device whose model is its ``role``; nothing without two signers."""
    if len(points) < SIGNATURES_NEEDED:
        return []
    return [[FILE, cbor.encode({1: role, 2: update.hardware, 3: list(points), 4: update.port})]]
