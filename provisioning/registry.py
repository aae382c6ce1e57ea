"""The history of every credential, kept as an append-only file, and what follows from it.

Why a history and not a table: "which key spoke for this device on that day" must be answerable years later, and a line
that is never rewritten cannot be lost by a crash while another is written. One JSON object per line:

    founded    the authority began, with an empty registry
    issued     keys were proved and certificates signed; not in the registry yet
    confirmed  the device said its files are on flash; its key is active from now on
    revoked    the key counts no further than ``to_seq``, or not at all
    unlock     somebody was told what opens the sealed case of the device under this challenge

Everything else (the registry, the revocation list, the next free code base) is computed from these lines. ``issued``
and ``unlock`` change nothing that the world reads; each of the others raises the registry's serial number by one. A
serial stands for one registry, byte for byte, however often it is sealed: keepers refuse two with one serial.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tracewire import p256
from tracewire.credential import Credential, Registry
from tracewire.errors import Misuse, Rejected

from provisioning import durable, layout
from provisioning.issuing import Revoked

_NEVER = datetime.min.replace(tzinfo=UTC)
DEVICES_PER_NODE = 10_000  # four digits of the code base


@dataclass(frozen=True)
class Entry:
    """One record key of one device, the TLS key and certificates that came with it, and what happened since."""

    name: str
    role: str
    point: bytes
    tls_key_id: str
    """SHA-256 of T's SubjectPublicKeyInfo in hex: a key may be enrolled once, ever."""
    certificates: tuple[int, ...]
    """Serial numbers of the client certificates issued with it."""
    issued_at: datetime
    from_seq: int = 1
    code_base: str | None = None
    site: str | None = None
    stall: str | None = None
    seller: str | None = None
    is_confirmed: bool = False
    state: str = "active"
    to_seq: int | None = None
    ended_at: datetime | None = None
    """When its certificates stopped being acceptable: revoked, or replaced by a later enrolment."""

    @property
    def kid(self) -> bytes:
        """Key identifier of the record key."""
        return p256.key_id(self.point)

    def credential(self) -> Credential:
        """Return this entry as the registry carries it."""
        return Credential(
            self.name,
            self.role,
            self.point,
            self.state,
            self.from_seq,
            self.to_seq,
            self.code_base,
            self.site,
            self.stall,
            self.seller,
        )


