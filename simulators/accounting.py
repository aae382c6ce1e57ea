"""The ledger oracle: everything that was signed is in the ledger, once, byte for byte, and nothing else is.

Why apart from the product's own checks: the cloud's counters are what is on trial. Truth comes from the devices (an
upstream node's history file, a scale's own flash) and from the slips in people's hands.
"""

import base64
import json
import shutil
import sqlite3
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
from tracewire import cbor, chain, cose, record

from simulators.firmware_image import INTERPRETER

_READ_HEAD = """
import json, binascii
from hal import flash
from device import journal
root = flash.mount()
journal = journal.Journal(root + "/journal", 1 << 30)  # opened to be read: how much it may hold does not matter
last = journal.last()
print(json.dumps({"sealed": binascii.hexlify(last).decode() if last else None}))
"""


LONGEST_SILENCE_MS = 900_000
"""A device that runs says how it is at least every 15 minutes of its own time."""


@dataclass(frozen=True)
class LedgerRow:
    """One line of `GET /v1/ledger`."""

    index: int
    received_ms: int
    gateway: str
    sealed: bytes


def read_ledger(url: str) -> list[LedgerRow]:
    """Return every record of a running cloud's ledger, in order."""
    export = httpx.get(f"{url}/v1/ledger", timeout=60).raise_for_status().content
    _, at = cbor.decode_item(export, 0)  # the registry bundle
    rows = []
    while at < len(export):
        item, at = cbor.decode_item(export, at)
        assert isinstance(item, list)
        rows.append(LedgerRow(*item))
    return rows


def silences(records: Iterable[record.Record]) -> list[str]:
    """Return every record of one device before which it ran for longer than it may without a health record.

    From power-on, by its own clock; what a clock record set that to does not count as time that passed.
    """
    found, healthy_ms = [], 0
    for one in records:
        if one.kind == record.CLOCK:
            healthy_ms += one.time_ms - one.body["before_ms"]
        if one.kind == record.BOOT:
            healthy_ms = one.time_ms
        elif one.time_ms - healthy_ms > LONGEST_SILENCE_MS:
            found.append(f"record {one.seq}: {(one.time_ms - healthy_ms) // 1000} s since the last health record")
        if one.kind == record.HEALTH:
            healthy_ms = one.time_ms
    return found


def scale_head(image: Path, flash: Path) -> chain.Head:
    """Return the newest record in a switched-off device's own journal, read by the shipped journal code."""
    environment = {"MICROPYPATH": f"{image.resolve()}:.frozen", "CHENGXIN_FLASH": str(flash.resolve())}
    answer = subprocess.run(  # noqa: S603  # our interpreter, the script above
        [INTERPRETER, "-c", _READ_HEAD], env=environment, check=True, capture_output=True, text=True
    ).stdout
    sealed = json.loads(answer)["sealed"]
    if sealed is None:
        return chain.GENESIS
    raw = bytes.fromhex(sealed)
    return chain.Head(record.decode(cose.parse(raw).payload).seq, chain.digest(raw))


class FlashReader:
    """How many records a device has signed, by its flash image; read again only when the image has changed."""

    def __init__(self, image: Path, flash: Path) -> None:
        self.signed = 0
        self._image = image
        self._flash = flash
        self._copy = flash.with_suffix(".copy")
        self._read_at_ns = 0

    def refresh(self) -> None:
        """Read the newest record number; a copy torn by a write in progress is read again at the next time."""
        changed_ns = self._flash.stat().st_mtime_ns
        if changed_ns == self._read_at_ns:
            return
        shutil.copyfile(self._flash, self._copy)
        try:
            self.signed = max(self.signed, scale_head(self._image, self._copy).seq)
        except subprocess.CalledProcessError:
            return
        self._read_at_ns = changed_ns


def upstream_history(directory: Path) -> list[bytes]:
    """Return what an upstream node signed, from its own file."""
    history = (directory / "history.cborseq").read_bytes()
    sealed, at = [], 0
    while at < len(history):
        item, at = cbor.decode_item(history, at)
        assert isinstance(item, bytes)
        sealed.append(item)
    return sealed


def sale_latencies_ms(ledger: Path) -> list[int]:
    """Return, for each sale, the milliseconds from weighing to the ledger's commit; all clocks are this machine's."""
    connection = sqlite3.connect(f"file:{ledger.resolve()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT committed_ms - time_ms FROM records WHERE kind = ?", (record.SALE,))
        return [latency for (latency,) in rows]
    finally:
        connection.close()


def least_free_heap_bytes(rows: list[LedgerRow]) -> int | None:
    """Return the least free heap that any device reported in its health records; None before the first of them."""
    statements = (record.decode(cose.parse(row.sealed).payload) for row in rows)
    reported = [
        statement.body["heap_free_bytes"]
        for statement in statements
        if statement.kind == record.HEALTH and "heap_free_bytes" in statement.body
    ]
    return min(reported, default=None)


def sealed_in_url(url: str) -> bytes:
    """Return the sealed record that a slip's QR carries after `#`."""
    fragment = url.partition("#")[2]
    return base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))


@dataclass
class Account:
    """What should be in the ledger and what is; `errors` is empty when the two agree."""

    signed: int
    committed: int
    doubled: int
    errors: list[str]


def settle(
    rows: list[LedgerRow], heads: dict[bytes, chain.Head], histories: list[list[bytes]], slips: list[bytes]
) -> Account:
    """Compare the ledger with what devices say they signed and what the slips show.

    `heads`: a scale's key identifier -> the newest record on its own flash. `histories`: all records of each upstream
    node. `slips`: the sealed sale of each slip that was printed.
    """
    by_key: dict[bytes, dict[int, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        message = cose.parse(row.sealed)
        by_key[message.kid][record.decode(message.payload).seq].append(row.sealed)
    doubled = sum(len(copies) - 1 for numbers in by_key.values() for copies in numbers.values())
    errors = [f"{doubled} records stand in the ledger twice"] if doubled else []
    committed = {row.sealed for row in rows}
    for kid, head in heads.items():
        numbers = by_key[kid]
        missing = [seq for seq in range(1, head.seq + 1) if seq not in numbers]
        if missing:
            errors.append(f"{kid.hex()}: records {missing[:5]} of {head.seq} are not in the ledger")
        elif head.seq and chain.digest(numbers[head.seq][0]) != head.digest:
            errors.append(f"{kid.hex()}: record {head.seq} in the ledger is not the one on the scale's flash")
    lost = sum(sealed not in committed for history in histories for sealed in history)
    if lost:
        errors.append(f"{lost} upstream records are not in the ledger")
    orphans = sum(sealed not in committed for sealed in slips)
    if orphans:
        errors.append(f"{orphans} slips show a sale that is not in the ledger")
    signed = sum(head.seq for head in heads.values()) + sum(map(len, histories))
    if len(rows) != signed:
        errors.append(f"{signed} records were signed, {len(rows)} are in the ledger")
    return Account(signed, len(committed), doubled, errors)
