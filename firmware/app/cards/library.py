"""MicroPython's ``cryptolib`` for CPython: the same class and arguments over ``cryptography``, for the issuing desk."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB, Mode


class aes:  # noqa: N801 (MicroPython's name)
    """``aes(key, 1)`` is ECB, ``aes(key, 2, start)`` is CBC."""

    def __init__(self, key: bytes, mode: int, start: bytes = b"") -> None:
        chosen: Mode = {1: ECB, 2: lambda: CBC(start)}[mode]()
        self._cipher = Cipher(AES(key), chosen)

    def encrypt(self, plain: bytes) -> bytes:
        """Return ``plain`` encrypted."""
        context = self._cipher.encryptor()
        return context.update(plain) + context.finalize()

    def decrypt(self, hidden: bytes) -> bytes:
        """Return ``hidden`` decrypted."""
        context = self._cipher.decryptor()
        return context.update(hidden) + context.finalize()
