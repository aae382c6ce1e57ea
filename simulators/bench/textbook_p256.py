"""ECDSA as a textbook has it, the baseline of the signing bench: Jacobian double-and-add, Fermat inversions.

Runs under MicroPython. It skips blinding and the check of the result, so it is the faster of two equally
plain programs. Never part of the firmware: its time tells the secret.
"""

from hashlib import sha256

from tracewire.curve.nonce import NonceSource
from tracewire.curve.parameters import BASE_POINT, ORDER, PRIME


def sign(secret: int, message: bytes) -> bytes:
    """Return r and s over SHA-256 of ``message``, with the nonce of RFC 6979: the bytes that our signer gives, too."""
    digest = sha256(message).digest()
    nonce = NonceSource(secret.to_bytes(32, "big"), digest).nonce()
    r = multiply_base(nonce) % ORDER
    s = pow(nonce, ORDER - 2, ORDER) * (int.from_bytes(digest, "big") + r * secret) % ORDER
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def multiply_base(scalar: int) -> int:
    """Return the x of ``scalar`` times the base point, bit by bit from the highest."""
    base_x, base_y = BASE_POINT
    x, y, z = base_x, base_y, 1
    bit = 255
    while not scalar >> bit & 1:
        bit -= 1
    for shift in range(bit - 1, -1, -1):
        x, y, z = _double(x, y, z)
        if scalar >> shift & 1:
            x, y, z = _add(x, y, z, base_x, base_y)
    inverse = pow(z, PRIME - 2, PRIME)
    return x * inverse * inverse % PRIME


def _double(x: int, y: int, z: int) -> tuple[int, int, int]:
    """Double a point in Jacobian coordinates (dbl-2001-b, a = -3)."""
    delta = z * z % PRIME
    gamma = y * y % PRIME
    beta = x * gamma % PRIME
    alpha = 3 * (x - delta) * (x + delta) % PRIME
    doubled_x = (alpha * alpha - 8 * beta) % PRIME
    return doubled_x, (alpha * (4 * beta - doubled_x) - 8 * gamma * gamma) % PRIME, 2 * y * z % PRIME


def _add(x: int, y: int, z: int, other_x: int, other_y: int) -> tuple[int, int, int]:
    """Add an affine point to one in Jacobian coordinates."""
    square = z * z % PRIME
    run = (other_x * square - x) % PRIME
    rise = (other_y * square * z - y) % PRIME
    run_squared = run * run % PRIME
    run_cubed = run * run_squared % PRIME
    middle = x * run_squared % PRIME
    sum_x = (rise * rise - run_cubed - 2 * middle) % PRIME
    return sum_x, (rise * (middle - sum_x) - y * run_cubed) % PRIME, z * run % PRIME
