"""The keys that sign the log's checkpoints, and the name of the log: made once, in the cloud's directory.

``log_ed25519.pem`` and ``log_mldsa44.pem`` (PKCS 8, mode 600) never leave it; ``log.vkey`` is for the world: one
verifier key a line, with the log's name in it. Why the name is there and not in cloud.toml: who changes it has another
log, whose checkpoints no witness would take for the old one's.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from tracewire.errors import Misuse, Rejected

from cloud.ledger import note
from cloud.ledger.checkpoint import Signer
from cloud.ledger.note import KeyType, VerifierKey

ED25519_FILE = "log_ed25519.pem"
ML_DSA_44_FILE = "log_mldsa44.pem"
PUBLIC_FILE = "log.vkey"

PrivateKey = Ed25519PrivateKey | MLDSA44PrivateKey

_MAKERS: tuple[tuple[str, KeyType, type[Ed25519PrivateKey] | type[MLDSA44PrivateKey]], ...] = (
    (ED25519_FILE, KeyType.ED25519, Ed25519PrivateKey),
    (ML_DSA_44_FILE, KeyType.ML_DSA_44, MLDSA44PrivateKey),
)


@dataclass(frozen=True, slots=True)
class LogKeys:
    """What a cloud needs to sign checkpoints of its log."""

    origin: str
    signers: tuple[Signer, ...]

    @property
    def public(self) -> tuple[VerifierKey, ...]:
        """Return the keys that verify what these sign."""
        return tuple(signer.key for signer in self.signers)


def create(directory: Path, origin: str = "") -> LogKeys:
    """Make the keys of a new log and return them; on disk when this returns.

    ``origin`` is best a URL without scheme that is yours, such as ``example.com/log``; without one, a name is made from
    the key. Raises ``Misuse("log.exists")`` when the directory has a log already, ``Misuse("log.origin")``.
    """
    if (directory / PUBLIC_FILE).exists():
        raise Misuse("log.exists", PUBLIC_FILE)
    if origin and not note.is_name(origin):
        raise Misuse("log.origin", "printable, without spaces and plus signs, at most 255 bytes")
    for name, _, maker in _MAKERS:
        if not (directory / name).exists():
            _write(directory / name, _pem(maker.generate()), mode=0o600)
        # A crash here: keys without log.vkey are nobody's yet; the next attempt takes them up.
    private = _read_private(directory)
    name = origin or f"chengxin/log/{hashlib.sha256(private[0].public_key().public_bytes_raw()).hexdigest()[:16]}"
    keys = _named(name, private)
    _write(directory / PUBLIC_FILE, "".join(f"{key}\n" for key in keys.public).encode(), mode=0o644)
    return keys


def load(directory: Path) -> LogKeys:
    """Return the keys of the log; ``Misuse("log.keys")`` when they are missing or do not belong together."""
    path = directory / PUBLIC_FILE
    if not path.is_file():
        raise Misuse("log.keys", f"{path.name} is missing: run `chengxin cloud log-init --dir {directory}` once")
    published = path.read_bytes()
    try:
        origin = note.parse_key(published.decode().splitlines()[0]).name
    except (Rejected, UnicodeDecodeError, IndexError) as error:
        raise Misuse("log.keys", f"{path.name} holds no verifier key") from error
    keys = _named(origin, _read_private(directory))
    if published != "".join(f"{key}\n" for key in keys.public).encode():
        raise Misuse("log.keys", f"{path.name} does not belong to {ED25519_FILE} and {ML_DSA_44_FILE}")
    return keys


def _named(origin: str, private: tuple[PrivateKey, ...]) -> LogKeys:
    signers = [
        Signer(VerifierKey(origin, key_type, key.public_key().public_bytes_raw()), key)
        for (_, key_type, _), key in zip(_MAKERS, private, strict=True)
    ]
    return LogKeys(origin, tuple(signers))


def _read_private(directory: Path) -> tuple[PrivateKey, ...]:
    keys: list[PrivateKey] = []
    for name, _, maker in _MAKERS:
        try:
            key = serialization.load_pem_private_key((directory / name).read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Misuse("log.keys", f"{name} cannot be read: {error}") from error
        if not isinstance(key, (Ed25519PrivateKey, MLDSA44PrivateKey)) or not isinstance(key, maker):
            raise Misuse("log.keys", f"{name} holds another kind of key")
        keys.append(key)
    return tuple(keys)


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, contents: bytes, mode: int) -> None:
    """Write a file that is not there yet: whole or not at all, and on disk when this returns."""
    staged = path.with_name(f"{path.name}.new")
    staged.unlink(missing_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())
    staged.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
