"""Step 5 of 11, gateway verify: is this a record, sealed by a key that may speak on this topic?

Before: firmware/app/device/publisher.py
After: edge/outbox.py

The checks, in order:

1. sent on the sender's own topic            ``access.publish``, ``topics.form``
2. at most 4,096 bytes                       ``cose.size``
3. the strict COSE_Sign1 profile             ``cose.*``
4. a key of the registry                     ``registry.unknown``
5. the key's device is the topic's device    ``access.topic``
6. the signature, for the purpose "record"   ``cose.kid``, ``cose.high_s``, ``cose.signature``
7. the payload: known kind, fields in bounds ``record.*``, ``cbor.*``
8. the key may seal this number              ``device.revoked``, ``device.range``
9. the place in the device's chain: in ``edge/chains.py``, inside the transaction of step 6, because it depends on
   what is stored and on the other records of the same bunch ``chain.prev``

Trust: the rules are those of step 8 (``cloud/ingest/verify.py``), the trust is not. The gateway believes its *cached
keyring* and the broker's word on who published; the cloud believes neither gateway nor broker, only registry and
ledger. A suspect or quarantined device is heard: its records are evidence, and judging them is the cloud's work.
"""

from dataclasses import dataclass

from tracewire import cbor, chain, cose, topics
from tracewire import record as records
from tracewire.errors import Rejected

from edge.inbox import Delivery
from edge.keyring import Keyring

LARGEST_SEQ = 2**63 - 1
"""SQLite's integers end here; at a record every millisecond that is 292 million years."""
UNKNOWN_SENDER = "-"
"""Sender in the quarantine when not even the topic names one."""


@dataclass(frozen=True)
class Signed:
    """Proof that a device sealed this number: enough to name a refused record in a receipt."""

    device: str
    kid: bytes
    seq: int
    digest: bytes


@dataclass(frozen=True)
class Verified:
    """A record that passed checks 1 to 8, with the bytes as they came."""

    device: str
    kid: bytes
    record: records.Record
    sealed: bytes
    digest: bytes
    received_ms: int

    def signed(self) -> Signed:
        """Return who sealed what."""
        return Signed(self.device, self.kid, self.record.seq, self.digest)


@dataclass(frozen=True)
class Refused:
    """Bytes that failed a check, why, and who sent them; ``signed`` when at least the device's signature held."""

    sender: str
    code: str
    detail: str
    payload: bytes
    received_ms: int
    signed: Signed | None = None


class Verifier:
    """Applies checks 1 to 8 under the keyring of the moment. Safe to call from a worker thread."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def judge(self, delivery: Delivery) -> Verified | Refused:
        """Return the verdict on one delivery; nothing in foreign bytes makes it raise."""
        proved: list[Signed] = []
        try:
            return self._check(delivery, proved)
        except Rejected as refusal:
            return Refused(
                delivery.sender or _named_by(delivery.topic),
                refusal.code,
                refusal.detail,
                delivery.payload,
                delivery.received_ms,
                proved[0] if proved else None,
            )

    def _check(self, delivery: Delivery, proved: list[Signed]) -> Verified:
        """Run the numbered checks; put into ``proved`` what the signature proves, for a refusal after check 6."""
        # 1 the topic. The broker enforces it too; an external broker may be configured wrongly.
        device, direction = topics.parse(delivery.topic)
        if direction != topics.UP or delivery.sender not in ("", device):
            raise Rejected("access.publish", "published on a topic that is not the sender's own")
        # 2 size and 3 profile
        sealed = delivery.payload
        message = cose.parse(sealed)
        # 4 key
        credential = self._keyring.find(message.kid)
        # 5 the key's device
        if credential.name != device:
            raise Rejected("access.topic", f"sealed by a key of {credential.name}")
        # 6 signature
        cose.verify(message, cose.RECORD, self._keyring.verifying_key(credential))
        digest = chain.digest(sealed)
        proved.extend(_claimed(device, message, digest))
        # 7 payload
        record = records.decode(message.payload)
        # 8 range and state (spec 7.4: a revoked key counts up to its last number, and not at all without one)
        if not credential.may_seal(record.seq):
            code = "device.revoked" if credential.state == "revoked" else "device.range"
            raise Rejected(code, f"{device} may not seal number {record.seq} with this key")
        if record.seq > LARGEST_SEQ:
            raise Rejected("device.range", "a number that no store can hold")
        return Verified(device, message.kid, record, sealed, digest, delivery.received_ms)


def _claimed(device: str, message: cose.Sealed, digest: bytes) -> list[Signed]:
    """Return the number a payload claims, if any: a record refused by check 7 is settled all the same."""
    try:
        entries = cbor.decode(message.payload)
    except Rejected:
        return []
    seq = entries.get(2) if isinstance(entries, dict) else None
    return [Signed(device, message.kid, seq, digest)] if type(seq) is int and seq > 0 else []


def _named_by(topic: str) -> str:
    try:
        return topics.parse(topic)[0]
    except Rejected:
        return UNKNOWN_SENDER
