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
9. the place in the device's chain           ``chain.prev``, ``chain.fork``
   in ``edge/chains.py``, inside the transaction of step 6, because it depends on what is stored and on the other
   records of the same bunch

A refusal is this gateway's word, and settles nothing (``docs/adr/0005-a-refusal-settles.md``). Refused bytes under a
device's own signature, whichever check they failed, are evidence: ``Refused.signed`` says whose, and step 6 sends them
up as well as into the quarantine. Without a signature of a known key they are noise and stay here.

Trust: the rules are those of step 8 (``cloud/ingest/verify.py``), the trust is not. The gateway believes its *cached
keyring* and the broker's word on who published; the cloud believes neither gateway nor broker, only registry and
ledger. A suspect or quarantined device is heard: its records are evidence, and judging them is the cloud's work.
"""

from dataclasses import dataclass

from tracewire import cbor, chain, cose, topics
from tracewire import record as records
from tracewire.errors import Rejected
from tracewire.fields import LARGEST

from edge.inbox import Delivery
from edge.keyring import Keyring

UNKNOWN_SENDER = "-"
"""Sender in the quarantine when not even the topic names one."""


@dataclass(frozen=True)
class Signed:
    """Proof of who sealed some bytes; ``device`` owns the key, whoever sent them."""

    device: str
    kid: bytes
    seq: int
    """The number they claim; 0 when they claim none that a receipt could name."""
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

    def refused(self, refusal: Rejected) -> "Refused":
        """Return the same bytes as refused by check 9."""
        signed = Signed(self.device, self.kid, self.record.seq, self.digest)
        return Refused(self.device, refusal.code, refusal.detail, self.sealed, self.received_ms, signed)


@dataclass(frozen=True)
class Refused:
    """Bytes that failed a check, why, and who sent them; ``signed`` when a device's signature holds all the same."""

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
        try:
            return self._check(delivery)
        except Rejected as refusal:
            return Refused(
                delivery.sender or _named_by(delivery.topic),
                refusal.code,
                refusal.detail,
                delivery.payload,
                delivery.received_ms,
                self._signed(delivery.payload),
            )

    def _check(self, delivery: Delivery) -> Verified:
        """Run the numbered checks in order; ``Rejected`` by the first that fails."""
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
        # 7 payload
        record = records.decode(message.payload)
        # 8 range and state (spec 7.4: a revoked key counts up to its last number, and not at all without one)
        if not credential.may_seal(record.seq):
            code = "device.revoked" if credential.state == "revoked" else "device.range"
            raise Rejected(code, f"{device} may not seal number {record.seq} with this key")
        return Verified(device, message.kid, record, sealed, chain.digest(sealed), delivery.received_ms)

    def _signed(self, sealed: bytes) -> Signed | None:
        """Return whose signature refused bytes carry, whoever sent them and whatever they say; None without one."""
        try:
            message = cose.parse(sealed)
            credential = self._keyring.find(message.kid)
            cose.verify(message, cose.RECORD, self._keyring.verifying_key(credential))
        except Rejected:
            return None
        return Signed(credential.name, message.kid, _claimed_seq(message.payload), chain.digest(sealed))


def _claimed_seq(payload: bytes) -> int:
    """Return the number a payload claims: a record refused by check 7 has its place in a device's journal too."""
    try:
        entries = cbor.decode(payload)
    except Rejected:
        return 0
    seq = entries.get(2) if isinstance(entries, dict) else None
    return seq if type(seq) is int and 0 < seq <= LARGEST else 0


def _named_by(topic: str) -> str:
    try:
        return topics.parse(topic)[0]
    except Rejected:
        return UNKNOWN_SENDER
