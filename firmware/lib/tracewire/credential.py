"""Who may speak: keys, their states, and the sealed registry that carries them (spec 7).

Why a registry and not certificates: a record is judged years later, when every TLS certificate has expired. The root
key signs a *voucher* for the registry key; the registry key seals the list. Gateway, cloud, phone and outsider need
only the root's public point. Pure values: reading files and trusting a serial number is the keeper's work.
"""

from tracewire import cbor, cose, p256, registry_head, topics
from tracewire.errors import Misuse, Rejected
from tracewire.fields import LARGEST, Digits, Number, Octets, Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from tracewire.p256 import SigningKey, VerifyingKey

VERSION = 1
MAX_BUNDLE_BYTES = 64 * 1024 * 1024
"""A province of 300,000 devices needs about 45 MB."""

ROLES = ("other", "scale", "terminal", "rail", "farm", "handheld", "gateway", "cloud", "console")
STATES = ("active", "suspect", "quarantined", "revoked")

_POINT = Octets(65)
_SEQ = Number(LARGEST, 1)
_TIME = Number(0x7FFFFFFFFFFF)
_CODE_BASE = Digits(13, 13)
_PARTY = Digits(13, 9)
_PUBLIC_NAME = Text(96)

# (key, name, type or None for a word or the name, required)
_CREDENTIAL = (
    (1, "name", None, True),
    (2, "role", ROLES, True),
    (3, "point", _POINT, True),
    (4, "state", STATES, True),
    (5, "from_seq", _SEQ, True),
    (6, "to_seq", _SEQ, False),
    (7, "code_base", _CODE_BASE, False),
    (8, "site", _PUBLIC_NAME, False),
    (9, "stall", _PUBLIC_NAME, False),
    (10, "seller", _PUBLIC_NAME, False),
)


class Credential:
    """One record key of one device: its ``kid`` speaks for ``name`` from record ``from_seq`` to ``to_seq``.

    ``role`` and ``state`` are words of ``ROLES`` and ``STATES``. A revoked key's records count up to ``to_seq`` when
    that is given, else not at all. ``code_base`` is 13 digits, ``site``, ``stall`` and ``seller`` are public names.
    """

    def __init__(
        self,
        name: str,
        role: str,
        point: bytes,
        state: str = "active",
        from_seq: int = 1,
        to_seq: "int | None" = None,
        code_base: "str | None" = None,
        site: "str | None" = None,
        stall: "str | None" = None,
        seller: "str | None" = None,
    ) -> None:
        self.name = name
        self.role = role
        self.point = point
        self.kid = p256.key_id(point)
        self.state = state
        self.from_seq = from_seq
        self.to_seq = to_seq
        self.code_base = code_base
        self.site = site
        self.stall = stall
        self.seller = seller

    def may_seal(self, seq: int) -> bool:
        """Tell whether this key speaks for record ``seq``: within its range, and not revoked outright."""
        if seq < self.from_seq or (self.to_seq is not None and seq > self.to_seq):
            return False
        return self.state != "revoked" or self.to_seq is not None

    def to_wire(self) -> "dict[int, Any]":
        """Return the map of spec 7.3; ``Misuse`` when a field is out of bounds."""
        wire = {}
        for key, name, field_type, required in _CREDENTIAL:
            value = getattr(self, name)
            if value is None and not required:
                continue
            if not _is_sound(name, field_type, value):
                raise Misuse("credential.field", name)
            wire[key] = field_type.index(value) if isinstance(field_type, tuple) else value
            if isinstance(field_type, Digits):
                wire[key] = field_type.to_wire(value)
        return wire


def _is_sound(name: str, field_type: "Any", value: "Any") -> bool:
    if name == "name":
        return isinstance(value, str) and topics.is_name(value)
    if isinstance(field_type, tuple):
        return value in field_type
    return bool(field_type.check(value))


def _credential(wire: "Any") -> Credential:
    if not isinstance(wire, dict) or any(key > 10 for key in wire):
        raise Rejected("credential.map")
    values: "dict[str, Any]" = {}
    for key, name, field_type, required in _CREDENTIAL:
        if key not in wire:
            if required:
                raise Rejected("credential.missing", name)
            continue
        value = wire[key]
        if isinstance(field_type, tuple):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(field_type):
                raise Rejected("credential.field", name)
            value = field_type[value]
        elif isinstance(field_type, Digits):
            value = field_type.from_wire(value)
        if not _is_sound(name, field_type, value):
            raise Rejected("credential.field", name)
        values[name] = value
    return Credential(**values)


