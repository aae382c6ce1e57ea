"""The update manifest: which files make a release, for which boards, until when, and who vouches for it (spec 11).

Why two signatures: one stolen or careless release key must not reach a scale. A *bundle* is a list of the same manifest
sealed by different people; a device knows the points it trusts and wants two of them. Every seal in a bundle must
count: a stranger's is refused, not ignored, so that one set of signers has exactly one spelling.

Pure rules: bytes in, ``Manifest`` or ``Rejected`` out. What the files contain is checked where they lie (``update``).
"""

from hashlib import sha256

from tracewire import cbor, cose, p256
from tracewire.errors import Misuse, Rejected
from tracewire.fields import Number, Octets, Rows, Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from tracewire.p256 import SigningKey

FORMAT = 1
SIGNATURES_NEEDED = 2
MAX_SIGNATURES = 4
MAX_SEALED_BYTES = 16384
"""Of one sealed manifest; a scale's 70 files need about 5,000."""
MAX_BUNDLE_BYTES = 40960
CLOCK_SLACK_MS = 86400000
"""A manifest from more than a day ahead means that this clock is wrong, and then expiry cannot be judged either."""

_WORD_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-._+"
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-._"
_MOST_FOLDERS = 4

_TIME = Number(0x7FFFFFFFFFFF)
_HARDWARE = Number(0xFFFF)
_VERSION_NUMBER = Number(0x7FFFFFFF)
_FILES = Rows((Text(64), Number(0x100000, 1), Octets(32)), 200)


class _Word(Text):
    """Text of lower-case letters, digits and ``-._+``: it goes into file names, audit records and logs."""

    def check(self, value: "Any") -> bool:
        return Text.check(self, value) and not value.strip(_WORD_CHARACTERS)


class _Range:
    """``[lowest, highest]``, both included."""

    def check(self, value: "Any") -> bool:
        if not isinstance(value, list) or len(value) != 2 or not all(_HARDWARE.check(end) for end in value):
            return False
        return bool(value[0] <= value[1])


_FORMAT_KEY = 1
# (key, name, type); the total, key 9, exists so that a person sees it and a cut list shows
_FIELDS = (
    (2, "version", _Word(24)),
    (3, "model", _Word(24)),
    (4, "hardware", _Range()),
    (5, "security_version", _VERSION_NUMBER),
    (6, "issued_ms", _TIME),
    (7, "expires_ms", _TIME),
    (8, "files", _FILES),
    (9, "total_bytes", Number()),
    (10, "loader", _VERSION_NUMBER),
)


class Target:
    """What a board is, for a manifest to fit: ``model``, ``hardware`` revision, ``loader`` version.

    ``security_floor`` is the lowest security version it accepts; it never falls.
    """

    def __init__(self, model: str, hardware: int, loader: int, security_floor: int) -> None:
        self.model = model
        self.hardware = hardware
        self.loader = loader
        self.security_floor = security_floor


class Manifest:
    """One release: ``files`` are (path, size in bytes, SHA-256), sorted by path.

    ``hardware`` is [lowest, highest] revision; ``security_version`` rises when going back would be dangerous;
    ``loader`` is the oldest loader that can start it. Times are Unix milliseconds.
    """

    def __init__(
        self,
        version: str,
        model: str,
        hardware: "Sequence[int]",
        security_version: int,
        issued_ms: int,
        expires_ms: int,
        files: "Sequence[tuple[str, int, bytes]]",
        loader: int = 1,
    ) -> None:
        self.version = version
        self.model = model
        self.hardware = list(hardware)
        self.security_version = security_version
        self.issued_ms = issued_ms
        self.expires_ms = expires_ms
        self.files = tuple(files)
        self.total_bytes = sum([size for _, size, _ in self.files])
        self.loader = loader

    @property
    def digest(self) -> bytes:
        """SHA-256 of the payload: what names this release, whoever sealed it."""
        return sha256(self.encode()).digest()

    def encode(self) -> bytes:
        """Return the payload to seal with purpose ``cose.FIRMWARE``; ``Misuse`` when a field is out of bounds."""
        wire = {_FORMAT_KEY: FORMAT}
        for key, name, _ in _FIELDS:
            wire[key] = getattr(self, name)
        try:
            _check(wire)
        except Rejected as refusal:
            raise Misuse(refusal.code, refusal.detail)
        return cbor.encode(wire)


def decode(payload: bytes) -> Manifest:
    """Return the manifest in an opened payload, or ``Rejected("manifest.…")``; who sealed it is ``open_bundle``'s."""
    wire = cbor.decode(payload)
    if not isinstance(wire, dict) or set(wire) != set(range(1, 11)):
        raise Rejected("manifest.map", "keys 1 to 10 expected")
    _check(wire)
    fields = {name: wire[key] for key, name, _ in _FIELDS if name != "total_bytes"}
    fields["files"] = [tuple(row) for row in wire[8]]
    return Manifest(**fields)


def _check(wire: "dict[int, Any]") -> None:
    if isinstance(wire[_FORMAT_KEY], bool) or wire[_FORMAT_KEY] != FORMAT:
        raise Rejected("manifest.format", "not a manifest of this format")
    for key, name, field_type in _FIELDS:
        if not field_type.check(wire[key]):
            raise Rejected("manifest.field", name)
    _check_paths([row[0] for row in wire[8]])
    if sum([row[1] for row in wire[8]]) != wire[9]:
        raise Rejected("manifest.total", "the sizes do not add up")


