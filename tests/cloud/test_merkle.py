"""The Merkle tree against the definition written out, and against the roots that RFC 6962 implementations share."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire.errors import Rejected

from cloud.ledger import merkle
from cloud.ledger.merkle import Node, Range

LEAVES = tuple(
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
"""The leaves that Certificate Transparency implementations test with."""

ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Their roots at sizes 0 to 8."""


class Tree:
    """What the ledger's database keeps: every complete subtree, written once."""

    def __init__(self) -> None:
        self.size = 0
        self.stored: dict[Node, bytes] = {}

    def append(self, leaves: Sequence[bytes]) -> None:
        for node, value in merkle.grow(self.size, [merkle.leaf_hash(leaf) for leaf in leaves], self.look_up):
            assert node not in self.stored
            self.stored[node] = value
        self.size += len(leaves)

    def look_up(self, node: Node) -> bytes:
        return self.stored[node]

    def hashes(self, ranges: Sequence[Range]) -> list[bytes]:
        return [merkle.range_hash(each, self.look_up) for each in ranges]

    def root(self, size: int) -> bytes:
        return merkle.range_hash(Range(0, size), self.look_up)


def _half(count: int) -> int:
    """Return the largest power of two smaller than ``count``."""
    return 1 if count == 2 else 2 * _half((count + 1) // 2)


def _mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 2.1, as it stands there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = _half(len(leaves))
    return hashlib.sha256(b"\x01" + _mth(leaves[:k]) + _mth(leaves[k:])).digest()


def _path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1, as it stands there."""
    if len(leaves) == 1:
        return []
    k = _half(len(leaves))
    if m < k:
        return [*_path(m, leaves[:k]), _mth(leaves[k:])]
    return [*_path(m - k, leaves[k:]), _mth(leaves[:k])]


def _subproof(m: int, leaves: Sequence[bytes], is_known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 2.1.2, as it stands there."""
    if m == len(leaves):
        return [] if is_known else [_mth(leaves)]
    k = _half(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], is_known), _mth(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], False), _mth(leaves[:k])]


def _leaves(count: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(count)]


def _tree(count: int) -> Tree:
    tree = Tree()
    tree.append(_leaves(count))
    return tree


sizes = st.integers(1, 130)


def test_the_known_roots_of_rfc_6962_trees_come_out() -> None:
    tree = Tree()
    for size, root in enumerate(ROOTS):
        assert tree.root(size).hex() == root
        assert _mth(LEAVES[:size]).hex() == root
        tree.append(LEAVES[size : size + 1])


@given(st.lists(st.integers(0, 40), max_size=8))
def test_any_cut_into_batches_grows_the_same_tree(batches: list[int]) -> None:
    tree, leaves = Tree(), _leaves(sum(batches))
    for batch in batches:
        tree.append(leaves[tree.size : tree.size + batch])
    assert tree.root(len(leaves)) == _mth(leaves)
    at_once = Tree()
    at_once.append(leaves)
    assert tree.stored == at_once.stored


@given(sizes)
def test_exactly_the_complete_subtrees_are_kept(size: int) -> None:
    expected = {Node(level, place) for level in range(8) for place in range(size >> level)}
    assert set(_tree(size).stored) == expected


@given(sizes, st.data())
def test_roots_of_every_earlier_size_can_still_be_told(size: int, data: st.DataObject) -> None:
    earlier = data.draw(st.integers(0, size))
    assert _tree(size).root(earlier) == _mth(_leaves(earlier))


@given(sizes, st.data())
def test_an_inclusion_proof_is_the_path_of_the_standard_and_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tree, leaves = _tree(size), _leaves(size)
    proof = tree.hashes(merkle.inclusion(index, size))
    assert proof == _path(index, leaves)
    merkle.check_inclusion(merkle.leaf_hash(leaves[index]), index, size, proof, tree.root(size))


@given(sizes, st.data())
def test_an_inclusion_proof_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    tree, leaves = _tree(size), _leaves(size)
    proof, root = tree.hashes(merkle.inclusion(index, size)), tree.root(size)
    leaf = merkle.leaf_hash(leaves[index])
    with pytest.raises(Rejected, match=r"log\.inclusion"):
        merkle.check_inclusion(merkle.leaf_hash(b"another"), index, size, proof, root)
    with pytest.raises(Rejected, match=r"log\.inclusion"):
        merkle.check_inclusion(leaf, index, size, [*proof, bytes(32)], root)
    if other != index:
        with pytest.raises(Rejected, match=r"log\.inclusion"):
            merkle.check_inclusion(leaf, other, size, proof, root)
    if proof:
        bent = list(proof)
        bent[data.draw(st.integers(0, len(proof) - 1))] = bytes(32)
        with pytest.raises(Rejected, match=r"log\.inclusion"):
            merkle.check_inclusion(leaf, index, size, bent, root)


@given(sizes, st.data())
def test_a_consistency_proof_is_that_of_the_standard_and_holds(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    tree, leaves = _tree(size), _leaves(size)
    proof = tree.hashes(merkle.consistency(old, size))
    assert proof == ([] if old == 0 else _subproof(old, leaves, True))
    merkle.check_consistency(old, size, proof, tree.root(old), tree.root(size))


@given(sizes, st.data())
def test_a_consistency_proof_holds_for_no_other_history(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    leaves = _leaves(size)
    tree = _tree(size)
    proof = tree.hashes(merkle.consistency(old, size))
    leaves[data.draw(st.integers(0, old - 1))] = b"rewritten"
    with pytest.raises(Rejected, match=r"log\.consistency"):
        merkle.check_consistency(old, size, proof, _mth(leaves[:old]), tree.root(size))
    with pytest.raises(Rejected, match=r"log\.consistency"):
        merkle.check_consistency(old, size, proof, tree.root(old), _mth(leaves))
    with pytest.raises(Rejected, match=r"log\.consistency"):
        merkle.check_consistency(old, size, [*proof, bytes(32)], tree.root(old), tree.root(size))


@given(st.integers(1, 2**40), st.data())
def test_a_proof_of_any_size_needs_few_look_ups(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    ranges = merkle.inclusion(index, size)
    nodes = [node for each in ranges for node in merkle.complete_subtrees(each)]
    assert len(ranges) <= size.bit_length()
    assert len(nodes) <= 2 * size.bit_length()
    assert all((node.position + 1) << node.level <= size for node in nodes)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(Rejected, match=r"log\.index"):
        merkle.inclusion(index, size)


@pytest.mark.parametrize(("old", "size"), [(4, 3), (-1, 3)])
def test_a_smaller_tree_cannot_begin_with_a_larger_one(old: int, size: int) -> None:
    with pytest.raises(Rejected, match=r"log\.size"):
        merkle.consistency(old, size)


def test_an_empty_tree_is_the_beginning_of_every_tree() -> None:
    merkle.check_consistency(0, 5, [], merkle.EMPTY_ROOT, _tree(5).root(5))
    with pytest.raises(Rejected, match=r"log\.consistency"):
        merkle.check_consistency(0, 5, [], bytes(32), _tree(5).root(5))
