"""Signed notes and verifier keys as C2SP writes them (c2sp.org/signed-note): text, an empty line, signature lines.

Why this form and not our COSE: witnesses and monitors of the world's transparency logs read it already. Format only;
what a signature covers is in ``checkpoint``. Parsers let nothing but ``Rejected("note.…")`` out.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from tracewire.errors import Rejected

LARGEST_NOTE_BYTES = 128 * 1024
"""Room for sixteen post-quantum signatures of nearly 5 kB, and some."""

_MOST_SIGNATURES = 32
_LINE_START = "— "
_KEY_ID_BYTES = 4


class KeyType(IntEnum):
    """Signature types that a log of ours and its witnesses use; the byte goes into key id and verifier key."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04  # Ed25519 of a witness, with the time (c2sp.org/tlog-cosignature)
    ML_DSA_44 = 0x06  # c2sp.org/tlog-cosignature


_PUBLIC_BYTES = {KeyType.ED25519: 32, KeyType.COSIGNATURE_V1: 32, KeyType.ML_DSA_44: 1312}


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under its name; as text ``name+key id+base64``, the form in which it is handed to witnesses."""

    name: str
    type: KeyType
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that, with the name, point at this key in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.type]) + self.public)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who says to have signed, and what the key made of the text."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its final newline, and signatures that nobody has verified yet."""

    text: str
    signatures: tuple[Signature, ...]


def is_name(name: str) -> bool:
    """Tell whether this may name a key: printable, no spaces, no plus, at most 255 bytes (tlog-cosignature)."""
    return name.isprintable() and not set(name) & {" ", "+"} and 0 < len(name.encode("utf-8", "replace")) <= 255


def encode(text: str, signatures: Sequence[Signature]) -> bytes:
    """Return the note: the text must end in a newline."""
    return f"{text}\n".encode() + encode_lines(signatures)


def encode_lines(signatures: Sequence[Signature]) -> bytes:
    """Return signature lines alone, as a witness answers with them (c2sp.org/tlog-witness)."""
    return "".join(f"{_LINE_START}{each.name} {_base64(each.key_id + each.value)}\n" for each in signatures).encode()


def parse(data: bytes) -> Note:
    """Return text and signature lines of a note; ``Rejected("note.…")`` when it is none."""
    if len(data) > LARGEST_NOTE_BYTES:
        raise Rejected("note.too_large", f"{len(data)} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise Rejected("note.text", "not UTF-8") from error
    if any(character < " " and character != "\n" for character in whole):
        raise Rejected("note.text", "control characters")
    text, separator, lines = whole.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise Rejected("note.form", "no empty line followed by signature lines")
    signature_lines = lines[:-1].split("\n")
    if len(signature_lines) > _MOST_SIGNATURES:
        raise Rejected("note.form", "too many signatures")
    return Note(text + "\n", tuple(_signature(line) for line in signature_lines))


def parse_key(text: str) -> VerifierKey:
    """Return the key of a verifier key's text; ``Rejected("note.key")`` when type, length or key id do not fit."""
    parts = text.split("+", 2)  # base64 may contain a plus, a name may not
    if len(parts) != 3 or not is_name(parts[0]):
        raise Rejected("note.key", "name+key id+base64 expected")
    encoded = bytes_of(parts[2])
    if not encoded or encoded[0] not in list(KeyType) or len(encoded) - 1 != _PUBLIC_BYTES[KeyType(encoded[0])]:
        raise Rejected("note.key", "neither an Ed25519 nor an ML-DSA-44 key of the right length")
    key = VerifierKey(parts[0], KeyType(encoded[0]), encoded[1:])
    if parts[1] != key.key_id.hex():
        raise Rejected("note.key", "the key id is another key's")
    return key


def _signature(line: str) -> Signature:
    start, name, encoded = (line[: len(_LINE_START)], *line[len(_LINE_START) :].partition(" ")[::2])
    value = bytes_of(encoded)
    if start != _LINE_START or not is_name(name) or len(value) <= _KEY_ID_BYTES:
        raise Rejected("note.form", "not a signature line")
    return Signature(name, value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def bytes_of(text: str) -> bytes:
    """Return what base64 stands for, in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected("note.base64", "not base64") from error
    if _base64(data) != text:
        raise Rejected("note.base64", "another spelling")
    return data
