"""The keys that sign checkpoints, and the name they speak for: a log's or a witness's, in its own directory.

``log_ed25519.pem`` and ``log_mldsa44.pem`` (PKCS 8, mode 600) never leave it; ``log.vkey`` is for the world: one
verifier key a line, with the log's name in it. Why the name is there and not in cloud.toml: who changes it has another
log, whose checkpoints no witness would take for the old one's. A witness's files begin with ``witness``.
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

PUBLIC_FILE = "log.vkey"

PrivateKey = Ed25519PrivateKey | MLDSA44PrivateKey

_Maker = type[Ed25519PrivateKey] | type[MLDSA44PrivateKey]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who signs: the names of the files, and the signature type of the Ed25519 key, which differs by the message."""

    prefix: str
    ed25519: KeyType
    remedy: str

    @property
    def public_file(self) -> str:
        """Return the name of the file with the verifier keys."""
        return f"{self.prefix}.vkey"

    @property
    def makers(self) -> tuple[tuple[str, KeyType, _Maker], ...]:
        """Return file name, signature type and class of each private key."""
        return (
            (f"{self.prefix}_ed25519.pem", self.ed25519, Ed25519PrivateKey),
            (f"{self.prefix}_mldsa44.pem", KeyType.ML_DSA_44, MLDSA44PrivateKey),
        )


LOG = Holder("log", KeyType.ED25519, "run `chengxin cloud log-init` once")
WITNESS = Holder("witness", KeyType.COSIGNATURE_V1, "run `chengxin witness init` first")


@dataclass(frozen=True, slots=True)
class LogKeys:
    """What a cloud needs to sign checkpoints of its log, or a witness to cosign them."""

    origin: str
    signers: tuple[Signer, ...]

    @property
    def public(self) -> tuple[VerifierKey, ...]:
        """Return the keys that verify what these sign."""
        return tuple(signer.key for signer in self.signers)


def create(directory: Path, origin: str = "", holder: Holder = LOG) -> LogKeys:
    """Make the keys of a new log or witness and return them; on disk when this returns.

    ``origin`` is best a URL without scheme that is yours, such as ``example.com/log``; without one, a name is made from
    the key. Raises ``Misuse("log.exists")`` when the directory has such keys already, ``Misuse("log.origin")``.
    """
    if (directory / holder.public_file).exists():
        raise Misuse("log.exists", holder.public_file)
    if origin and not note.is_name(origin):
        raise Misuse("log.origin", "printable, without spaces and plus signs, at most 255 bytes")
    for name, _, maker in holder.makers:
        if not (directory / name).exists():
            write_new(directory / name, _pem(maker.generate()), mode=0o600)
        # A crash here: keys without their .vkey are nobody's yet; the next attempt takes them up.
    private = _read_private(directory, holder)
    digest = hashlib.sha256(private[0].public_key().public_bytes_raw()).hexdigest()
    keys = _named(origin or f"chengxin/{holder.prefix}/{digest[:16]}", private, holder)
    write_new(directory / holder.public_file, _text(keys), mode=0o644)
    return keys


def load(directory: Path, holder: Holder = LOG) -> LogKeys:
    """Return the keys; ``Misuse("log.keys")`` when they are missing or do not belong together."""
    path = directory / holder.public_file
    if not path.is_file():
        raise Misuse("log.keys", f"{path.name} is missing: {holder.remedy}")
    published = path.read_bytes()
    try:
        origin = note.parse_key(published.decode().splitlines()[0]).name
    except (Rejected, UnicodeDecodeError, IndexError) as error:
        raise Misuse("log.keys", f"{path.name} holds no verifier key") from error
    keys = _named(origin, _read_private(directory, holder), holder)
    if published != _text(keys):
        raise Misuse("log.keys", f"{path.name} does not belong to the private keys beside it")
    return keys


def read_public(data: bytes) -> tuple[VerifierKey, ...]:
    """Return the verifier keys of a ``.vkey`` file, one a line and all of one name; ``Rejected("note.key")``."""
    try:
        keys = tuple(note.parse_key(line) for line in data.decode().splitlines() if line)
    except UnicodeDecodeError as error:
        raise Rejected("note.key", "not text") from error
    if not keys or len({key.name for key in keys}) != 1:
        raise Rejected("note.key", "verifier keys of one name expected, one a line")
    return keys


def _text(keys: LogKeys) -> bytes:
    return "".join(f"{key}\n" for key in keys.public).encode()


def _named(origin: str, private: tuple[PrivateKey, ...], holder: Holder) -> LogKeys:
    signers = [
        Signer(VerifierKey(origin, key_type, key.public_key().public_bytes_raw()), key)
        for (_, key_type, _), key in zip(holder.makers, private, strict=True)
    ]
    return LogKeys(origin, tuple(signers))


def _read_private(directory: Path, holder: Holder) -> tuple[PrivateKey, ...]:
    keys: list[PrivateKey] = []
    for name, _, maker in holder.makers:
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


def write_new(path: Path, contents: bytes, mode: int) -> None:
    """Write a file, or replace it: whole or not at all, and on disk when this returns."""
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
