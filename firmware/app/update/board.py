"""What this board is and whose signatures it trusts: ``board.cbor``, written at enrolment and never by an update.

Why not in the release: a release that could name its own signers would be signed by nobody.
"""

from tracewire import cbor
from tracewire.errors import Misuse, Rejected
from tracewire.manifest import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from update.slots import State

FILE = "board.cbor"
"""Map {1: model, 2: hardware revision, 3: [point of a release key, 65 bytes, …], 4: port of releases}; 4 may lack."""


class Board:
    """``model`` and ``hardware`` revision of this board; ``points`` of the people who may release firmware for it.

    ``update_port``: where the gateway serves releases, 0 when it does not.
    """

    def __init__(self, model: str, hardware: int, points: "Sequence[bytes]", update_port: int = 0) -> None:
        self.model = model
        self.hardware = hardware
        self.points = tuple(points)
        self.update_port = update_port

    def target(self, state: "State") -> Target:
        """Return what a manifest must fit, with the floor and the loader that ``state`` remembers."""
        return Target(self.model, self.hardware, state.loader, state.floor)

    def encode(self) -> bytes:
        """Return the contents of ``board.cbor``."""
        return cbor.encode({1: self.model, 2: self.hardware, 3: list(self.points), 4: self.update_port})


def load(root: str) -> Board:
    """Read the board's file under ``root``; ``Misuse("board.…")`` when it is absent or broken: then nothing starts."""
    try:
        with open(root + "/" + FILE, "rb") as stream:
            content = stream.read()
    except OSError:
        raise Misuse("board.absent", "this board does not know what it is: enrol it")
    try:
        values = cbor.decode(content)
    except Rejected as refusal:
        raise Misuse("board.broken", refusal.code)
    if not isinstance(values, dict) or set(values) not in ({1, 2, 3}, {1, 2, 3, 4}):
        raise Misuse("board.broken", "keys 1 to 4 expected")
    model, hardware, points, port = values[1], values[2], values[3], values.get(4, 0)
    if not isinstance(port, int) or not 0 <= port < 65536:
        raise Misuse("board.broken", "port of the releases")
    if not isinstance(model, str) or not isinstance(hardware, int) or not isinstance(points, list):
        raise Misuse("board.broken", "model, hardware revision and release keys")
    if not all([isinstance(point, bytes) and len(point) == 65 for point in points]):
        raise Misuse("board.broken", "points have 65 bytes")
    return Board(model, hardware, points, port)
