"""What the bench and a new device say to each other while the device is enrolled.

Why here: both ends must agree on these bytes, and neither may import the other. One message is one CBOR map; on a
serial console it travels as one line, ``cx1 `` and the map in base64, so whatever else a console prints is ignored.

    bench   ASK        name, nonce, which earlier enrolment may be replaced
    device  CLAIM      PKCS#10 request of the TLS key T, statement POSSESSION sealed by the record key R
    bench   INSTALL    the files the device shall keep
    device  INSTALLED  statement STORED sealed by R: the files are on its flash
    device  REFUSED    code and detail instead of either answer

Private keys appear in no message. Pure rules: no I/O, no clock.
"""

import binascii
from hashlib import sha256

from tracewire import cbor
from tracewire.errors import Rejected

ASK, CLAIM, INSTALL, INSTALLED, REFUSED = 1, 2, 3, 4, 5

KIND = 1
"""Key of the message kind; every message has it."""

NAME, NONCE, REPLACE = 2, 3, 4  # of ASK
REQUEST, SEALED = 2, 3  # of CLAIM; INSTALLED has SEALED alone
FILES = 2  # of INSTALL: [[file name, contents], ...]
CODE, DETAIL = 2, 3  # of REFUSED

_FIELDS = {
    ASK: ((NAME, str), (NONCE, bytes), (REPLACE, int)),
    CLAIM: ((REQUEST, bytes), (SEALED, bytes)),
    INSTALL: ((FILES, list),),
    INSTALLED: ((SEALED, bytes),),
    REFUSED: ((CODE, str), (DETAIL, str)),
}

REPLACE_NOTHING, REPLACE_UNFINISHED, REPLACE_ANY = 0, 1, 2
"""Which enrolment a device may overwrite: none; one of the same name that the bench never saw confirmed; any."""

POSSESSION, STORED = 1, 2
"""What a sealed statement says: "these two keys are mine", or "these files are on my flash"."""

NONCE_SIZE = 32
LONGEST_LINE = 16384
"""Characters; the longest message, INSTALL for a scale with eight prices, needs about 3,500."""

_LINE_START = "cx1 "


class Statement:
    """What R seals: ``what`` was said, by the device ``name`` with record key ``point``, in the run ``nonce``.

    ``proof`` is the SubjectPublicKeyInfo of T (POSSESSION) or the digest of the stored files (STORED). ``first_seq``
    is the number that the first record under R will carry: 1, unless an older journal is on the flash.
    """

    def __init__(self, what: int, *, name: str, point: bytes, nonce: bytes, proof: bytes, first_seq: int) -> None:
        self.what = what
        self.name = name
        self.point = point
        self.nonce = nonce
        self.proof = proof
        self.first_seq = first_seq

    def encode(self) -> bytes:
        """Return the payload that R seals with purpose PROOF."""
        return cbor.encode([self.what, self.name, self.point, self.nonce, self.proof, self.first_seq])


def decode_statement(payload: bytes) -> Statement:
    """Return the statement of an opened seal; ``Rejected("enrol.statement")`` when a field is missing or misshapen."""
    fields = cbor.decode(payload)
    if not isinstance(fields, list) or len(fields) != 6:
        raise Rejected("enrol.statement", "a statement has six fields")
    what, name, point, nonce, proof, first_seq = fields
    if not (isinstance(what, int) and isinstance(name, str) and isinstance(first_seq, int)):
        raise Rejected("enrol.statement", "a field has the wrong type")
    if not (isinstance(point, bytes) and isinstance(nonce, bytes) and isinstance(proof, bytes)):
        raise Rejected("enrol.statement", "a field has the wrong type")
    return Statement(what, name=name, point=point, nonce=nonce, proof=proof, first_seq=first_seq)


def decode_message(data: bytes) -> "dict[int, object]":
    """Return a message as a map with a known kind; ``Rejected("enrol.message")`` for anything else."""
    message = cbor.decode(data)
    kind = message.get(KIND) if isinstance(message, dict) else None
    if not isinstance(kind, int) or kind not in _FIELDS or not isinstance(message, dict):
        raise Rejected("enrol.message", "not a message of an enrolment")
    wanted = _FIELDS[kind]
    if len(message) != len(wanted) + 1:
        raise Rejected("enrol.message", "a field is missing or unknown")
    for key, field_type in wanted:
        if not isinstance(message.get(key), field_type):
            raise Rejected("enrol.message", "field %d is missing or has the wrong type" % key)
    if kind == INSTALL:
        _check_files(message[FILES])
    return message


def _check_files(files: "list[list[object]]") -> None:
    for row in files:
        if not isinstance(row, list) or len(row) != 2:
            raise Rejected("enrol.message", "a file is a name and its contents")
        if not isinstance(row[0], str) or not isinstance(row[1], bytes):
            raise Rejected("enrol.message", "a file is a name and its contents")


def digest_of(files: "list[list[object]]") -> bytes:
    """Return what STORED proves: SHA-256 over names and contents, in the order they were sent."""
    return sha256(cbor.encode(files)).digest()


def to_line(message: bytes) -> str:
    """Return the console line of an encoded message, with its line end."""
    return _LINE_START + binascii.b2a_base64(message).decode().strip() + "\n"


def from_line(line: str) -> "bytes | None":
    """Return the encoded message of a console line, or None for a line that is not ours."""
    if not line.startswith(_LINE_START):
        return None
    try:
        return binascii.a2b_base64(line[len(_LINE_START) :].strip())
    except ValueError:
        raise Rejected("enrol.line", "a console line was damaged") from None
