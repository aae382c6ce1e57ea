"""Release firmware: make a release key, sign an image for two people, check it as the device would.

Why two people: a board starts nothing that fewer than two of its trusted keys have sealed (spec 11.2). The first
signer writes the manifest; the second is given image and manifest, computes every hash anew and adds a seal only when
they agree. Keys are PKCS#8 under a passphrase; beside each lies its public point, which enrolment gives to the boards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tracewire import manifest
from tracewire.errors import Misuse, Rejected
from tracewire.manifest import Manifest, Target
from tracewire.p256 import SigningKey

from provisioning import durable, layout

ROM_FILE = "rom.img"
"""All modules in one: a folder that holds it ships nothing else, and a board runs it in place."""

SHIPPED_SUFFIXES = (".mpy", ".bin")
"""What ships of a folder without: what a program imports or reads. The build's own notes stay behind."""

POINT_SUFFIX = ".point"


@dataclass(frozen=True)
class Release:
    """What a person decides about a release; the hash list is computed."""

    version: str
    model: str
    hardware: tuple[int, int]
    """Lowest and highest revision of the board, both included."""
    security_version: int
    """Raise it when going back to an older release would be dangerous: boards then never do."""
    valid_days: int
    """Days in which it may be installed; installed it runs for ever."""
    loader: int = 1


def make_key(path: Path, passphrase: bytes) -> SigningKey:
    """Make a release key in ``path`` (PKCS#8, encrypted) and its point beside it; both on disk when this returns.

    Raises ``Misuse`` when the file exists or the passphrase is empty.
    """
    if path.exists():
        raise Misuse("firmware.key_exists", f"{path} exists already; a key is never overwritten")
    if not passphrase:
        raise Misuse("firmware.passphrase", "a release key needs a passphrase that is not empty")
    private = ec.generate_private_key(ec.SECP256R1())
    contents = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    key = _signing_key(private)
    durable.replace(path.with_suffix(POINT_SUFFIX), key.point)
    durable.replace(path, contents, durable.PRIVATE)
    # Committed. A crash before it leaves a point whose key nobody has: harmless, and the next call overwrites it.
    return key


def read_key(path: Path, passphrase: bytes) -> SigningKey:
    """Return a release key; ``Misuse`` when file or passphrase are wrong."""
    try:
        private = serialization.load_pem_private_key(_read(path), passphrase)
    except (ValueError, TypeError) as problem:
        raise Misuse("firmware.key", f"{path}: not a key, or not its passphrase") from problem
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise Misuse("firmware.key", f"{path}: not a P-256 key")
    return _signing_key(private)


def read_point(path: Path) -> bytes:
    """Return a release key's public point, 65 bytes; ``Misuse`` when the file holds something else."""
    point = _read(path)
    if len(point) != 65 or point[0] != 4:
        raise Misuse("firmware.point", f"{path}: 65 bytes of an uncompressed point expected")
    return point


def hash_list(image: Path) -> list[tuple[str, int, bytes]]:
    """Return (path, size, SHA-256) of every file of ``image`` that ships, sorted by path; ``Misuse`` when none does."""
    files = [path for path in image.rglob("*") if path.is_file() and path.suffix in SHIPPED_SUFFIXES]
    if (image / ROM_FILE).is_file():
        files = [image / ROM_FILE]
    if not files:
        raise Misuse("firmware.image", f"{image} holds no compiled firmware; make it with: make firmware")
    return sorted(_row(image, path) for path in files)


def first_signature(image: Path, release: Release, key: SigningKey, now: datetime) -> bytes:
    """Return a bundle with a new manifest of ``image``, sealed by ``key`` alone: not installable yet."""
    made = Manifest(
        version=release.version,
        model=release.model,
        hardware=release.hardware,
        security_version=release.security_version,
        issued_ms=layout.milliseconds(now),
        expires_ms=layout.milliseconds(now + timedelta(days=release.valid_days)),
        files=hash_list(image),
        loader=release.loader,
    )
    return manifest.add_signature(None, made.encode(), key)


def further_signature(image: Path, bundle: bytes, key: SigningKey) -> bytes:
    """Return ``bundle`` with the seal of one more person; ``Rejected`` when their ``image`` is another."""
    made = manifest.peek(bundle)
    check_image(image, made)
    return manifest.add_signature(bundle, made.encode(), key)


def check(image: Path, bundle: bytes, trusted: Sequence[bytes], target: Target, now: datetime) -> Manifest:
    """Return the manifest when a board like ``target`` would install and start ``image`` now, else ``Rejected``."""
    made = manifest.check(bundle, trusted, target, layout.milliseconds(now))
    check_image(image, made)
    return made


def check_image(image: Path, made: Manifest) -> None:
    """Return when ``image`` is exactly the files of the manifest; ``Rejected("firmware.image")`` names what differs."""
    differing = set(hash_list(image)) ^ set(made.files)
    if differing:
        names = ", ".join(sorted({path for path, _, _ in differing})[:3])
        raise Rejected("firmware.image", f"the image is not the one that was signed: {names}")


def read_bundle(path: Path) -> bytes:
    """Return the bytes of a signed manifest."""
    return _read(path)


def _row(image: Path, path: Path) -> tuple[str, int, bytes]:
    contents = path.read_bytes()
    return path.relative_to(image).as_posix(), len(contents), sha256(contents).digest()


def _signing_key(private: ec.EllipticCurvePrivateKey) -> SigningKey:
    return SigningKey(private.private_numbers().private_value.to_bytes(32, "big"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise Misuse("firmware.file", f"cannot read {path}: {problem.strerror}") from problem
