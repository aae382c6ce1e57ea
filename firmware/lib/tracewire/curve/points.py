"""Affine arithmetic on the curve that is complete: every pair of points, the point at infinity included.

Slow (one inversion a step) and therefore only for what is rare or small: the rows of a comb, checks, and the sums on
which the fast engines give up. The point at infinity is ``None``. ``inverse(value, modulus)`` is the engine's.
"""

from tracewire.curve.parameters import BASE_POINT, COEFFICIENT_B, PRIME
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Point = tuple[int, int]
    Inverse = Callable[[int, int], int]


def is_on_curve(point: "Point") -> bool:
    """Return whether both coordinates are reduced and y² = x³ - 3x + b."""
    x, y = point
    return 0 <= x < PRIME and 0 <= y < PRIME and (y * y - x * (x * x - 3) - COEFFICIENT_B) % PRIME == 0


def encode(point: "Point") -> bytes:
    """Return the 65 bytes 04, x, y."""
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode(data: bytes) -> "Point":
    """Return the point of 65 bytes 04, x, y; ``Rejected("p256.point")`` unless it is on the curve.

    The curve has prime order, so a point on it is also in the right group: there is no cofactor to clear.
    """
    point = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    if len(data) != 65 or data[0] != 4 or not is_on_curve(point):
        raise Rejected("p256.point", "not an uncompressed point of the curve")
    return point


def add(left: "Point | None", right: "Point | None", inverse: "Inverse") -> "Point | None":
    """Return ``left + right`` whatever they are: equal, opposite or infinite."""
    if left is None:
        return right
    if right is None:
        return left
    if left[0] != right[0]:
        return chord(left, right, inverse((right[0] - left[0]) % PRIME, PRIME))
    if left[1] != right[1]:
        return None  # opposite points: no other two share an x
    x, y = left
    slope = 3 * (x * x - 1) * inverse(2 * y % PRIME, PRIME) % PRIME  # y is never 0: no point has order two
    return _third(left, right, slope)


def chord(left: "Point", right: "Point", inverse_of_run: int) -> "Point":
    """Return ``left + right`` for points of different x, given 1 / (x of right - x of left)."""
    return _third(left, right, (right[1] - left[1]) * inverse_of_run % PRIME)


def _third(left: "Point", right: "Point", slope: int) -> "Point":
    x = (slope * slope - left[0] - right[0]) % PRIME
    return x, (slope * (left[0] - x) - left[1]) % PRIME


def sum_of_multiples(base_scalar: int, scalar: int, point: "Point", inverse: "Inverse") -> "Point | None":
    """Return ``base_scalar * G + scalar * point`` by Shamir's trick: complete, and fifty times slower than combs."""
    choices = (None, BASE_POINT, point, add(BASE_POINT, point, inverse))
    total = None
    for bit in range(255, -1, -1):
        total = add(total, total, inverse)
        total = add(total, choices[(base_scalar >> bit & 1) | (scalar >> bit & 1) << 1], inverse)
    return total
