"""Mutual AES authentication and secure messages of NTAG 424 DNA and DESFire EV2/EV3, without I/O.

``Handshake`` is the reader's side of AuthenticateEV2First and NonFirst (NT4H2421Gx §9.1.5, §9.1.6); ``Session`` wraps
commands in CommMode.Full and opens the answers (§9.1.9, §9.1.10). What the chip says wrong ends in Rejected
"card.foreign": it does not hold our key, or somebody stands in between.
"""

from tracewire.errors import Rejected

from cards import aes, cmac

FIRST, NON_FIRST = 0x71, 0x77

_CLASS = 0x90
_ENCRYPTION_LABEL, _MAC_LABEL = b"\xa5\x5a", b"\x5a\xa5"  # of the session keys, §9.1.7
_COMMAND_LABEL, _ANSWER_LABEL = b"\xa5\x5a", b"\x5a\xa5"  # of the initial vectors, §9.1.4
_ONE_KEY_OF_128_BITS = b"\x00\x01\x00\x80"
_TAG_BYTES = 8
_MAX_COMMANDS = 0xFFFF


def command(code: int, fields: bytes) -> bytes:
    """Return the ISO 7816-4 form of a native command (§8.4)."""
    length = bytes((len(fields),)) + fields if fields else b""
    return bytes((_CLASS, code, 0, 0)) + length + b"\x00"


class Handshake:
    """One authentication with ``key``; ``challenge`` is 16 random bytes that were never used before."""

    def __init__(self, key: bytes, challenge: bytes) -> None:
        self._key = key
        self._ours = challenge
        self._theirs = b""

    def answer(self, encrypted: bytes) -> bytes:
        """Return our answer to the card's encrypted challenge: ours, and theirs turned by one byte."""
        if len(encrypted) != aes.BLOCK_BYTES:
            raise Rejected("card.foreign", "challenge")
        self._theirs = aes.decrypt(self._key, aes.ZERO, encrypted)
        return aes.encrypt(self._key, aes.ZERO, self._ours + self._theirs[1:] + self._theirs[:1])

    def finish(self, proof: bytes, before: "Session | None" = None) -> "Session":
        """Return the session that the card's proof opens, or that goes on from ``before`` (NonFirst)."""
        if len(proof) != (32 if before is None else 16):
            raise Rejected("card.foreign", "proof")
        plain = aes.decrypt(self._key, aes.ZERO, proof)
        transaction = plain[:4] if before is None else before.transaction
        turned = plain[4:20] if before is None else plain
        if not cmac.same(turned, self._ours[1:] + self._ours[:1]):
            raise Rejected("card.foreign", "the card does not hold our key")
        return Session(
            self._session_key(_ENCRYPTION_LABEL),
            self._session_key(_MAC_LABEL),
            transaction,
            0 if before is None else before.commands,
        )

    def _session_key(self, label: bytes) -> bytes:
        ours, theirs = self._ours, self._theirs
        mixed = bytes([one ^ other for one, other in zip(ours[2:8], theirs[:6])])
        vector = label + _ONE_KEY_OF_128_BITS + ours[:2] + mixed + theirs[6:] + ours[8:]
        return cmac.tag(self._key, vector)


class Session:
    """Two keys, the card's number for this transaction, and the count of commands, which both sides keep."""

    def __init__(self, encryption_key: bytes, mac_key: bytes, transaction: bytes, commands: int = 0) -> None:
        self.encryption_key = encryption_key
        self.mac_key = mac_key
        self.transaction = transaction
        self.commands = commands

    def wrap(self, code: int, header: bytes, data: bytes = b"") -> bytes:
        """Return the command in CommMode.Full: ``header`` readable, ``data`` encrypted, both under the tag."""
        hidden = aes.encrypt(self.encryption_key, self._start(_COMMAND_LABEL), aes.pad(data)) if data else b""
        tag = self._tag(code, header + hidden)
        self.commands = min(self.commands + 1, _MAX_COMMANDS)  # the card ends the session at the last one itself
        return command(code, header + hidden + tag)

    def unwrap(self, answer: bytes) -> bytes:
        """Return the data of the card's answer to the command just wrapped."""
        hidden, tag = answer[:-_TAG_BYTES], answer[-_TAG_BYTES:]
        if len(hidden) % aes.BLOCK_BYTES or not cmac.same(self._tag(0, hidden), tag):
            raise Rejected("card.foreign", "answer not of this session")
        if not hidden:
            return b""
        plain = aes.unpad(aes.decrypt(self.encryption_key, self._start(_ANSWER_LABEL), hidden))
        if plain is None:
            raise Rejected("card.foreign", "padding")
        return plain

    def _start(self, label: bytes) -> bytes:
        vector = label + self.transaction + self.commands.to_bytes(2, "little") + bytes(8)
        return aes.encrypt_block(self.encryption_key, vector)

    def _tag(self, code: int, what: bytes) -> bytes:
        count = self.commands.to_bytes(2, "little")
        return cmac.short_tag(self.mac_key, bytes((code,)) + count + self.transaction + what)
