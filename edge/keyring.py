"""Who may speak, as of the newest registry this gateway has seen (spec 7).

Why cached: a site must go on for days without its cloud, so the gateway judges by the file that lies beside it and
takes a newer one whenever it appears. A registry with a lower serial than one already seen is refused, also after a
restart: an old copy would bring revoked keys back. Read by several threads; a refresh swaps one reference.
"""

from pathlib import Path

import structlog
from tracewire.credential import Credential, Registry, open_bundle
from tracewire.errors import Misuse, Rejected
from tracewire.p256 import VerifyingKey

log = structlog.get_logger("edge.keyring")


class _Ring:
    """One registry with the keys already unpacked from it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.keys: dict[bytes, VerifyingKey] = {}


class Keyring:
    """The registry file ``path``, trusted under the root's public point (65 bytes)."""

    def __init__(self, path: Path, root_point: bytes, now_ms: int, least_serial: int = 0) -> None:
        """Read the registry; ``Misuse`` when the very first read fails: without keys nothing can be judged."""
        self._path = path
        self._root = VerifyingKey(root_point)
        self._signature = self._file_signature()
        try:
            registry = open_bundle(path.read_bytes(), self._root, now_ms)
            self._refuse_older(registry, least_serial)
        except (OSError, Rejected) as broken:
            raise Misuse("gateway.registry", f"{path} cannot be trusted: {broken}") from broken
        self._ring = _Ring(registry)

    @property
    def serial(self) -> int:
        """Serial of the registry in use."""
        return self._ring.registry.serial

    def refresh(self, now_ms: int) -> bool:
        """Take the file if it changed; return whether a newer registry is now in use.

        A file that does not open under the root, or is older than the one in use, is logged and left: the last good
        registry stays in force.
        """
        try:
            signature = self._file_signature()
            if signature == self._signature:
                return False
            self._signature = signature
            registry = open_bundle(self._path.read_bytes(), self._root, now_ms)
            self._refuse_older(registry, self.serial)
        except (OSError, Rejected) as refusal:
            log.error("registry.refused", reason=str(refusal), serial_in_use=self.serial)
            return False
        self._ring = _Ring(registry)
        log.info("registry.loaded", serial=registry.serial, keys=len(registry.credentials))
        return True

    def find(self, kid: bytes) -> Credential:
        """Return the credential of a key; ``Rejected("registry.unknown")``."""
        return self._ring.registry.find(kid)

    def current(self, name: str) -> Credential:
        """Return a device's newest credential; ``Rejected("registry.unknown")``."""
        return self._ring.registry.current(name)

    def verifying_key(self, credential: Credential) -> VerifyingKey:
        """Return the unpacked key of a credential; unpacking costs a tenth of a verification, so it is kept."""
        keys = self._ring.keys
        if credential.kid not in keys:
            keys[credential.kid] = VerifyingKey(credential.point)
        return keys[credential.kid]

    def _refuse_older(self, registry: Registry, least_serial: int) -> None:
        if registry.serial < least_serial:
            raise Rejected("registry.rollback", f"serial {registry.serial}, but {least_serial} was already seen")

    def _file_signature(self) -> tuple[int, int, int]:
        """Return what changes when a file is replaced; cheaper than reading 45 MB every two seconds."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_size, status.st_ino)
