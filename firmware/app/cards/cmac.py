"""AES-CMAC (RFC 4493, NIST SP 800-38B) and the keys of single cards made with it (NXP AN10922).

Why diversified keys: whoever reads the key out of one card has that card and no other. Runs wherever ``aes`` does.
"""

from tracewire.errors import Misuse

from cards import aes

KEY_BYTES = 16
TAG_BYTES = 16

_AES_128_CONSTANT = b"\x01"  # AN10922 §2.2: first byte of the input for an AES-128 key
_INPUT_BYTES = 32  # AN10922 §2.2: the input is always padded to two blocks


def tag(key: bytes, message: bytes) -> bytes:
    """Return the whole tag, 16 bytes, of ``message``."""
    first, second = _subkeys(key)
    whole = len(message) - len(message) % aes.BLOCK_BYTES
    if message and whole == len(message):
        return _chain(key, message[:-16] + _xor(message[-16:], first))
    return _chain(key, message[:whole] + _xor(aes.pad(message[whole:]), second))


def short_tag(key: bytes, message: bytes) -> bytes:
    """Return the eight bytes that NXP's chips send: every second of the tag (NT4H2421Gx §9.1.3)."""
    whole = tag(key, message)
    return bytes([whole[place] for place in range(1, TAG_BYTES, 2)])  # MicroPython slices bytes by step 1 only


def diversify(master: bytes, what: bytes) -> bytes:
    """Return the key that ``master`` gives to the card and purpose named by ``what``, 1 to 31 bytes (AN10922 §2.2)."""
    if not 0 < len(what) < _INPUT_BYTES:
        raise Misuse("card.diversify", "1 to 31 bytes")
    first, second = _subkeys(master)
    message = _AES_128_CONSTANT + what
    subkey = first if len(message) == _INPUT_BYTES else second
    if len(message) < _INPUT_BYTES:
        message += b"\x80" + bytes(_INPUT_BYTES - 1 - len(message))
    return _chain(master, message[:-16] + _xor(message[-16:], subkey))


def same(left: bytes, right: bytes) -> bool:
    """Compare two tags in a time that does not tell where they differ."""
    difference = len(left) ^ len(right)
    for one, other in zip(left, right):
        difference |= one ^ other
    return difference == 0


def _chain(key: bytes, blocks: bytes) -> bytes:
    return aes.encrypt(key, aes.ZERO, blocks)[-16:]


def _subkeys(key: bytes) -> "tuple[bytes, bytes]":
    first = _double(aes.encrypt_block(key, aes.ZERO))
    return first, _double(first)


def _double(block: bytes) -> bytes:
    """Multiply by x in GF(2^128) (RFC 4493 §2.3)."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number = (number & ((1 << 128) - 1)) ^ 0x87
    return number.to_bytes(16, "big")


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(16, "big")
