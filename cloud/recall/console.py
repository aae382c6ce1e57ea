"""The console's own history: decisions of people, sealed like any device's records and kept before they are sent.

A decision is a record of the console's key with the person's account inside as a salted commitment; who it was stands
in a file that stays here (``accounts.csv``, mode 600) and can be purged without breaking a seal. ``history.cborseq`` is
appended and flushed to disk before anything leaves; what was not answered for goes up again with the next decision.
"""

import fcntl
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from tracewire import cbor, chain, cose, p256, receipt, record
from tracewire.credential import open_bundle
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.vocabulary import DECISIONS

from cloud.registry import Roll

_HISTORY, _SETTLED, _ACCOUNTS = "history.cborseq", "settled", "accounts.csv"
_TORN, _LOCK = "history.torn", "lock"
_SALT_BYTES = 16
_TIMEOUT_SECONDS = 30
_BOOT = 1


@dataclass(frozen=True)
class Decision:
    """What a person decides about a lot or a seller; ``word`` of ``tracewire.vocabulary.DECISIONS``."""

    word: str
    lot: str
    """Empty when it is about a seller."""
    reason: str
    account: str
    seller: str = ""
    card: str = ""
    """Number of a card of the seller, hexadecimal."""


class Console:
    """A console's directory as ``chengxin device enrol NAME --role console --dir DIR`` wrote it."""

    def __init__(self, directory: Path) -> None:
        """Recover the history and hold it alone, until this object goes.

        ``Misuse("console.…")`` when the directory is not a console's or its history is damaged: going on from less than
        a cloud has answered for would give numbers a second time. ``Unavailable("console.busy")`` while another
        process decides.
        """
        self._directory = directory
        try:
            self._key = p256.SigningKey((directory / "record.key").read_bytes(), os.urandom)
        except FileNotFoundError as absent:
            raise Misuse("console.absent", f"{directory}: enrol it with --role console first") from absent
        self._turn = _take_turn(directory / _LOCK)
        self._sealed = self._read()
        self._head, self._totals = chain.GENESIS, (0, 0, 0)
        self._numbers: dict[bytes, int] = {}
        try:
            for sealed in self._sealed:
                statement = record.decode(cose.parse(sealed).payload)
                self._head = chain.check(self._head, statement, sealed)
                self._totals = statement.totals
                self._numbers[statement.body["account"]] = statement.seq
        except Rejected as broken:
            raise Misuse("console.history", f"{_HISTORY} in {directory} is damaged: {broken}") from broken
        if len(self._sealed) < self._settled():
            raise Misuse("console.history", f"{_HISTORY} in {directory} lacks what a cloud has answered for")

    def decide(self, decision: Decision, salt: bytes | None = None) -> int:
        """Seal a decision; as ``seal``."""
        about = {"lot": decision.lot, "subject": decision.seller, "card": decision.card}
        body: dict[str, Any] = {
            "decision": DECISIONS.index(decision.word),
            **{name: code for name, code in about.items() if code},
            "reason": decision.reason,
        }
        return self.seal(record.DECISION, body, decision.account, salt)

    def seal(self, kind: int, body: Mapping[str, Any], account: str, salt: bytes | None = None) -> int:
        """Seal what an account says, with the commitment to it in the field ``account``; on disk when this returns.

        Returns its number; ``Rejected("record.…")``. Whoever brings a ``salt`` keeps it, together with the account, and
        may ask again after being cut off: a record with the salt of one that is sealed already is that one. Without,
        both are kept in ``accounts.csv``.
        """
        drawn = os.urandom(_SALT_BYTES) if salt is None else salt
        commitment = chain.digest(drawn + account.encode())
        if commitment in self._numbers:
            return self._numbers[commitment]
        seq = self._head.seq + 1
        try:
            said = {**body, "account": commitment}
            statement = record.Record(
                kind, said, seq, self._head.digest, time.time_ns() // 1_000_000, self._totals, _BOOT
            )
            sealed = cose.seal(statement.encode(), cose.RECORD, self._key)
        except Misuse as wrong:  # the words come from a person here, so it is input that is refused
            raise Rejected(wrong.code, wrong.detail) from wrong
        if salt is None:
            self._remember(commitment, drawn, account)
        _append(self._directory / _HISTORY, cbor.encode(sealed), 0o644)
        # On disk. A crash here: what was said stands and goes up with the next delivery.
        self._sealed.append(sealed)
        self._head = chain.Head(seq, chain.digest(sealed))
        self._numbers[commitment] = seq
        return seq

    def deliver(self, url: str) -> int:
        """Send what no cloud has answered for, and return how many records that were.

        Raises ``Unavailable("console.cloud")`` when there was no valid answer (everything is kept and goes up again)
        and ``Rejected("console.refused")`` with the cloud's words when it refused one.
        """
        waiting = self._sealed[self._settled() :]
        if not waiting:
            return 0
        now_ms = time.time_ns() // 1_000_000
        envelope = cose.seal(cbor.encode([[now_ms, sealed] for sealed in waiting]), cose.ENVELOPE, self._key)
        self._check(self._post(url, envelope), envelope)
        _replace(self._directory / _SETTLED, str(len(self._sealed)).encode())
        return len(waiting)

    def roll(self) -> Roll:
        """Return the registry as it lies here, under the root; ``Unavailable("console.registry")`` when it is none."""
        root = p256.VerifyingKey((self._directory / "root.point").read_bytes())
        bundle = (self._directory / "registry.cose").read_bytes()
        try:
            return Roll(open_bundle(bundle, root, time.time_ns() // 1_000_000), bundle)
        except Rejected as broken:
            raise Unavailable("console.registry", f"the registry in {self._directory}: {broken}") from broken

    def _post(self, url: str, envelope: bytes) -> bytes:
        context = ssl.create_default_context(cafile=str(self._directory / "server_ca.pem"))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_cert_chain(self._directory / "client_cert.pem", self._directory / "tls_key.pem")
        headers = {"Content-Type": "application/cose"}
        try:
            answer = httpx.post(
                f"{url.rstrip('/')}/v1/records",
                content=envelope,
                headers=headers,
                verify=context,
                timeout=_TIMEOUT_SECONDS,
                trust_env=False,
            )
        except httpx.HTTPError as down:
            raise Unavailable("console.cloud", f"{url} does not answer, the decision is kept: {down}") from down
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(
                "console.cloud", f"{url} answered {answer.status_code}, the decision is kept: {answer.text}"
            )
        return answer.content

    def _check(self, answer: bytes, envelope: bytes) -> None:
        """Believe only the cloud's own answer to this envelope, with a receipt that covers our newest record."""
        try:
            message = cose.parse(answer, len(answer))
            key = self._cloud_key(message.kid)
            cose.verify(message, cose.ANSWER, key)
            said = cbor.decode(message.payload)
            if not isinstance(said, dict) or said[2] != chain.digest(envelope):
                raise Rejected("console.answer", "to another envelope")
            receipts = [receipt.decode(cose.open(sealed, cose.RECEIPT, key).payload) for sealed in said[3]]
        except (Rejected, LookupError, TypeError) as broken:
            raise Unavailable("console.cloud", f"no valid answer, the decision is kept: {broken}") from broken
        if said[4]:
            raise Rejected("console.refused", "; ".join(f"{code} {detail}" for _, code, detail in said[4]))
        if not any(each.seq_to >= self._head.seq and each.kid == self._key.kid for each in receipts):
            raise Unavailable("console.cloud", "the answer covers less than was sent; the decision is kept")

    def _cloud_key(self, kid: bytes) -> p256.VerifyingKey:
        credential = self.roll().registry.find(kid)
        if credential.role != "cloud" or credential.state != "active":
            raise Rejected("console.answer", f"sealed by {credential.name}, a {credential.state} {credential.role}")
        return p256.VerifyingKey(credential.point)

    def _read(self) -> list[bytes]:
        path = self._directory / _HISTORY
        content, sealed, at = path.read_bytes() if path.exists() else b"", [], 0
        while at < len(content):
            try:
                item, at = cbor.decode_item(content, at)
            except Rejected:
                self._cut(path, content, at)
                break
            if not isinstance(item, bytes):
                raise Misuse("console.history", f"{path} is damaged")
            sealed.append(item)
        return sealed

    def _cut(self, path: Path, content: bytes, at: int) -> None:
        """Take away a last record that a power cut left half written: nobody was told of it. Its bytes are kept."""
        _append(self._directory / _TORN, content[at:], 0o600)
        _replace(path, content[:at])

    def _settled(self) -> int:
        path = self._directory / _SETTLED
        return int(path.read_text()) if path.exists() else 0

    def _remember(self, commitment: bytes, salt: bytes, account: str) -> None:
        _append(self._directory / _ACCOUNTS, f"{commitment.hex()},{salt.hex()},{account}\n".encode(), 0o600)


def _take_turn(path: Path) -> BinaryIO:
    """Return the open lock file; two processes that seal at once would give one number twice."""
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        lock.close()
        raise Unavailable("console.busy", f"somebody else decides at {path.parent} just now; try again") from taken
    return lock


def _append(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    with new.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
