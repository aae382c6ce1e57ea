"""The head of a registry: a root over all its keys, so that one of them can be shown without the others (spec 7.5).

Why: a phone that looks at one slip needs two keys of a province's 300,000. The registry key seals a small head with the
root of a Merkle tree (RFC 9162, 2.1) whose leaves are the credentials as the registry has them; whoever holds the
registry hands out any credential with its path. Devices do not use it.
"""

from hashlib import sha256

from tracewire import cbor, cose
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracewire.credential import Registry
    from tracewire.p256 import SigningKey, VerifyingKey

PURPOSE = b"chengxin/registry-head/1"
VERSION = 1


class Tree:
    """The keys of a registry as leaves; ``rows`` are the credentials' encodings, in the registry's order."""

    def __init__(self, registry: "Registry") -> None:
        self.rows = [cbor.encode(credential.to_wire()) for credential in registry.credentials]
        level = [sha256(b"\x00" + row).digest() for row in self.rows]
        self._levels = [level]
        while len(level) > 1:
            # A last node without a neighbour moves up as it is, which is the tree of RFC 9162.
            pairs = [sha256(b"\x01" + b"".join(level[at : at + 2])).digest() for at in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """SHA-256 over everything; of no leaves, of nothing."""
        return self._levels[-1][0] if self.rows else sha256(b"").digest()

    def path(self, index: int) -> "list[bytes]":
        """Return the neighbours of a leaf on its way to the root, lowest first (RFC 9162, 2.1.3)."""
        neighbours = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                neighbours.append(level[index ^ 1])
            index >>= 1
        return neighbours


def seal(registry: "Registry", registry_key: "SigningKey") -> bytes:
    """Return the sealed head of a registry, the third part of its bundle."""
    return cose.seal(_payload(registry, Tree(registry)), PURPOSE, registry_key)


def check(sealed: bytes, registry: "Registry", registry_key: "VerifyingKey") -> None:
    """Return if the head is this registry's and its seal holds; ``Rejected("registry.head")`` or ``"cose.…"``."""
    if cose.open(sealed, PURPOSE, registry_key).payload != _payload(registry, Tree(registry)):
        raise Rejected("registry.head", "of another registry")


def _payload(registry: "Registry", tree: Tree) -> bytes:
    head: "dict[int, Any]" = {
        1: VERSION,
        2: registry.serial,
        3: registry.issued_ms,
        4: len(tree.rows),
        5: tree.root,
    }
    return cbor.encode(head)
