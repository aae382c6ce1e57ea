"""An authority for tests, and boards enrolled by it: the shipped enrolment, on the real interpreter."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioning import ca, config, host_node
from provisioning.console import Console
from provisioning.enrol import Order, Outfit, enrol
from simulators.firmware_image import INTERPRETER
from simulators.scale_process import HEAP, Cell

PASSPHRASE = b"seven carp in a pond"
NOBODY_LISTENS = 9  # the discard port


def set_up(cell: Cell, max_g: int, min_g: int, e_g: int, **more: Any) -> config.Setup:
    """Return the set-up of a device that weighs with ``cell``, at a gateway that never answers."""
    return config.Setup(
        gateway_name="gateway-01",
        gateway_host="127.0.0.1",
        gateway_port=NOBODY_LISTENS,
        trace_url="http://127.0.0.1:8080/t/",
        max_g=max_g,
        min_g=min_g,
        e_g=e_g,
        zero_counts=cell.counts_at_zero,
        counts_per_kg=cell.counts_per_kg,
        **more,
    )


def found_authority(site: Path) -> Path:
    """Make an authority with a gateway and a cloud under ``site`` and return its folder."""
    now = datetime.now(UTC)
    ca.init(site / "CA", "Market", PASSPHRASE, now)
    for role in ("gateway", "cloud"):
        enrol(site / "CA", Order(f"{role}-01", role), host_node.HostNode(site / role), host_node.outfit, now)
    return site / "CA"


def enrol_board(authority: Path, image: Path, flash: Path, order: Order, outfit: Outfit) -> Path:
    """Enrol a new board whose flash is the file ``flash``; return that file."""
    board = f"env MICROPYPATH={image}:.frozen CHENGXIN_FLASH={flash} {INTERPRETER} -X heapsize={HEAP} -m device.enrol"
    with Console(board) as console:
        enrol(authority, order, console, outfit, datetime.now(UTC))
    return flash
