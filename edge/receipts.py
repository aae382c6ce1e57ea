"""The gateway's receipt: "these records of yours lie on my disk" (spec 6), sealed with the gateway's record key.

Made only from what ``Outbox.keep`` returned, that is, after the commit. A receipt covers the whole run that a record
fell into, so one receipt answers for many records and a lost one is made good by the next. It also names what this
gateway refused, for information: the record went up all the same, and only the cloud's word on it settles (ADR 0005).
"""

from tracewire import cose, topics
from tracewire.p256 import SigningKey
from tracewire.receipt import GATEWAY, MAX_REFUSED, Receipt

from edge.chains import Run
from edge.outbox import Kept

NOTHING = bytes(32)
_EMPTY_RANGE = (1, 0, NOTHING)

Refusal = tuple[int, bytes, str]


def sealed_receipts(kept: Kept, key: SigningKey, now_ms: int) -> list[tuple[str, bytes]]:
    """Return (topic, sealed receipt) for every device that has something to hear."""
    refusals = _refusals_by_key(kept)
    sealed: list[tuple[str, bytes]] = []
    for device, runs in kept.runs.items():
        for run in runs:
            named = refusals.pop((device, run.kid), [])
            sealed.append(_seal(device, _receipt_of(run, named[:MAX_REFUSED], now_ms), key))
            refusals[(device, run.kid)] = named[MAX_REFUSED:]
    for (device, kid), named in refusals.items():
        for start in range(0, len(named), MAX_REFUSED):
            receipt = Receipt(GATEWAY, kid, *_EMPTY_RANGE, now_ms, named[start : start + MAX_REFUSED])
            sealed.append(_seal(device, receipt, key))
    return sealed


def _receipt_of(run: Run, named: list[Refusal], now_ms: int) -> Receipt:
    return Receipt(GATEWAY, run.kid, run.seq_from, run.seq_to, run.head, now_ms, named)


def _seal(device: str, receipt: Receipt, key: SigningKey) -> tuple[str, bytes]:
    return topics.down(device), cose.seal(receipt.encode(), cose.RECEIPT, key)


def _refusals_by_key(kept: Kept) -> dict[tuple[str, bytes], list[Refusal]]:
    """Group by device and key what was refused of a device's own sending: a receipt speaks to one key."""
    grouped: dict[tuple[str, bytes], list[Refusal]] = {}
    for refused in kept.refused:
        signed = refused.signed
        if signed is not None and signed.seq and signed.device == refused.sender:
            entry = (signed.seq, signed.digest, refused.code)
            grouped.setdefault((signed.device, signed.kid), []).append(entry)
    return grouped