def _check_paths(paths: "list[str]") -> None:
    """Refuse every path that could lead out of a slot or to one place twice (spec 11.4)."""
    folders = set()
    for path in paths:
        names = path.split("/")
        if len(names) > _MOST_FOLDERS or not all(_is_file_name(name) for name in names):
            raise Rejected("manifest.path", "not a plain relative path")
        for depth in range(1, len(names)):
            folders.add("/".join(names[:depth]))
    for before, after in zip(paths, paths[1:]):
        if before == after:
            raise Rejected("manifest.duplicate", before)
        if before > after:
            raise Rejected("manifest.order", "paths must rise")
    for path in paths:
        if path in folders:
            raise Rejected("manifest.path", "a file and a folder of one name")


def _is_file_name(name: str) -> bool:
    return bool(name) and name[0] != "." and not name.strip(_NAME_CHARACTERS)


def add_signature(bundle: "bytes | None", payload: bytes, key: "SigningKey") -> bytes:
    """Return ``bundle`` with the seal of one more key over ``payload``; without a bundle, begin one.

    ``Misuse`` when the bundle is about something else, is full or has this key's seal already.
    """
    seals = _seals(bundle) if bundle else []
    messages = [cose.parse(sealed, MAX_SEALED_BYTES) for sealed in seals]
    if any(message.payload != payload for message in messages):
        raise Misuse("manifest.differs", "the bundle is about another release")
    if any(message.kid == key.kid for message in messages):
        raise Misuse("manifest.same_key", "this key has signed already")
    if len(seals) == MAX_SIGNATURES:
        raise Misuse("manifest.signatures", "a bundle holds at most %d" % MAX_SIGNATURES)
    seals.append(cose.seal(payload, cose.FIRMWARE, key))
    return cbor.encode(seals)


def peek(bundle: bytes) -> Manifest:
    """Return what a bundle says, unverified: for showing it to a person, or after the loader has verified it."""
    seals = _seals(bundle)
    if not seals:
        raise Rejected("manifest.signatures", "none")
    return decode(cose.parse(seals[0], MAX_SEALED_BYTES).payload)


def open_bundle(bundle: bytes, trusted: "Sequence[bytes]") -> Manifest:
    """Return the manifest that at least two of the ``trusted`` points (65 bytes each) have sealed, else ``Rejected``.

    ``cbor.…`` and ``cose.…`` name a broken form, ``manifest.…`` a broken rule. Nothing of the payload is looked at
    before every seal holds.
    """
    seals = _seals(bundle)
    if not SIGNATURES_NEEDED <= len(seals) <= MAX_SIGNATURES:
        raise Rejected("manifest.signatures", "%d of %d needed" % (len(seals), SIGNATURES_NEEDED))
    points = {p256.key_id(point): point for point in trusted}
    signers: "set[bytes]" = set()
    payload = b""
    while seals:  # one at a time: a board has no room for every copy
        message = cose.parse(seals.pop(), MAX_SEALED_BYTES)
        if message.kid in signers:
            raise Rejected("manifest.same_key", "each seal is by another key")
        if message.kid not in points:
            raise Rejected("manifest.foreign_key", "a signer that this board does not trust")
        if signers and message.payload != payload:
            raise Rejected("manifest.differs", "the signers sealed different manifests")
        cose.verify(message, cose.FIRMWARE, p256.VerifyingKey(points[message.kid]))
        signers.add(message.kid)
        payload = message.payload
    return decode(payload)


def _seals(bundle: bytes) -> "list[bytes]":
    if len(bundle) > MAX_BUNDLE_BYTES:
        raise Rejected("manifest.size", "%d bytes, at most %d" % (len(bundle), MAX_BUNDLE_BYTES))
    seals = cbor.decode(bundle)
    if not isinstance(seals, list) or not all(isinstance(sealed, bytes) for sealed in seals):
        raise Rejected("manifest.bundle", "an array of sealed manifests expected")
    return seals


def check_target(manifest: Manifest, target: Target) -> None:
    """Return when the release is for this board, else ``Rejected``; the loader asks this at every boot."""
    if manifest.model != target.model:
        raise Rejected("manifest.model", "for " + manifest.model)
    if not manifest.hardware[0] <= target.hardware <= manifest.hardware[1]:
        raise Rejected("manifest.hardware", "for revisions %d to %d" % tuple(manifest.hardware))
    if manifest.loader > target.loader:
        raise Rejected("manifest.loader", "needs loader %d" % manifest.loader)
    if manifest.security_version < target.security_floor:
        versions = (manifest.security_version, target.security_floor)
        raise Rejected("manifest.security_version", "%d is below %d" % versions)


def check_time(manifest: Manifest, now_ms: int) -> None:
    """Return when the release may be installed now, else ``Rejected``; what is installed stays good for ever."""
    if now_ms > manifest.expires_ms:
        raise Rejected("manifest.expired", "")
    if manifest.issued_ms > now_ms + CLOCK_SLACK_MS:
        raise Rejected("manifest.not_yet", "issued in the future: is this clock right?")


def check(bundle: bytes, trusted: "Sequence[bytes]", target: Target, now_ms: int) -> Manifest:
    """Return the manifest of a bundle that this board may install now, else ``Rejected`` with the first broken rule."""
    manifest = open_bundle(bundle, trusted)
    check_target(manifest, target)
    check_time(manifest, now_ms)
    return manifest
