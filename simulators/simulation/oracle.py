"""What must be true after every step, whatever went wrong: judged from outside, by what lies on which disk.

A record counts as signed from the moment it is on a device's flash. From then on it is on that flash, or on the
gateway's disk if the flash was nearly full and the gateway said so, or in the cloud's ledger or quarantine: never
nowhere. The oracle asks the stores themselves; no counter of the product is believed.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tracewire import chain, receipt

from simulators.simulation.clockwork import World

Key = tuple[str, int]
"""Device and number."""


class BrokenPromise(BaseException):
    """A promise of the product did not hold; ends the world, and no handler of the product's may catch it."""


@dataclass
class _Life:
    """What one device has signed; ``unsettled`` holds the numbers that no cloud has yet.

    ``flash`` is what its journal holds, ``entrusted`` what it will not offer again, on the word of a gateway alone.
    """

    digests: dict[int, bytes] = field(default_factory=dict)
    unsettled: set[int] = field(default_factory=set)
    flash: range = range(0)
    entrusted: set[int] = field(default_factory=set)


class Oracle:
    """Hears every durable step. ``gateway_holds`` looks on the gateways' disks for (device, number).

    ``given_up`` counts records that burned with the one gateway that had them: devices had let go of them, or did so
    later, on that gateway's word and because their flash ran out.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._lives: dict[str, _Life] = defaultdict(_Life)
        self._ledger: dict[Key, bytes] = {}
        self._quarantine: set[bytes] = set()
        self._burned: set[Key] = set()
        self.gateway_holds: Callable[[str, int], bool] = lambda _device, _seq: False
        self.broken = ""
        self.given_up = 0

    @property
    def signed(self) -> int:
        """How many records all devices have signed."""
        return sum(len(life.digests) for life in self._lives.values())

    @property
    def unsettled(self) -> int:
        """How many of them no cloud has."""
        return sum(len(life.unsettled) for life in self._lives.values())

    def journaled(self, device: str, first_seq: int, sealed_records: list[bytes]) -> None:
        """Records are on a device's flash: no number of theirs may ever have been another record's."""
        life = self._lives[device]
        for seq, sealed in enumerate(sealed_records, first_seq):
            digest = chain.digest(sealed)
            if life.digests.setdefault(seq, digest) != digest:
                self._break(f"{device} signed number {seq} twice")
            if self._ledger.get((device, seq)) != digest and digest not in self._quarantine:
                life.unsettled.add(seq)

    def on_flash(self, device: str, oldest_seq: int, next_seq: int) -> None:
        """A device's journal holds ``oldest_seq`` to ``next_seq - 1``: whatever else it signed must be elsewhere."""
        life = self._lives[device]
        life.flash = range(oldest_seq, next_seq)
        for seq in life.unsettled:
            if seq not in life.flash and not self.gateway_holds(device, seq):
                self._break(f"{device} record {seq} is nowhere: flash has {oldest_seq} to {next_seq - 1}")

    def released(self, device: str, numbers: range, is_running_out: bool) -> None:
        """A device lets go of records: of what no cloud has, only when its flash runs out."""
        life = self._lives[device]
        entrusted = life.unsettled.intersection(numbers)
        if entrusted and not is_running_out:
            self._break(f"{device} let go of {min(entrusted)}, which no cloud has, and its flash has room")
        life.entrusted |= entrusted
        self._give_up(device, {seq for seq in entrusted if (device, seq) in self._burned})

    def burned(self, held: set[Key]) -> None:
        """A gateway's disk is gone for good, with the records it ``held`` for the cloud."""
        self._burned |= held
        for device, life in self._lives.items():
            self._give_up(device, {seq for seq in life.unsettled - set(life.flash) if (device, seq) in held})
            self._give_up(device, {seq for seq in life.unsettled & life.entrusted if (device, seq) in held})

    def robbed(self, device: str) -> None:
        """An old image of the flash was put back: what only that flash had is gone, and no number may come twice."""
        life = self._lives[device]
        life.unsettled = {seq for seq in life.unsettled if self.gateway_holds(device, seq)}
        life.flash = range(0)

    def committed(self, device: str, seq: int, digest: bytes) -> None:
        """A row of the ledger."""
        held = self._ledger.setdefault((device, seq), digest)
        if held != digest:
            self._break(f"the ledger has {device} {seq} twice, with other bytes")
        self._settle(device, seq, digest)

    def quarantined(self, device: str, seq: int, digest: bytes) -> None:
        """A row of the cloud's quarantine."""
        self._quarantine.add(digest)
        self._settle(device, seq, digest)

    def receipted(self, device: str, statement: receipt.Receipt) -> None:
        """The cloud has sealed a receipt: everything it speaks for must be on the cloud's disk already."""
        for seq in range(statement.seq_from, statement.seq_to + 1):
            if (device, seq) not in self._ledger:
                self._break(f"a receipt for {device} {seq}, which is not in the ledger")
        if statement.seq_to >= statement.seq_from and self._ledger[(device, statement.seq_to)] != statement.head:
            self._break(f"a receipt for {device} {statement.seq_to} with another head")
        for seq, digest, _code in statement.refused:
            if digest not in self._quarantine:
                self._break(f"a refusal of {device} {seq}, whose bytes are not kept")

    def finish(self) -> None:
        """After the calm: everything has arrived."""
        for device, life in self._lives.items():
            if life.unsettled:
                self._break(f"{device}: {len(life.unsettled)} records never arrived, first {min(life.unsettled)}")

    def require(self, holds: bool, promise: str) -> None:
        """Break the world unless a promise holds that only its owner can look at."""
        if not holds:
            self._break(promise)

    def _give_up(self, device: str, numbers: set[int]) -> None:
        """Take the loss of what a burned gateway had, unless another has it too."""
        gone = {seq for seq in numbers if not self.gateway_holds(device, seq)}
        self.given_up += len(gone)
        self._lives[device].unsettled -= gone

    def _settle(self, device: str, seq: int, digest: bytes) -> None:
        life = self._lives[device]
        if life.digests.get(seq) == digest:
            life.unsettled.discard(seq)

    def _break(self, promise: str) -> None:
        self.broken = self.broken or promise
        self._world.note("oracle", "BROKEN: " + promise)
        raise BrokenPromise(promise)
