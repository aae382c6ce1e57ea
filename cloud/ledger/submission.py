"""What a log sends to a witness: ``POST /add-checkpoint`` of c2sp.org/tlog-witness as bytes.

The size of the head that the witness is thought to have, a proof that the new head grew out of it, and the new head as
a signed note. Format only. Parsers let nothing but ``Rejected("submission.…")`` and ``Rejected("note.…")`` out.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from tracewire.errors import Rejected

from cloud.db.engine import LARGEST_INTEGER
from cloud.ledger import note
from cloud.ledger.merkle import HASH_BYTES

LARGEST_BYTES = note.LARGEST_NOTE_BYTES + 8192

_MOST_HASHES = 63


@dataclass(frozen=True, slots=True)
class Submission:
    """A new head, and why it follows from the old one; nothing is verified yet."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def encode(old_size: int, proof: Sequence[bytes], sealed_note: bytes) -> bytes:
    """Return the body of the request."""
    hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in proof)
    return f"old {old_size}\n{hashes}\n".encode() + sealed_note


def parse(data: bytes) -> Submission:
    """Return what a request says; ``Rejected("submission.…")`` when it has another form."""
    if len(data) > LARGEST_BYTES:
        raise Rejected("submission.too_large", f"{len(data)} bytes")
    head, separator, sealed_note = data.partition(b"\n\n")
    if not separator:
        raise Rejected("submission.form", "no empty line before the checkpoint")
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Rejected("submission.form", "the lines before the checkpoint are not ASCII") from error
    word, _, digits = first.partition(" ")
    if word != "old" or not digits.isdigit() or len(digits) > len(str(LARGEST_INTEGER)) or digits != str(int(digits)):
        raise Rejected("submission.form", "a line `old SIZE` expected")
    proof = tuple(note.bytes_of(each) for each in hashes)
    if len(proof) > _MOST_HASHES or any(len(each) != HASH_BYTES for each in proof):
        raise Rejected("submission.form", "at most 63 hashes of 32 bytes expected")
    return Submission(int(digits), proof, sealed_note)
