"""The cloud's answer to an envelope: is it the cloud's, is it about this envelope, and what does it settle? (spec 9.2)

Rules without a socket. An answer that fails any check settles nothing: the outbox keeps everything and asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tracewire import cbor, cose, receipt
from tracewire.errors import Rejected
from tracewire.p256 import VerifyingKey

from edge.keyring import Keyring

MAX_ANSWER_BYTES = 4 << 20
"""500 refusals and 500 receipts of 300 bytes fit a dozen times."""


@dataclass(frozen=True)
class Waiting:
    """One row on its way to the cloud."""

    row: int
    device: str
    """Whose key sealed it."""
    seq: int
    """The number it claims; 0 when it claims none."""
    digest: bytes
    sealed: bytes
    received_ms: int


@dataclass(frozen=True)
class CloudReceipt:
    """A receipt as the cloud sealed it, and the numbers it covers; none when it carries refusals only (spec 6.2)."""

    device: str
    seq_from: int
    seq_to: int
    sealed: bytes


@dataclass(frozen=True)
class Answered:
    """One row with the cloud's word on it."""

    waiting: Waiting
    refusal: str = ""
    """Code of the cloud's refusal; empty when it accepted."""
    detail: str = ""
    receipt: bytes | None = None
    """The sealed receipt that names the refusal to the device, where there is one."""


@dataclass
class Settlement:
    """What one answer does to the batch it answers."""

    answered: list[Answered] = field(default_factory=list)
    left: list[Waiting] = field(default_factory=list)
    """Neither covered nor refused: stays, and goes up again."""
    receipts: list[CloudReceipt] = field(default_factory=list)


def settle(body: bytes, envelope: bytes, batch: Sequence[Waiting], keyring: Keyring) -> Settlement:
    """Return what ``body`` settles of ``batch``; ``Rejected`` when it is not a valid answer to ``envelope``."""
    # 1 sealed by the cloud, for the purpose "answer"
    message = cose.parse(body, MAX_ANSWER_BYTES)
    cloud_key = _cloud_key(message.kid, keyring)
    cose.verify(message, cose.ANSWER, cloud_key)
    # 2 about this envelope
    receipts, refusals = _read(message.payload, sha256(envelope).digest(), len(batch))
    # 3 every receipt in it sealed by the cloud as well: the devices check that seal, so it must hold
    covered: dict[str, list[receipt.Receipt]] = {}
    named: dict[bytes, bytes] = {}
    settlement = Settlement()
    for sealed in receipts:
        opened = receipt.decode(cose.open(sealed, cose.RECEIPT, cloud_key).payload)
        if opened.keeper != receipt.CLOUD:
            raise Rejected("answer.receipt", "not a receipt of the cloud's level")
        device = keyring.find(opened.kid).name
        covered.setdefault(device, []).append(opened)
        named.update((digest, sealed) for _, digest, _ in opened.refused)
        settlement.receipts.append(CloudReceipt(device, opened.seq_from, opened.seq_to, sealed))
    # 4 row by row; a refusal first, because a fork has the number of a record that was accepted
    for index, row in enumerate(batch):
        if index in refusals:
            settlement.answered.append(Answered(row, *refusals[index], named.get(row.digest)))
        elif any(_covers(opened, row) for opened in covered.get(row.device, ())):
            settlement.answered.append(Answered(row))
        else:
            settlement.left.append(row)
    return settlement


def _cloud_key(kid: bytes, keyring: Keyring) -> VerifyingKey:
    credential = keyring.find(kid)
    if credential.role != "cloud" or credential.state != "active":
        raise Rejected("answer.key", f"sealed by {credential.name}, a {credential.state} {credential.role}")
    return keyring.verifying_key(credential)


def _read(payload: bytes, envelope_digest: bytes, records: int) -> tuple[list[bytes], dict[int, tuple[str, str]]]:
    """Return (sealed receipts, refusals by index) of an answer to this envelope, field by field (spec 9.2)."""
    entries = cbor.decode(payload)
    if not isinstance(entries, dict) or set(entries) != {1, 2, 3, 4} or entries[1] != 1:
        raise Rejected("answer.map", "not an answer of this version")
    if entries[2] != envelope_digest:
        raise Rejected("answer.envelope", "the answer to another envelope")
    receipts, refused = entries[3], entries[4]
    if not isinstance(receipts, list) or not all(isinstance(sealed, bytes) for sealed in receipts):
        raise Rejected("answer.receipts")
    if not isinstance(refused, list) or not all(_is_refusal(entry, records) for entry in refused):
        raise Rejected("answer.refusals")
    return receipts, {index: (code, detail) for index, code, detail in refused}


def _is_refusal(entry: Any, records: int) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 3
        and type(entry[0]) is int
        and 0 <= entry[0] < records
        and isinstance(entry[1], str)
        and entry[1] != ""
        and isinstance(entry[2], str)
    )


def _covers(opened: receipt.Receipt, row: Waiting) -> bool:
    """Tell whether a receipt answers for a row that is not refused: by its number, the head stands for all below."""
    return opened.seq_from <= row.seq <= opened.seq_to
