"""The log of the ledger: its Merkle tree as stored, and what the stored hashes prove.

Why hashes are stored and not computed when asked: a proof in a log of ten million leaves then costs two queries for at
most fifty hashes. Why not those of the leaves: they are made from the sealed bytes each time, so a changed record
betrays itself in every proof that touches it. Leaves count from 0: leaf ``i`` is the record at ledger index ``i + 1``.
"""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Connection, and_, func, insert, select
from tracewire.errors import Misuse

from cloud.db.bulk import append_tuples
from cloud.db.engine import Store
from cloud.db.lookup import Lookup
from cloud.ledger import merkle, store
from cloud.ledger.merkle import Node, Range

log = structlog.get_logger()

_LEAVES_AT_ONCE = 4096
"""Leaves in memory when a whole ledger is hashed: a fraction of a second, about a megabyte."""

_node = store.subtrees.c
_HASHES = Lookup(
    (_node.level, _node.position),
    lambda asked: select(_node.level, _node.position, _node.hash).join_from(
        asked, store.subtrees, and_(_node.level == asked.c.level, _node.position == asked.c.position)
    ),
)
_SEALED = Lookup(
    (store.records.c.idx,),
    lambda asked: select(store.records.c.idx, store.records.c.sealed).join_from(
        asked, store.records, store.records.c.idx == asked.c.idx
    ),
)

_ADD_SUBTREES = insert(store.subtrees)


def extend(connection: Connection, size: int, leaves: Sequence[bytes]) -> tuple[int, bytes]:
    """Add the sealed bytes of new records to the log of ``size``, in the transaction that writes the records.

    Returns size and root of the log as it then is. A crash before that commits leaves neither records nor hashes;
    nothing is kept in memory that could disagree.
    """
    edge = Log(connection).right_edge(size)
    grown = {row.level: row for row in merkle.grow_rows(size, list(map(merkle.leaf_hash, leaves)), edge.__getitem__)}
    rows = [
        (level, position, value)
        for level, first, hashes in grown.values()
        if level
        for position, value in enumerate(hashes, first)
    ]
    append_tuples(connection, _ADD_SUBTREES, ("level", "position", "hash"), rows)

    def look_up(node: Node) -> bytes:
        return edge[node] if node in edge else grown[node.level].hashes[node.position - grown[node.level].position]

    return size + len(leaves), merkle.range_hash(Range(0, size + len(leaves)), look_up)


def _grown(connection: Connection, size: int, leaves: Sequence[bytes]) -> list[tuple[Node, bytes]]:
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    return [(node, value) for node, value in merkle.grow(size, hashes, Log(connection).look_up) if node.level > 0]


class Log:
    """Roots and proofs of the log as one connection sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def size(self) -> int:
        """Return the number of leaves, which is the number of records."""
        return store.last_index(self._connection)

    def look_up(self, node: Node) -> bytes:
        """Return the hash of a complete subtree; ``Misuse("log.incomplete")`` when the ledger was never hashed."""
        return self._look_up_all([node])[node]

    def right_edge(self, size: int) -> dict[Node, bytes]:
        """Return the hashes from which the log of ``size`` grows: one for each bit of its size."""
        return self._look_up_all(merkle.complete_subtrees(Range(0, size)))

    def root(self, size: int) -> bytes:
        """Return the root of the log when it had ``size`` leaves."""
        return self._hashes([Range(0, size)])[0]

    def head(self) -> tuple[int, bytes]:
        """Return (size, root) of the log as it stands."""
        size = self.size()
        return size, self.root(size)

    def inclusion(self, leaf: int, size: int) -> list[bytes]:
        """Return the proof that ``leaf`` is in the tree of ``size``; ``Rejected("log.index")`` when it is not."""
        return self._hashes(merkle.inclusion(leaf, size))

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of ``old_size`` grew into that of ``size``; ``Rejected("log.size")``."""
        return self._hashes(merkle.consistency(old_size, size))

    def row(self, level: int, first: int, count: int) -> list[bytes]:
        """Return the hashes of ``count`` complete subtrees side by side, fewer when the log ends before them."""
        if level == 0:
            return [merkle.leaf_hash(leaf) for leaf in self.leaves(first, count)]
        table = store.subtrees.c
        statement = (
            select(table.hash)
            .where(table.level == level, table.position >= first, table.position < first + count)
            .order_by(table.position)
        )
        return list(self._connection.execute(statement).scalars())

    def leaves(self, first: int, count: int) -> list[bytes]:
        """Return the sealed bytes of ``count`` records, fewer when the log ends before them."""
        index = store.records.c.idx
        statement = select(store.records.c.sealed).where(index > first, index <= first + count).order_by(index)
        return list(self._connection.execute(statement).scalars())

    def _hashes(self, ranges: Sequence[Range]) -> list[bytes]:
        known = self._look_up_all([node for each in ranges for node in merkle.complete_subtrees(each)])
        return [merkle.range_hash(each, known.__getitem__) for each in ranges]

    def _look_up_all(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        """Return the hashes of these subtrees with at most two queries: a proof is mostly waiting for the database."""
        leaves = _SEALED.rows(self._connection, [(node.position + 1,) for node in nodes if node.level == 0])
        known = {Node(0, row.idx - 1): merkle.leaf_hash(row.sealed) for row in leaves}
        hashes = _HASHES.rows(self._connection, [node for node in nodes if node.level])
        known |= {Node(row.level, row.position): row.hash for row in hashes}
        for node in nodes:
            if node not in known:
                where = f"no hash of subtree {node.level}/{node.position}: run `chengxin rebuild`"
                raise Misuse("log.incomplete", where)
        return known


def prepare(ledger: Store) -> None:
    """Hash what the log does not cover yet: all of a ledger from before there was a log, otherwise nothing.

    On disk when this returns. Raises ``Misuse("log.ahead")`` when the log knows of records that the ledger has lost.
    """
    with ledger.alone() as connection:
        covered, size = _covered(connection), store.last_index(connection)
    if covered > size:
        raise Misuse("log.ahead", f"hashes for {covered} records, but the ledger holds {size}: records were cut off")
    for start in range(covered, size - 1, _LEAVES_AT_ONCE):
        with ledger.alone() as connection:
            extend(connection, start, Log(connection).leaves(start, _LEAVES_AT_ONCE))
        # A crash here: the log covers the ledger up to here, and the next start goes on.
        log.info("log.hashed", records=min(start + _LEAVES_AT_ONCE, size), of=size)


def verify(ledger: Store, progress: Callable[[int], None]) -> None:
    """Hash every record again and compare with what is stored; ``progress`` hears how many leaves each step took.

    Raises ``Misuse("log.mismatch")``, and changes nothing: stored hashes are what was published, so a difference is
    evidence about the records and not something to repair.
    """
    with ledger.reader.connect() as connection:
        size = store.last_index(connection)
        for start in range(0, size, _LEAVES_AT_ONCE):
            stored = Log(connection)
            leaves = stored.leaves(start, _LEAVES_AT_ONCE)
            for node, value in _grown(connection, start, leaves):
                if stored.look_up(node) != value:
                    first = (node.position << node.level) + 1
                    last = (node.position + 1) << node.level
                    raise Misuse("log.mismatch", f"records {first} to {last} are not those that the log was made from")
            progress(len(leaves))


def _covered(connection: Connection) -> int:
    """Return how many leaves have all their complete subtrees stored; a last odd leaf needs none."""
    last = connection.execute(select(func.max(store.subtrees.c.position)).where(store.subtrees.c.level == 1))
    position = last.scalar_one()
    return 0 if position is None else 2 * (position + 1)
