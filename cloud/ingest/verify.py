"""Step 8 of 11, cloud verify: judge an envelope and each record in it, by numbered checks.

Before: edge/forwarder.py
After: cloud/ledger/log.py

Same rules as the gateway's (``tracewire``), other trust: nothing that a gateway says is believed but the moment at
which it says it received a record. A record counts because its device's own signature holds under the signed registry;
its place in the device's history is judged against the ledger alone. No I/O here, and records are independent of each
other, so a batch may be spread over processors.

Checks of an envelope: (1) seal in the strict profile, (2) its key is known, (3) is a gateway's or, for its own records,
a console's, (4) and in good standing, (5) signature, (6) contents. A broken envelope acknowledges nothing.

Checks of a record: (1) size and seal in the strict profile, (2) key known, (3) key not revoked, (4) signature,
(5) payload and fields, (6) the key may speak for this number, (7) the role may say this.
Whose gateway brought it is no check: a record proves itself, and refusing it for its messenger would make a hole. A
gateway of another site is noted (``cloud/ledger/log.py``).
NOT here: neighbours in the chain, totals and clock need the ledger: ``cloud/ledger/history.py``.
"""

from dataclasses import dataclass
from typing import NamedTuple

from tracewire import cbor, chain, cose
from tracewire import record as records
from tracewire.credential import Credential
from tracewire.errors import Rejected

from cloud import codec
from cloud.db.engine import LARGEST_INTEGER
from cloud.registry import Roll

_LARGEST_TIME_MS = 0x7FFFFFFFFFFF

_EVERY_DEVICE = {records.BOOT, records.CLOCK, records.DOCUMENT, records.HEALTH, records.AUDIT}
MAY_SAY = {
    "scale": _EVERY_DEVICE | {records.WEIGHING, records.SALE, records.SESSION, records.MOVEMENT},
    "terminal": _EVERY_DEVICE | {records.WEIGHING, records.SESSION, records.MOVEMENT, records.TEST},
    "rail": _EVERY_DEVICE | {records.WEIGHING, records.CARCASS, records.LOT, records.MOVEMENT, records.TEST},
    "farm": _EVERY_DEVICE | {records.WEIGHING, records.LOT, records.MOVEMENT, records.TEST},
    "handheld": _EVERY_DEVICE | {records.VISIT, records.TEST, records.REWEIGH},
    "console": _EVERY_DEVICE
    | {records.LOT, records.MOVEMENT, records.TEST, records.DECISION}
    | {records.ASSET, records.TICKET, records.LABELLING},
}
"""Kinds of record that each role may seal; a role that is not listed (gateway, cloud) may seal none.

Only source roles write lots: a batch is coded once, where it begins. A slaughterhouse is a source too: it codes a
day's carcasses. A lot of anybody else is refused as "role.source" and listed with the flags of the console.
"""


class Arrival(NamedTuple):
    """One sealed record as a gateway delivered it."""

    position: int
    """Index in the envelope."""
    received_ms: int
    """When the gateway says it received it."""
    sealed: bytes
    digest: bytes
    gateway: str


@dataclass(frozen=True)
class Envelope:
    """A gateway's delivery after its seal was checked."""

    digest: bytes
    arrivals: list[Arrival]
    site: str = ""
    """Where the registry says that the gateway stands; empty for one without a site."""


class Verified(NamedTuple):
    """A record whose own checks hold; its neighbours are not looked at yet."""

    arrival: Arrival
    device: str
    kid: bytes
    site: str
    standing: str
    record: records.Record
    added: tuple[int, int, int]
    """What the record adds to its device's running totals."""
    came_by: str = ""
    """Site of the gateway that brought it, when that is another one than the device's."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that failed a check; device, key and number as far as the bytes say and the registry knows."""

    arrival: Arrival
    reason: Rejected
    device: str | None = None
    kid: bytes | None = None
    seq: int | None = None


def open_envelope(data: bytes, roll: Roll, limit: int) -> Envelope:
    """Return a gateway's delivery; ``Rejected("envelope.…")`` or a codec's code when a check fails."""
    # (1) strict seal.
    message = cose.parse(data, limit)
    # (2) a key that the registry knows: the TLS connection proves nothing about who sealed this.
    holder = roll.find(message.kid)
    if holder is None:
        raise Rejected("envelope.unknown", "nobody in the registry has this key")
    # (3) a gateway's key, or a console's, which brings its own records without one …
    if holder.credential.role not in ("gateway", "console"):
        raise Rejected("envelope.role", f"{holder.credential.name} is neither a gateway nor a console")
    # (4) … in good standing.
    if holder.credential.state not in ("active", "suspect"):
        raise Rejected("envelope.state", f"{holder.credential.name} is {holder.credential.state}")
    # (5) signature.
    cose.verify(message, cose.ENVELOPE, holder.key)
    # (6) contents.
    items = codec.decode(message.payload)
    if not isinstance(items, list):
        raise Rejected("envelope.items", "an array expected")
    gateway = holder.credential.name
    if holder.credential.role == "console":
        _require_own(items, message.kid)
    arrivals = [_arrival(position, item, gateway) for position, item in enumerate(items)]
    return Envelope(chain.digest(data), arrivals, holder.credential.site or "")


