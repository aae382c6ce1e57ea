"""The engine made of MicroPython's big integers: for interpreters without a native emitter, and the model in tests.

Twice as slow as ``viper`` and not constant in time, because big integers shrink and grow; the blinding still holds.
"""

from tracewire.curve.comb import ROW_BYTES, Comb, Engine
from tracewire.curve.parameters import MONTGOMERY_INVERSE, PRIME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.curve.points import Point


class BigintEngine(Engine):
    """Jacobian coordinates as three integers."""

    name = "bigint"

    def __init__(self) -> None:
        self._x = self._y = self._z = 0

    def shift(self, point: "Point", doublings: int) -> "Point":
        """Return ``2**doublings * point``."""
        self._x, self._y = point
        self._z = 1
        for _ in range(doublings):
            self._double()
        shifted = self._finish(1)
        assert shifted is not None  # a multiple by a power of two of a point of odd order
        return shifted

    def inverse(self, value: int, modulus: int) -> int:
        """Return 1 / ``value`` modulo a prime, by the extended Euclidean algorithm."""
        remainder, divisor = modulus, value
        known, factor = 0, 1
        while divisor:
            quotient = remainder // divisor
            remainder, divisor = divisor, remainder - quotient * divisor
            known, factor = factor, known - quotient * factor
        return known % modulus

    def _double(self) -> None:
        """Double the accumulator: dbl-2001-b of the explicit-formulas database, for a = -3."""
        x, y, z = self._x, self._y, self._z
        delta = z * z % PRIME
        gamma = y * y % PRIME
        beta = x * gamma % PRIME
        alpha = 3 * (x - delta) * (x + delta) % PRIME
        self._z = 2 * y * z % PRIME
        self._x = x = (alpha * alpha - 8 * beta) % PRIME
        self._y = (alpha * (4 * beta - x) - 8 * gamma * gamma) % PRIME

    def _start(self, comb: Comb, digits: bytes, column: int, start_z: int) -> None:
        x, y = _row(comb, digits, column)
        square = start_z * start_z % PRIME
        self._x = x * square % PRIME
        self._y = y * square * start_z % PRIME
        self._z = start_z % PRIME

    def _add(self, comb: Comb, digits: bytes, column: int) -> None:
        """Add a row to the accumulator: mixed Jacobian and affine (Cohen, Miyaji, Ono 1998)."""
        row_x, row_y = _row(comb, digits, column)
        square = self._z * self._z % PRIME
        run = (row_x * square - self._x) % PRIME
        rise = (self._z * square % PRIME * row_y - self._y) % PRIME
        run_squared = run * run % PRIME
        run_cubed = run * run_squared % PRIME
        middle = self._x * run_squared % PRIME
        self._x = (rise * rise - run_cubed - 2 * middle) % PRIME
        self._y = (rise * (middle - self._x) - self._y * run_cubed) % PRIME
        self._z = self._z * run % PRIME

    def _finish(self, blind: int) -> "Point | None":
        if self._z == 0:
            return None
        inverse = self.inverse(self._z * blind % PRIME, PRIME) * blind % PRIME
        square = inverse * inverse % PRIME
        return self._x * square % PRIME, self._y * square % PRIME * inverse % PRIME


def _row(comb: Comb, digits: bytes, column: int) -> "Point":
    """Return the table's point for one column, out of Montgomery form and with the column's sign applied."""
    selector = 0
    for tooth in range(comb.teeth - 1, -1, -1):
        position = column + tooth * comb.spacing
        selector = selector << 1 | (digits[position >> 3] >> (position & 7) & 1)
    half = 1 << comb.teeth - 1
    is_plus = selector >= half
    start = ROW_BYTES * (selector - half if is_plus else half - 1 - selector)
    x = int.from_bytes(comb.rows[start : start + 32], "little") * MONTGOMERY_INVERSE % PRIME
    y = int.from_bytes(comb.rows[start + 32 : start + 64], "little") * MONTGOMERY_INVERSE % PRIME
    return x, (y if is_plus else PRIME - y)
