"""One bit anywhere: of a record, a proof, a cosignature or a head, and it is refused; every bit is tried.

Receipts have theirs in test_cose_receipt.py, the ML-DSA-44 lines of heads in test_checkpoint.py.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tracewire import cose, p256, record
from tracewire.errors import Rejected

from cloud.ledger import checkpoint, merkle, note
from cloud.ledger.checkpoint import Checkpoint, Signer
from cloud.ledger.merkle import Node, Range
from cloud.ledger.note import KeyType, VerifierKey
from simulators.node import Node as Device
from tests.interpreters import run_micropython

SALE: dict[str, object] = {
    "net_grams": 512, "tare_grams": 8, "price_fen_per_kg": 3600, "amount_fen": 1843, "plu": 1,
    "lot": "35020000100070000012", "weighing_back": 1,
}  # fmt: skip
SCALE = Device("scale-0001", code_base="3502000010007")
SEALED = SCALE.seal(record.SALE, SALE)

SIZE, OLD_SIZE, INDEX = 11, 6, 8
HASHES = [merkle.leaf_hash(bytes([number])) for number in range(SIZE)]


def _bent(data: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(data)):
        place = bit // 8
        yield data[:place] + bytes([data[place] ^ 1 << bit % 8]) + data[place + 1 :]


def _let_through(data: bytes, check: Callable[[bytes], object]) -> int:
    """Return how many of all bent spellings are not refused."""
    opened = 0
    for each in _bent(data):
        try:
            check(each)
        except Rejected:
            continue
        opened += 1
    return opened


def test_of_a_record() -> None:
    key = p256.VerifyingKey(SCALE.key.point)
    cose.open(SEALED, cose.RECORD, key)
    assert _let_through(SEALED, lambda bent: cose.open(bent, cose.RECORD, key)) == 0


@pytest.mark.parametrize("first", range(4))
def test_of_a_record_in_micropython(first: int, tmp_path: Path) -> None:
    (tmp_path / "record").write_text(f"{SEALED.hex()}\n{SCALE.key.point.hex()}\n")
    done = run_micropython("tests/micropython/bent_records.py", str(tmp_path / "record"), str(first), "4")
    assert done.stdout.split() == [str(2 * len(SEALED)), "0", "True"], done.stdout + done.stderr


def _look_up(size: int) -> Callable[[Node], bytes]:
    nodes: dict[Node, bytes] = {}
    for node, value in merkle.grow(0, HASHES[:size], nodes.__getitem__):
        nodes[node] = value
    return nodes.__getitem__


def _root(size: int) -> bytes:
    return merkle.range_hash(Range(0, size), _look_up(size))


def _split(data: bytes) -> list[bytes]:
    return [data[start : start + 32] for start in range(0, len(data), 32)]


def test_of_a_proof_of_inclusion_its_leaf_and_its_root() -> None:
    proof = b"".join(merkle.range_hash(each, _look_up(SIZE)) for each in merkle.inclusion(INDEX, SIZE))
    leaf, root = HASHES[INDEX], _root(SIZE)
    merkle.check_inclusion(leaf, INDEX, SIZE, _split(proof), root)
    assert _let_through(proof, lambda bent: merkle.check_inclusion(leaf, INDEX, SIZE, _split(bent), root)) == 0
    assert _let_through(leaf, lambda bent: merkle.check_inclusion(bent, INDEX, SIZE, _split(proof), root)) == 0
    assert _let_through(root, lambda bent: merkle.check_inclusion(leaf, INDEX, SIZE, _split(proof), bent)) == 0


def test_of_a_proof_of_growth_and_its_roots() -> None:
    proof = b"".join(merkle.range_hash(each, _look_up(SIZE)) for each in merkle.consistency(OLD_SIZE, SIZE))
    old_root, root = _root(OLD_SIZE), _root(SIZE)

    def check(proof: bytes, old_root: bytes, root: bytes) -> None:
        merkle.check_consistency(OLD_SIZE, SIZE, _split(proof), old_root, root)

    check(proof, old_root, root)
    assert _let_through(proof, lambda bent: check(bent, old_root, root)) == 0
    assert _let_through(old_root, lambda bent: check(proof, bent, root)) == 0
    assert _let_through(root, lambda bent: check(proof, old_root, bent)) == 0


def _signer(key_type: KeyType) -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(os.urandom(32))
    return Signer(VerifierKey("market.example/log", key_type, private.public_key().public_bytes_raw()), private)


@pytest.mark.parametrize("key_type", [KeyType.ED25519, KeyType.COSIGNATURE_V1])
def test_of_a_head_and_of_a_cosignature(key_type: KeyType) -> None:
    signer = _signer(key_type)
    head = checkpoint.seal(Checkpoint("market.example/log", SIZE, _root(SIZE)), [signer], 1_795_000_000)
    checkpoint.open_note(head, [signer.key])
    assert _let_through(head, lambda bent: checkpoint.open_note(bent, [signer.key])) == 0


def test_of_a_verifier_key() -> None:
    text = str(_signer(KeyType.COSIGNATURE_V1).key).encode()
    assert _let_through(text, lambda bent: note.parse_key(bent.decode("latin-1"))) == 0
