"""The signed registry on disk: who may speak, re-read when the file changes, never an older one.

Why the newest registry is kept in the ledger's database: an old one with a good signature would bring a revoked key
back to life. It survives restarts, so neither a copied-back file nor a restart turns the clock back; and of several
hosts over one ledger, the first to get a new registry has it for all.
"""

import contextlib
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError
from tracewire import cbor
from tracewire.credential import Credential, Registry, open_bundle
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.p256 import VerifyingKey
from tracewire.registry_head import Tree

from cloud.db.engine import LARGEST_INTEGER, Store
from cloud.ledger import store as ledger

log = structlog.get_logger()

_LOOK_MS = 5_000
"""How often the ledger is asked for a registry that another host has adopted."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A credential and its key, ready to verify with."""

    credential: Credential
    key: VerifyingKey


class Roll:
    """One registry, with each key prepared once: building a key costs as much as a quarter of a verification."""

    def __init__(self, registry: Registry, bundle: bytes) -> None:
        self.registry = registry
        self.bundle = bundle
        self._holders: dict[bytes, Holder] = {}
        self._names_by_code_base = {
            credential.code_base: credential.name for credential in registry.credentials if credential.code_base
        }

    def shown(self, kid: bytes) -> bytes:
        """Return what proves one key and the clouds' to a phone (spec 7.5).

        ``Rejected("registry.unknown")`` for a key that is not there, and for a registry from before there were heads.
        """
        voucher, _, *heads = self._parts
        chosen = [self.registry.find(kid), *(each for each in self.registry.with_role("cloud") if each.kid != kid)]
        if not heads:
            raise Rejected("registry.unknown", "this registry has no head, and is shown as a whole only")
        places = [self._places[each.kid] for each in chosen if each.kid == kid or each.state == "active"]
        return cbor.encode(
            [voucher, heads[0], [[self._tree.rows[place], place, self._tree.path(place)] for place in places]]
        )

    @functools.cached_property
    def _parts(self) -> list[bytes]:
        parts = cbor.decode(self.bundle)
        assert isinstance(parts, list)  # it was opened
        return parts

    @functools.cached_property
    def _tree(self) -> Tree:
        return Tree(self.registry)

    @functools.cached_property
    def _places(self) -> dict[bytes, int]:
        return {credential.kid: place for place, credential in enumerate(self.registry.credentials)}

    def find(self, kid: bytes) -> Holder | None:
        """Return who has this key, or None."""
        holder = self._holders.get(kid)
        if holder is None:
            try:
                credential = self.registry.find(kid)
            except Rejected:
                return None
            holder = self._holders[kid] = Holder(credential, VerifyingKey(credential.point))
        return holder

    def current(self, name: str) -> Credential | None:
        """Return a device's newest credential, or None for a name that the registry no longer has."""
        try:
            return self.registry.current(name)
        except Rejected:
            return None

    @functools.cached_property
    def code_bases(self) -> tuple[str, ...]:
        """Every code base in the order of first issue; it only grows, so a place in it means the same for ever."""
        return tuple(dict.fromkeys(each.code_base for each in self.registry.credentials if each.code_base))

    def device_with_code_base(self, code_base: str) -> str | None:
        """Return the name of the device to which this 13-digit code base was allotted, or None."""
        return self._names_by_code_base.get(code_base)


class RegistryFile:
    """``registry.cose``, verified under the root on every change; ``current()`` is cheap enough for each request."""

    def __init__(self, path: Path, root: VerifyingKey, store: Store, now_ms: Callable[[], int]) -> None:
        self._path = path
        self._root = root
        self._store = store
        self._now_ms = now_ms
        self._seen = (0, 0, 0)
        self._next_look_ms = 0
        self._roll: Roll | None = None
        self._turn = threading.Lock()

    def current(self) -> Roll:
        """Return the newest registry that may be trusted.

        A changed file that cannot be trusted (bad seal, lower serial, half written) is logged and the one in force
        stays in force: after a start, the newest that the ledger has. Without any: ``Unavailable("registry.missing")``,
        or what is wrong with the file.
        """
        signature = self._signature()
        if signature != self._seen or self._roll is None:
            try:
                self._adopt(self._read())
            except (Rejected, Unavailable) as error:
                if self._roll is None and not self._follow_ledger():
                    raise
                log.warning("registry.kept", code=error.code, detail=error.detail)
            self._seen = signature
        elif self._now_ms() >= self._next_look_ms:
            self._next_look_ms = self._now_ms() + _LOOK_MS
            # What is in force stays so, whether the database is away or what it has cannot be trusted here.
            with contextlib.suppress(OperationalError, Rejected):
                self._follow_ledger()
        assert self._roll is not None
        return self._roll

    def _signature(self) -> tuple[int, int, int]:
        """Return what changes when the file does: it is replaced as a whole, so its inode changes too."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (status.st_ino, status.st_size, status.st_mtime_ns)

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError as error:
            raise Unavailable("registry.missing", self._path.name) from error

    def _follow_ledger(self) -> bool:
        """Take the newest registry that any host has adopted, if it is newer than ours; tell whether it was."""
        with self._store.reader.connect() as connection:
            if ledger.newest_registry_serial(connection) <= (self._roll.registry.serial if self._roll else 0):
                return False
            newest = ledger.newest_registry(connection)
        assert newest is not None  # it has a serial
        self._put_in_force(open_bundle(newest.bundle, self._root, self._now_ms()), newest.bundle)
        return True

    def _adopt(self, bundle: bytes) -> None:
        registry = open_bundle(bundle, self._root, self._now_ms())
        if registry.serial > LARGEST_INTEGER:
            raise Rejected("registry.serial", "beyond 63 bits")
        with self._store.alone() as connection:
            newest = ledger.newest_registry(connection)
            if newest is not None and registry.serial < newest.serial:
                raise Rejected("registry.serial", f"{registry.serial} is older than {newest.serial}")
            if newest is None or registry.serial > newest.serial:
                ledger.remember_registry(connection, registry.serial, self._now_ms(), bundle)
            elif newest.bundle != bundle:
                raise Rejected("registry.serial", f"two registries have serial {registry.serial}")
        # A crash here: the serial is remembered, the file is still there, the next start adopts it again.
        self._put_in_force(registry, bundle)

    def _put_in_force(self, registry: Registry, bundle: bytes) -> None:
        with self._turn:  # one thread may have asked the ledger before another read the file
            if self._roll is not None and self._roll.registry.serial > registry.serial:
                return
            self._roll = Roll(registry, bundle)
        log.info("registry.adopted", serial=registry.serial, keys=len(registry.credentials))


def read_root(path: Path) -> VerifyingKey:
    """Return the root's public key from ``root.point``; ``Misuse`` when the file is missing or no point."""
    try:
        return VerifyingKey(path.read_bytes())
    except FileNotFoundError as error:
        raise Misuse("identity.missing", f"{path.name}: run `chengxin device enrol` first") from error
    except Rejected as error:
        raise Misuse("identity.root", f"{path.name}: {error.code}") from error