@dataclass
class History:
    """The lines of one authority, read under its lock. Methods that add a line return when it is on disk."""

    files: layout.Layout
    entries: list[Entry] = field(default_factory=list)
    serial: int = 0
    changed_at: datetime = _NEVER
    """When ``serial`` began to hold."""

    def found(self, now: datetime) -> None:
        """Write the first line of a new authority."""
        self._append("founded", now, {})

    def issue(self, entry: Entry) -> None:
        """Remember an entry before its certificates leave; nobody trusts it yet."""
        line = {
            "name": entry.name,
            "role": entry.role,
            "point": entry.point.hex(),
            "tls_key_id": entry.tls_key_id,
            "certificates": [f"{serial:x}" for serial in entry.certificates],
            "from_seq": entry.from_seq,
            "code_base": entry.code_base,
            "site": entry.site,
            "stall": entry.stall,
            "seller": entry.seller,
        }
        self._append("issued", entry.issued_at, line)

    def confirm(self, kid: bytes, now: datetime) -> None:
        """Make an issued key active; whatever key the device had before speaks only for what came before."""
        self._append("confirmed", now, {"kid": kid.hex()})

    def revoke(self, kid: bytes, to_seq: int | None, reason: str, now: datetime) -> None:
        """End a key at record ``to_seq``, or altogether when that is None."""
        self._append("revoked", now, {"kid": kid.hex(), "to_seq": to_seq, "reason": reason})

    def unlock(self, kid: bytes, challenge: str, reason: str, now: datetime) -> None:
        """Note that the answer to ``challenge`` is about to be told."""
        self._append("unlock", now, {"kid": kid.hex(), "challenge": challenge, "reason": reason})

    def current(self, name: str) -> Entry | None:
        """Return the newest confirmed entry of a device, or None."""
        return next((entry for entry in reversed(self.entries) if entry.name == name and entry.is_confirmed), None)

    def is_unfinished(self, name: str) -> bool:
        """Tell whether the newest enrolment of ``name`` was never confirmed: the device may hold it or not."""
        newest = next((entry for entry in reversed(self.entries) if entry.name == name), None)
        return newest is not None and not newest.is_confirmed

    def refuse_known_keys(self, point: bytes, tls_key_id: str) -> None:
        """Raise ``Rejected("enrol.known_key")`` when either key was ever enrolled, in either use."""
        ids = (_spki_id(point), tls_key_id)
        for entry in self.entries:
            if entry.tls_key_id in ids or _spki_id(entry.point) in ids:
                raise Rejected("enrol.known_key", f"a key of this request was enrolled before, for {entry.name}")

    def free_code_base(self, node: str) -> str:
        """Return the next code base of a node: its nine digits and the next device number."""
        if len(node) != 9 or not (node.isascii() and node.isdigit()):
            raise Misuse("registry.node", "a node number has nine digits: division (6) and number (3)")
        taken = [entry.code_base for entry in self.entries if entry.code_base is not None]
        numbers = [int(code_base[9:]) for code_base in taken if code_base.startswith(node)]
        number = max(numbers, default=0) + 1
        if number >= DEVICES_PER_NODE:
            raise Misuse("registry.node", f"node {node} has no device number left")
        return f"{node}{number:04d}"

    def registry(self) -> Registry:
        """Return what the world reads: every confirmed key, oldest first."""
        confirmed = [entry.credential() for entry in self.entries if entry.is_confirmed]
        return Registry(self.serial, layout.milliseconds(self.changed_at), confirmed)

    def revoked_certificates(self) -> list[Revoked]:
        """Return every certificate that is not to be accepted any more."""
        return [
            Revoked(serial, entry.ended_at)
            for entry in self.entries
            if entry.ended_at is not None
            for serial in entry.certificates
        ]

    def _append(self, event: str, at: datetime, values: dict[str, Any]) -> None:
        line = {"event": event, "at": at.astimezone(UTC).isoformat(), **values}
        durable.append_line(self.files.history, json.dumps(line, ensure_ascii=False).encode())
        # Commit point. A crash after it: the next command reads the line; files that follow from it are published anew.
        self.apply(line)

    def apply(self, line: dict[str, Any]) -> None:
        """Fold one line into the entries; reading and writing go through here alike."""
        at = datetime.fromisoformat(line["at"])
        if line["event"] == "issued":
            self._supersede_unfinished(line["name"], at)
            self.entries.append(_issued(line, at))
            return
        if line["event"] == "unlock":
            return
        self.serial += 1
        self.changed_at = at
        if line["event"] == "founded":
            return
        position = next(i for i, entry in enumerate(self.entries) if entry.kid.hex() == line["kid"])
        if line["event"] == "confirmed":
            self._end_predecessor(self.entries[position], at)
            self.entries[position] = replace(self.entries[position], is_confirmed=True)
        else:
            self.entries[position] = replace(
                self.entries[position], state="revoked", to_seq=line["to_seq"], ended_at=at
            )

    def _supersede_unfinished(self, name: str, at: datetime) -> None:
        for position, entry in enumerate(self.entries):
            if entry.name == name and not entry.is_confirmed and entry.ended_at is None:
                self.entries[position] = replace(entry, ended_at=at)

    def _end_predecessor(self, successor: Entry, at: datetime) -> None:
        """The old key keeps what it sealed before the new one began; if that is nothing, it is revoked outright."""
        for position, entry in enumerate(self.entries):
            if entry.name == successor.name and entry.is_confirmed and entry.ended_at is None:
                last = successor.from_seq - 1
                ended = replace(entry, ended_at=at, to_seq=last) if last >= entry.from_seq else None
                self.entries[position] = ended or replace(entry, ended_at=at, state="revoked")


@contextmanager
def opened(directory: Path) -> Iterator[History]:
    """Read the history of an authority and hold its lock, so that two benches do not allot one code base twice."""
    files = layout.existing(directory)
    with durable.locked(files.lock):
        history = History(files)
        for line in durable.complete_lines(files.history):
            history.apply(json.loads(line))
        yield history


def _issued(line: dict[str, Any], at: datetime) -> Entry:
    return Entry(
        name=line["name"],
        role=line["role"],
        point=bytes.fromhex(line["point"]),
        tls_key_id=line["tls_key_id"],
        certificates=tuple(int(serial, 16) for serial in line["certificates"]),
        issued_at=at,
        from_seq=line["from_seq"],
        code_base=line["code_base"],
        site=line["site"],
        stall=line["stall"],
        seller=line["seller"],
    )


def key_id_of(spki: bytes) -> str:
    """Return the fingerprint under which the history remembers a public key: SHA-256 of its DER, in hex."""
    return sha256(spki).hexdigest()


def _spki_id(point: bytes) -> str:
    return key_id_of(p256.spki(point))
