"""A device that lives on the host: seals a proper chained history with the shared format.

    trust = Trust()
    farm = Node("farm-0001", "farm", code_base="3502000010001")
    sealed = farm.seal(record.LOT, {"lot": farm.next_code(), "source": 2, ...})
    bundle, root_point = trust.bundle([farm]), trust.root_point

Why beside the firmware: upstream nodes of a market morning and hundreds of test devices need the format, not a board.
A node keeps its history in memory only; whoever needs it durable keeps what ``seal`` returns.
"""

import os
import time

from tracewire import chain, cose, p256, record
from tracewire.credential import Credential, Registry, Voucher, seal_bundle

YEAR_MS = 365 * 24 * 3600 * 1000


def now_ms() -> int:
    """Return Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Node:
    """One simulated device: a name, a record key, and the head and totals of its history."""

    def __init__(
        self,
        name: str,
        role: str = "scale",
        secret: bytes | None = None,
        *,
        code_base: str | None = None,
        site: str | None = None,
        stall: str | None = None,
        seller: str | None = None,
    ) -> None:
        self.key = p256.SigningKey(secret or p256.new_secret(os.urandom))
        self.name = name
        self.role = role
        self.head = chain.GENESIS
        self.totals = (0, 0, 0)
        self.boot = 1
        self.credential = Credential(
            name, role, self.key.point, code_base=code_base, site=site, stall=stall, seller=seller
        )

    @property
    def kid(self) -> bytes:
        """Key identifier of the node's record key."""
        return self.key.kid

    def next_code(self) -> str:
        """Return the 20-digit code that the next counted record will have (spec 4.5)."""
        return record.code_of(self.credential.code_base or "", self.totals[0] + 1)

    def seal(self, kind: int, body: dict[str, object], time_ms: int | None = None) -> bytes:
        """Return the next record of this node's history, sealed; the head and the totals move on."""
        self.totals = record.advance(self.totals, kind, body)
        statement = record.Record(
            kind,
            body,
            self.head.seq + 1,
            self.head.digest,
            now_ms() if time_ms is None else time_ms,
            self.totals,
            self.boot,
        )
        sealed = cose.seal(statement.encode(), cose.RECORD, self.key)
        self.head = chain.Head(statement.seq, chain.digest(sealed))
        return sealed


class Trust:
    """A throw-away root and registry key, made at random, for tests and simulations."""

    def __init__(self, at_ms: int | None = None) -> None:
        """``at_ms``: Unix milliseconds at which its world begins; now, unless given."""
        self._now_ms = now_ms if at_ms is None else lambda: at_ms
        root = p256.SigningKey(p256.new_secret(os.urandom))
        self._registry_key = p256.SigningKey(p256.new_secret(os.urandom))
        now = self._now_ms()
        voucher = Voucher(self._registry_key.point, now - YEAR_MS, now + YEAR_MS)
        self._voucher = cose.seal(voucher.encode(), cose.VOUCHER, root)
        self._serial = 0
        self.root_point = root.point

    def bundle(self, nodes: "list[Node]") -> bytes:
        """Return a sealed registry of these nodes' credentials, with the next serial."""
        self._serial += 1
        registry = Registry(self._serial, self._now_ms(), [node.credential for node in nodes])
        return seal_bundle(registry, self._registry_key, self._voucher)
