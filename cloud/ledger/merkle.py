"""The Merkle tree of RFC 6962 as arithmetic: growing, roots, proofs of inclusion and of consistency, and their checks.

Rules without I/O. Leaves are counted from 0, as in the standard: leaf ``i`` is the ledger's record ``i + 1``. The only
hashes worth keeping are those of *complete* subtrees (all leaves there), because they never change; everything else is
put together from at most one of them per level. A proof is therefore first a list of ranges of leaves, then the hashes
of these ranges: ``tree`` looks up what this module names.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tracewire.errors import Rejected

EMPTY_ROOT = hashlib.sha256().digest()
"""Root of a tree without leaves (RFC 6962 2.1)."""

HASH_BYTES = 32


class Node(NamedTuple):
    """The complete subtree over leaves ``position * 2**level`` to ``(position + 1) * 2**level - 1``."""

    level: int
    position: int


class Range(NamedTuple):
    """Leaves ``start`` to ``end - 1``: one element of a proof. ``start`` is where a complete subtree may begin."""

    start: int
    end: int


LookUp = Callable[[Node], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf; its prefix keeps a leaf from posing as a node (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a subtree from those of its halves."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Row(NamedTuple):
    """Complete subtrees of one ``level`` side by side, the first of them at ``position``."""

    level: int
    position: int
    hashes: list[bytes]


def grow_rows(size: int, leaf_hashes: Sequence[bytes], look_up: LookUp) -> Iterator[Row]:
    """Yield, level by level, the complete subtrees that appear when leaves join a tree of ``size``; leaves first.

    ``look_up`` is asked only for left siblings along the old right edge, at most one per level.
    """
    level, position, hashes = 0, size, list(leaf_hashes)
    while hashes:
        yield Row(level, position, hashes)
        if position % 2:
            position -= 1
            hashes = [look_up(Node(level, position)), *hashes]
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        level, position = level + 1, position // 2


def grow(size: int, leaf_hashes: Sequence[bytes], look_up: LookUp) -> Iterator[tuple[Node, bytes]]:
    """Yield the same, one complete subtree at a time."""
    for level, position, hashes in grow_rows(size, leaf_hashes, look_up):
        yield from ((Node(level, position + offset), each) for offset, each in enumerate(hashes))


def complete_subtrees(leaves: Range) -> list[Node]:
    """Return the largest complete subtrees that make up a range, from left to right: one for each bit of its width.

    For ``Range(0, size)`` this is the right edge, or compact range, of the tree.
    """
    nodes = []
    start, width = leaves.start, leaves.end - leaves.start
    while width:
        level = width.bit_length() - 1
        nodes.append(Node(level, start >> level))
        start, width = start + (1 << level), width - (1 << level)
    return nodes


def range_hash(leaves: Range, look_up: LookUp) -> bytes:
    """Return the Merkle tree hash of a range of leaves (RFC 6962 2.1)."""
    nodes = complete_subtrees(leaves)
    if not nodes:
        return EMPTY_ROOT
    result = look_up(nodes[-1])
    for node in reversed(nodes[:-1]):
        result = node_hash(look_up(node), result)
    return result


def inclusion(leaf: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that ``leaf`` is in the tree of ``size`` leaves (RFC 9162 2.1.3.1).

    From the leaf upwards. Raises ``Rejected("log.index")`` when there is no such leaf.
    """
    if not 0 <= leaf < size:
        raise Rejected("log.index", f"leaf {leaf} is not in a tree of {size}")
    ranges = []
    whole = Range(0, size)
    while whole.end - whole.start > 1:
        left, right = _halves(whole)
        whole, sibling = (left, right) if leaf < right.start else (right, left)
        ranges.append(sibling)
    return ranges[::-1]


def consistency(old_size: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that the tree of ``old_size`` is how this one began (RFC 9162 2.1.4.1).

    Nothing is needed for an empty or an equal tree. Raises ``Rejected("log.size")`` when the old one is the larger.
    """
    if not 0 <= old_size <= size:
        raise Rejected("log.size", f"a tree of {size} cannot begin with {old_size} leaves")
    if old_size in (0, size):
        return []
    ranges = []
    whole = Range(0, size)
    while old_size < whole.end:
        left, right = _halves(whole)
        whole, sibling = (left, right) if old_size <= right.start else (right, left)
        ranges.append(sibling)
    if whole.start:  # otherwise it is the old tree itself, whose root the verifier has
        ranges.append(whole)
    return ranges[::-1]


def _halves(whole: Range) -> tuple[Range, Range]:
    """Cut a range at the largest power of two below its width (RFC 6962 2.1)."""
    middle = whole.start + (1 << (whole.end - whole.start - 1).bit_length() - 1)
    return Range(whole.start, middle), Range(middle, whole.end)


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root under which a proof puts the leaf with this hash (RFC 9162 2.1.3.2).

    Whoever calls must know the root from elsewhere or check a signature over it. Raises ``Rejected("log.inclusion")``
    when the proof has another length than belongs there, ``Rejected("log.index")``.
    """
    path = inclusion(index, size)
    if len(path) != len(proof):
        raise Rejected("log.inclusion", f"{len(proof)} hashes where {len(path)} belong")
    found = leaf
    for sibling, given in zip(path, proof, strict=True):
        found = node_hash(given, found) if sibling.end <= index else node_hash(found, given)
    return found


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with this hash is at ``index`` under ``root`` (RFC 9162 2.1.3.2).

    Raises ``Rejected("log.inclusion")`` or ``Rejected("log.index")``.
    """
    if root_of_inclusion(leaf, index, size, proof) != root:
        raise Rejected("log.inclusion", f"leaf {index} is not under this root")


def check_consistency(old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """Check that the tree under ``root`` begins with the tree under ``old_root`` (RFC 9162 2.1.4.2).

    Raises ``Rejected("log.consistency")`` or ``Rejected("log.size")``.
    """
    path = consistency(old_size, size)
    if len(path) != len(proof):
        raise Rejected("log.consistency", f"{len(proof)} hashes where {len(path)} belong")
    if not path:
        expected = EMPTY_ROOT if old_size == 0 else root
        if old_root != expected:
            raise Rejected("log.consistency", "two roots for one tree")
        return
    begins_inside = path[0].end == old_size  # the last complete subtree of the old tree, unless that is all of it
    found_old = found = proof[0] if begins_inside else old_root
    siblings = list(zip(path, proof, strict=True))[int(begins_inside) :]
    for sibling, given in siblings:
        if sibling.start < old_size:  # left of what is put together so far: part of both trees
            found_old, found = node_hash(given, found_old), node_hash(given, found)
        else:
            found = node_hash(found, given)
    if (found_old, found) != (old_root, root):
        raise Rejected("log.consistency", f"the tree of {size} does not begin with this tree of {old_size}")