def _arrival(position: int, item: object, gateway: str) -> Arrival:
    if type(item) is list and len(item) == 2:
        received_ms, sealed = item
        if type(received_ms) is int and 0 <= received_ms <= _LARGEST_TIME_MS and type(sealed) is bytes:
            return Arrival(position, received_ms, sealed, chain.digest(sealed), gateway)
    raise Rejected("envelope.items", "[received ms, sealed record] expected")


def _require_own(items: list[object], kid: bytes) -> None:
    """Refuse an envelope in which a console carries anybody else's records: it is nobody's witness."""
    for item in items:
        if not isinstance(item, list) or len(item) != 2 or not isinstance(item[1], bytes):
            raise Rejected("envelope.items", "[received ms, sealed record] expected")
        if cose.parse(item[1]).kid != kid:
            raise Rejected("envelope.custody", "a console brings its own records only")


def check_records(envelope: Envelope, roll: Roll) -> list[Verified | Refused]:
    """Judge every record of an envelope on its own; one bad record never holds back its neighbours.

    All signatures come first and then all contents: in turns, the arithmetic of one and the code of the other push each
    other out of the processor's caches, which costs a twentieth of the time.
    """
    signed: list[tuple[bytes, Credential] | Refused] = []
    for arrival in envelope.arrivals:
        try:
            signed.append(_check_signature(arrival.sealed, roll))
        except Rejected as reason:
            signed.append(_refuse(arrival, roll, reason))
    judged: list[Verified | Refused] = []
    for arrival, each in zip(envelope.arrivals, signed, strict=True):
        try:
            judged.append(each if isinstance(each, Refused) else _check_contents(arrival, *each, envelope.site))
        except Rejected as reason:
            judged.append(_refuse(arrival, roll, reason))
    return judged


def _check_signature(sealed: bytes, roll: Roll) -> tuple[bytes, Credential]:
    """Return the payload and whose it is; what it says is not looked at yet."""
    # (1) at most 4,096 bytes, and the one spelling that the strict profile allows (spec 2).
    message = codec.parse(sealed)
    # (2) a key that the registry knows.
    holder = roll.find(message.kid)
    if holder is None:
        raise Rejected("registry.unknown", "no device has this key")
    credential = holder.credential
    # (3) not revoked outright; a key revoked as of some number still speaks for the numbers before it: (6).
    if credential.state == "revoked" and credential.to_seq is None:
        raise Rejected("registry.revoked", credential.name)
    # (4) the device's signature over the bytes as received.
    codec.verify(sealed, message, holder.key)
    return message.payload, credential


def _check_contents(arrival: Arrival, payload: bytes, credential: Credential, gateway_site: str) -> Verified:
    # (5) payload and fields (spec 1, 3 and 4).
    statement = codec.decode_record(payload)
    # (6) within the numbers that this key may seal (spec 7.4).
    if not credential.may_seal(statement.seq):
        code = "registry.revoked" if credential.state == "revoked" else "registry.range"
        raise Rejected(code, f"the key does not speak for seq {statement.seq}")
    # (7) a kind that this role may say.
    if statement.kind not in MAY_SAY.get(credential.role, ()):
        code = "role.source" if statement.kind == records.LOT else "role.kind"
        raise Rejected(code, f"a {credential.role} does not say {records.KINDS[statement.kind]}")
    site = credential.site or ""
    added = records.advance((0, 0, 0), statement.kind, statement.body)
    came_by = gateway_site if site and site != gateway_site else ""
    return Verified(arrival, credential.name, credential.kid, site, credential.state, statement, added, came_by)


def _refuse(arrival: Arrival, roll: Roll, reason: Rejected) -> Refused:
    """Describe a refused record as well as its bytes allow, so that a person finds it and its device is told.

    The claimed number may be a lie; that is harmless, because a device compares the digest with its own record.
    """
    device = kid = seq = None
    try:
        message = cose.parse(arrival.sealed)
        holder = roll.find(message.kid)
        if holder is not None:
            device, kid = holder.credential.name, message.kid
        seq = _claimed_seq(message.payload)
    except Rejected:
        pass  # not even a sealed message: kept as bytes alone
    return Refused(arrival, reason, device, kid, seq)


def _claimed_seq(payload: bytes) -> int | None:
    entries = cbor.decode(payload)
    seq = entries.get(2) if isinstance(entries, dict) else None
    if isinstance(seq, int) and not isinstance(seq, bool) and 0 < seq <= LARGEST_INTEGER:
        return seq
    return None
