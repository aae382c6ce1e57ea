"""A large ledger for the trace figures: chains of twelve lots, farm to stall, and ten thousand sales of the last.

Filled through the ledger's own tables and ``tree.extend``, because a trace does not ask how a record came in. What a
trace verifies is really sealed: lots, movements, and the last sale of each chain. All other sales carry a made-up
signature, whose check costs the same and fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from tracewire import chain, p256, record
from tracewire.record import code_of

from cloud.app import create_stores
from cloud.config import TEMPLATE, Config, load
from cloud.db.bulk import insert_rows
from cloud.ledger import log_keys, store, tree
from cloud.stores import open_ledger
from simulators.node import Node, Trust, now_ms

DEPTH = 12
SALES = 10_000
_BATCH = 5_000
_GRAMS = 6_000_000
_ADD_RECORDS = insert(store.records)


@dataclass(frozen=True)
class Chain:
    """What one chain can be asked for: its first lot, and the slip of a sale that is really sealed."""

    farm_lot: str
    stall_lot: str
    slip: str
    sealed: bytes


class _NoSignature(p256.SigningKey):
    """The key of a device in a hurry."""

    def __init__(self, key: p256.SigningKey) -> None:
        self.point, self.kid = key.point, key.kid

    def sign(self, message: bytes) -> bytes:  # noqa: ARG002  # whatever it says
        return bytes(31) + b"\x01" + bytes(31) + b"\x01"


class TracingLedger:
    """A cloud's directory with about ``records`` records in its ledger; ``chains`` says what they tell."""

    def __init__(self, directory: Path, records: int) -> None:
        trust, secret = Trust(), bytes(31) + b"\x05"
        self._farm = Node("farm-0001", "farm", code_base="3508210010001", site="河田镇养殖场")
        self._hall = Node("hall-0001", "terminal", code_base="3502000020001", site="夏商批发市场")
        self._scales = [
            Node(f"scale-{number:04}", code_base=f"350200001{number:04}", site=f"第{number % 40 + 1}市场")
            for number in range(1, records // (2 * SALES) + 2)
        ]
        nodes = [self._farm, self._hall, *self._scales, Node("cloud-01", "cloud", secret)]
        self.config = _directory(directory, trust, trust.bundle(nodes), secret)
        self.chains: list[Chain] = []
        self._count = 0
        ledger = open_ledger(self.config)
        coming = self._rows(records)
        while rows := list(islice(coming, _BATCH)):
            with ledger.writer.begin() as connection:
                insert_rows(connection, _ADD_RECORDS, rows)
                tree.extend(connection, rows[0]["idx"] - 1, [row["sealed"] for row in rows])
        self.records = self._count
        ledger.close()

    def _rows(self, records: int) -> Iterator[dict[str, Any]]:
        number = 0
        while self._count < records:
            yield from self._chain(self._scales[number % len(self._scales)])
            number += 1

    def _chain(self, scale: Node) -> Iterator[dict[str, Any]]:
        first = lot = self._farm.next_code()
        origin: dict[str, object] = {
            "lot": lot,
            "source": 2,
            "goods": "猪肉",
            "place": "河田镇养殖场",
            "division": "350821",
        }
        yield self._row(self._farm, record.LOT, origin | {"net_grams": _GRAMS})
        for _ in range(DEPTH - 1):
            made = self._hall.next_code()
            body: dict[str, object] = {
                "movement": 2,
                "inputs": ((lot, _GRAMS),),
                "outputs": ((made, _GRAMS),),
                "goods": "猪肉",
            }
            yield self._row(self._hall, record.MOVEMENT, body)
            lot = made
        key, quick = scale.key, _NoSignature(scale.key)
        for number in range(SALES):
            scale.key = key if number == SALES - 1 else quick
            weighing: dict[str, object] = {
                "gross_grams": 508,
                "tare_grams": 8,
                "tare_mode": 1,
                "net_grams": 500,
                "e_grams": 5,
            }
            yield self._row(scale, record.WEIGHING, weighing)
            sale: dict[str, object] = {
                "net_grams": 500,
                "tare_grams": 8,
                "price_fen_per_kg": 3600,
                "amount_fen": 1800,
                "plu": 1,
            }
            yield (row := self._row(scale, record.SALE, sale | {"lot": lot, "weighing_back": 1}))
        slip = code_of(scale.credential.code_base or "", scale.totals[0])
        self.chains.append(Chain(first, lot, slip, row["sealed"]))

    def _row(self, node: Node, kind: int, body: dict[str, object]) -> dict[str, Any]:
        before, prev, time_ms = node.totals, node.head.digest, now_ms()
        sealed = node.seal(kind, body, time_ms)
        self._count += 1
        names = ("count", "grams", "fen")
        return {
            "idx": self._count,
            "device": node.name,
            "seq": node.head.seq,
            "digest": chain.digest(sealed),
            "prev": prev,
            "kid": node.kid,
            "kind": kind,
            **dict.fromkeys(("time_ms", "received_ms", "committed_ms", "moment_ms"), time_ms),
            "gateway": "gateway-01",
            "site": node.credential.site or "",
            "standing": "active",
            **{f"total_{name}": total for name, total in zip(names, node.totals, strict=True)},
            **{f"added_{name}": after - start for name, start, after in zip(names, before, node.totals, strict=True)},
            "sealed": sealed,
        }


def _directory(directory: Path, trust: Trust, bundle: bytes, secret: bytes) -> Config:
    (directory / "cloud.toml").write_text(TEMPLATE.format(ingest_port=0, public_port=0), encoding="utf-8")
    (directory / "root.point").write_bytes(trust.root_point)
    (directory / "registry.cose").write_bytes(bundle)
    (directory / "record.key").write_bytes(secret)
    config = load(directory)
    create_stores(config)
    log_keys.create(directory)
    return config