class Registry:
    """Every key that ever was, as of one moment; ``serial`` rises with each issue, so an old copy is recognised."""

    def __init__(self, serial: int, issued_ms: int, credentials: "Sequence[Credential]") -> None:
        self.serial = serial
        self.issued_ms = issued_ms
        self.credentials = tuple(credentials)
        self._by_kid: "dict[bytes, Credential]" = {}
        self._current: "dict[str, Credential]" = {}
        for credential in self.credentials:
            if credential.kid in self._by_kid:
                raise Rejected("registry.duplicate", credential.name)
            self._by_kid[credential.kid] = credential
            self._current[credential.name] = credential

    def find(self, kid: bytes) -> Credential:
        """Return the credential of a key; ``Rejected("registry.unknown")`` when nobody has that key."""
        if kid not in self._by_kid:
            raise Rejected("registry.unknown", "no device has this key")
        return self._by_kid[kid]

    def current(self, name: str) -> Credential:
        """Return a device's newest credential; ``Rejected("registry.unknown")`` for a name nobody has."""
        if name not in self._current:
            raise Rejected("registry.unknown", "no device has this name")
        return self._current[name]

    def with_role(self, role: str) -> "list[Credential]":
        """Return the newest credentials whose role is ``role``, in the order they were issued."""
        return [credential for credential in self._current.values() if credential.role == role]

    def encode(self) -> bytes:
        """Return the payload to seal with purpose ``cose.REGISTRY``."""
        return cbor.encode(
            {1: VERSION, 2: self.serial, 3: self.issued_ms, 4: [entry.to_wire() for entry in self.credentials]}
        )


def decode_registry(payload: bytes) -> Registry:
    """Return the registry in an opened payload, or ``Rejected``."""
    entries = cbor.decode(payload)
    if not isinstance(entries, dict) or set(entries) != {1, 2, 3, 4} or entries[1] != VERSION:
        raise Rejected("registry.map", "not a registry of this version")
    if not _SEQ.check(entries[2]) or not _TIME.check(entries[3]) or not isinstance(entries[4], list):
        raise Rejected("registry.map", "serial, time and keys")
    return Registry(entries[2], entries[3], [_credential(wire) for wire in entries[4]])


class Voucher:
    """The root's word that a key signs registries from ``not_before_ms`` to ``not_after_ms``."""

    def __init__(self, point: bytes, not_before_ms: int, not_after_ms: int) -> None:
        self.point = point
        self.not_before_ms = not_before_ms
        self.not_after_ms = not_after_ms

    def encode(self) -> bytes:
        """Return the payload to seal with purpose ``cose.VOUCHER``."""
        return cbor.encode({1: VERSION, 2: self.point, 3: self.not_before_ms, 4: self.not_after_ms})


def decode_voucher(payload: bytes) -> Voucher:
    """Return the voucher in an opened payload, or ``Rejected``."""
    entries = cbor.decode(payload)
    if not isinstance(entries, dict) or set(entries) != {1, 2, 3, 4} or entries[1] != VERSION:
        raise Rejected("voucher.map", "not a voucher of this version")
    if not _POINT.check(entries[2]) or not _TIME.check(entries[3]) or not _TIME.check(entries[4]):
        raise Rejected("voucher.map", "key and validity")
    return Voucher(entries[2], entries[3], entries[4])


def seal_bundle(registry: Registry, registry_key: "SigningKey", sealed_voucher: bytes) -> bytes:
    """Return the file that gateway and cloud read: [voucher, registry, head], all sealed (spec 7.1)."""
    sealed = cose.seal(registry.encode(), cose.REGISTRY, registry_key)
    return cbor.encode([sealed_voucher, sealed, registry_head.seal(registry, registry_key)])


def open_bundle(data: bytes, root: "VerifyingKey", now_ms: int) -> Registry:
    """Return the registry of a bundle whose seals all hold under ``root``, else ``Rejected``.

    ``now_ms`` is checked against the voucher's validity. That the serial does not fall is the caller's check, because
    only the caller remembers the last one.
    """
    bundle = cbor.decode(data)
    if not isinstance(bundle, list) or len(bundle) not in (2, 3) or not all(isinstance(part, bytes) for part in bundle):
        raise Rejected("registry.bundle", "[voucher, registry, head] expected")
    voucher = decode_voucher(cose.open(bundle[0], cose.VOUCHER, root).payload)
    if not voucher.not_before_ms <= now_ms <= voucher.not_after_ms:
        raise Rejected("registry.voucher", "the registry key's voucher is not valid now")
    registry_key = p256.VerifyingKey(voucher.point)
    registry = decode_registry(cose.open(bundle[1], cose.REGISTRY, registry_key, MAX_BUNDLE_BYTES).payload)
    if len(bundle) == 3:
        registry_head.check(bundle[2], registry, registry_key)
    return registry
