"""A Merkle tree of which only the right edge is kept: all that is needed to go on hashing, in at most 64 hashes.

Why not the whole tree: an auditor who resumes at ten million records carries two kilobytes, and its root is still that
of every record ever seen.
"""

from collections.abc import Callable, Mapping, Sequence

from cloud.ledger import merkle
from cloud.ledger.merkle import Node, Range
from cloud.ledger.tiles import TILE_LEVELS, TILE_WIDTH

Tile = Callable[[int, int, int], list[bytes]]
"""Returns the hashes of the tile at (level, number, width)."""


class Frontier:
    """The tree over ``size`` leaves, ready for the next one."""

    def __init__(self, size: int = 0, edge: Mapping[Node, bytes] | None = None) -> None:
        self.size = size
        self._edge = dict(edge or {})

    @classmethod
    def of_hashes(cls, size: int, hashes: Sequence[bytes]) -> "Frontier":
        """Return the tree whose right edge has these hashes, from left to right, as ``hashes`` gives them."""
        return cls(size, dict(zip(merkle.complete_subtrees(Range(0, size)), hashes, strict=True)))

    @classmethod
    def from_tiles(cls, size: int, tile: Tile) -> "Frontier":
        """Return the tree of the first ``size`` leaves of a log, put together from its tiles.

        Nothing vouches for them yet: a root that follows and is signed does.
        """
        return cls(size, {node: _node_of(node, size, tile) for node in merkle.complete_subtrees(Range(0, size))})

    @property
    def hashes(self) -> list[bytes]:
        """Return the right edge from left to right."""
        return [self._edge[node] for node in merkle.complete_subtrees(Range(0, self.size))]

    @property
    def root(self) -> bytes:
        """Return the root over every leaf so far."""
        return merkle.range_hash(Range(0, self.size), self._edge.__getitem__)

    def extend(self, leaf_hashes: Sequence[bytes]) -> dict[Node, bytes]:
        """Add leaves; return every complete subtree that appeared."""
        new = dict(merkle.grow(self.size, leaf_hashes, self._edge.__getitem__))
        self.size += len(leaf_hashes)
        known = self._edge | new
        self._edge = {node: known[node] for node in merkle.complete_subtrees(Range(0, self.size))}
        return new


def width_of(size: int, level: int, number: int) -> int:
    """Return how many hashes a tile has in a log of ``size``; 0 when it is not there yet (c2sp.org/tlog-tiles)."""
    return max(0, min(TILE_WIDTH, (size >> (level * TILE_LEVELS)) - number * TILE_WIDTH))


def _node_of(node: Node, size: int, tile: Tile) -> bytes:
    level, height = divmod(node.level, TILE_LEVELS)
    first, count = node.position << height, 1 << height
    number, offset = divmod(first, TILE_WIDTH)
    hashes = tile(level, number, width_of(size, level, number))[offset : offset + count]
    while len(hashes) > 1:
        hashes = [merkle.node_hash(hashes[left], hashes[left + 1]) for left in range(0, len(hashes), 2)]
    return hashes[0]
