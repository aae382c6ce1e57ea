"""AES-128: the one door to the interpreter's cipher, and the only file of cards that asks which Python this is.

Why a door: ``cryptolib`` is MicroPython's alone, and an object of it works in one direction once.
"""

try:
    import cryptolib
except ImportError:  # CPython: the issuing desk, and property tests
    from cards import library as cryptolib

BLOCK_BYTES = 16
ZERO = bytes(BLOCK_BYTES)

_ECB, _CBC = 1, 2


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """Return one block of 16 bytes, encrypted."""
    return cryptolib.aes(key, _ECB).encrypt(block)


def encrypt(key: bytes, start: bytes, plain: bytes) -> bytes:
    """Return ``plain`` (whole blocks) encrypted in CBC mode from the initial vector ``start``."""
    return cryptolib.aes(key, _CBC, start).encrypt(plain)


def decrypt(key: bytes, start: bytes, cipher: bytes) -> bytes:
    """Return ``cipher`` (whole blocks) decrypted in CBC mode from the initial vector ``start``."""
    return cryptolib.aes(key, _CBC, start).decrypt(cipher)


def pad(plain: bytes) -> bytes:
    """Return ``plain`` with 80 and zeros up to a whole block, one block more if it was whole (ISO 9797-1 method 2)."""
    return plain + b"\x80" + bytes(-(len(plain) + 1) % BLOCK_BYTES)


def unpad(padded: bytes) -> "bytes | None":
    """Return what ``pad`` was given; ``None`` when this is not its work."""
    bare = padded.rstrip(b"\x00")
    is_padding = bare.endswith(b"\x80") and len(padded) - len(bare) < BLOCK_BYTES
    return bare[:-1] if is_padding else None
