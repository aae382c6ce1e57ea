"""Signed regular comb: a scalar times a point known in advance, always the same steps (Hedabou, Pinel, Bénéteau 2005).

A scalar is written with 256 or more digits that are all +1 or -1, never 0, and cut into ``teeth`` pieces of ``spacing``
digits. One column holds one digit of each piece; the rows of the table are the sums of all pieces' bases for every
choice of signs, half of them, because the other half are their opposites. So each column costs one doubling and one
addition whatever the scalar is: nothing to skip, nothing to time.

A row is 64 bytes: x and y, little-endian, in the Montgomery form of the field machine.
"""

from tracewire.curve import points
from tracewire.curve.parameters import MONTGOMERY, ORDER, PRIME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracewire.curve.points import Inverse, Point

ROW_BYTES = 64


class Comb:
    """The table of one point: ``rows`` for ``teeth`` pieces of ``spacing`` digits each."""

    def __init__(self, rows: "bytes | bytearray", teeth: int) -> None:
        self.rows = rows
        self.teeth = teeth
        self.spacing = spacing(teeth)
        self._all_ones = (1 << teeth * self.spacing) - 1

    def digits(self, scalar: int) -> bytes:
        """Return the digits of ``scalar`` in [0, n - 1], one bit each (1 is +1, 0 is -1), lowest first, in 33 bytes.

        Only odd numbers can be written without zeros, so an even one is written as the opposite of n - scalar. Both
        spellings are computed and one is picked by index: no branch hangs on the secret.
        """
        odd = (scalar, ORDER - scalar)[1 - (scalar & 1)]
        plus = (odd + self._all_ones) >> 1
        return (self._all_ones - plus, plus)[scalar & 1].to_bytes(33, "little")


def spacing(teeth: int) -> int:
    """Return how many columns a comb of ``teeth`` has."""
    return -(-256 // teeth)


def build(point: "Point", teeth: int, shift: "Callable[[Point, int], Point]", inverse: "Inverse") -> Comb:
    """Return the comb of a curve point; ``shift(point, n)`` doubles it n times.

    Works inside the table, with some 3 KiB beside it: a device does this with little heap left.
    """
    rows = bytearray(ROW_BYTES << teeth - 1)  # before anything else, while the heap is in one piece
    bases = [point]
    for _ in range(teeth - 1):
        bases.append(shift(bases[-1], spacing(teeth)))
    _write(rows, 0, bases.pop())  # the highest tooth always counts +1: the sign of a column is applied at look-up
    count = 1
    for base in bases:
        _spread(rows, count, base, inverse)
        count *= 2
    for index in range(count):
        x, y = _read(rows, index)
        _write(rows, index, (x * MONTGOMERY % PRIME, y * MONTGOMERY % PRIME))
    return Comb(rows, teeth)


def _spread(rows: bytearray, count: int, base: "Point", inverse: "Inverse") -> None:
    """Replace the first ``count`` points by themselves minus ``base``, and put themselves plus ``base`` after them.

    One inversion serves all (Montgomery's trick). The points are small distinct multiples of a point of prime order: no
    two that meet here are equal or opposite, so the incomplete ``chord`` is enough.
    """
    opposite = base[0], PRIME - base[1]
    products = [1]
    for index in range(count):
        products.append(products[-1] * (base[0] - _read(rows, index)[0]) % PRIME)
    rest = inverse(products.pop(), PRIME)
    for index in range(count - 1, -1, -1):
        known = _read(rows, index)
        factor = rest * products.pop() % PRIME
        rest = rest * (base[0] - known[0]) % PRIME
        _write(rows, index, points.chord(known, opposite, factor))
        _write(rows, index + count, points.chord(known, base, factor))


def _read(rows: bytearray, index: int) -> "Point":
    start = ROW_BYTES * index
    return int.from_bytes(rows[start : start + 32], "little"), int.from_bytes(rows[start + 32 : start + 64], "little")


def _write(rows: bytearray, index: int, point: "Point") -> None:
    start = ROW_BYTES * index
    rows[start : start + 32] = point[0].to_bytes(32, "little")
    rows[start + 32 : start + 64] = point[1].to_bytes(32, "little")


class Engine:
    """The walk over the columns of one or two combs; a subclass brings the arithmetic.

    One accumulator in Jacobian coordinates (x = X/Z², y = Y/Z³). Mixed addition fails where both points have the same
    x, and then leaves Z = 0, which every later step keeps: so the walk runs without a test inside and ``_finish``
    returns ``None`` for "exceptional or infinite". For a signer that happens once in 2**248; a verifier, whose input an
    adversary chooses, then asks ``points.sum_of_multiples``.
    """

    name = ""

    def walk(self, terms: "tuple[tuple[Comb, bytes], ...]", start_z: int, blind: int) -> "Point | None":
        """Return the sum of all ``(comb, digits)`` terms, or ``None``.

        ``start_z`` and ``blind`` are any nonzero residues: they change every intermediate value and not the result.
        """
        started = False
        for column in range(max([comb.spacing for comb, _ in terms]) - 1, -1, -1):
            if started:
                self._double()
            for comb, digits in terms:
                if column >= comb.spacing:
                    continue
                if started:
                    self._add(comb, digits, column)
                else:
                    self._start(comb, digits, column, start_z)
                    started = True
        return self._finish(blind)

    def shift(self, point: "Point", doublings: int) -> "Point":
        """Return ``2**doublings * point``."""
        raise NotImplementedError

    def inverse(self, value: int, modulus: int) -> int:
        """Return 1 / ``value`` modulo a prime; not in constant time, so secrets are blinded before."""
        raise NotImplementedError

    def _double(self) -> None:
        raise NotImplementedError

    def _start(self, comb: Comb, digits: bytes, column: int, start_z: int) -> None:
        raise NotImplementedError

    def _add(self, comb: Comb, digits: bytes, column: int) -> None:
        raise NotImplementedError

    def _finish(self, blind: int) -> "Point | None":
        raise NotImplementedError
