"""The engine of the device: field arithmetic in machine code that MicroPython's viper emitter makes.

A point operation is a short program for the field machine (``field_viper.run``): rows of (operation, destination,
left, right) over registers of 20 limbs. So one call from Python does seventeen field operations, allocates nothing and
takes the same instructions for every secret. Values are in Montgomery form, weakly reduced below 2**257 or so.
"""

from array import array

from tracewire.curve.comb import Comb, Engine
from tracewire.curve.field_viper import LIMB_BITS, LIMBS, run
from tracewire.curve.loops_viper import divide_30_steps, load_row
from tracewire.curve.parameters import MONTGOMERY, ORDER, PRIME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.curve.points import Point

# Registers: the accumulator, the row to add, five scratch values, a zero; the last is the field machine's own.
_X, _Y, _Z, _ROW_X, _ROW_Y, _A, _B, _C, _D, _E, _ZERO, _QUOTIENTS = range(12)

_MULTIPLY = 0
_SQUARE = 1


def _combine(left: int, right: int) -> int:
    """Return the operation ``left * a + right * b``, with left in 1 to 15 and right in -8 to 7."""
    return left << 4 | right + 8


_PLUS = _combine(1, 1)
_MINUS = _combine(1, -1)
_MINUS_TWICE = _combine(1, -2)
_MINUS_EIGHT_TIMES = _combine(1, -8)
_COPY = _combine(1, 0)


def _program(*rows: "tuple[int, int, int, int]") -> bytes:
    return b"".join([bytes(row) for row in rows])


# dbl-2001-b of the explicit-formulas database, for a = -3.
_DOUBLE = _program(
    (_SQUARE, _A, _Z, _Z),  # delta
    (_SQUARE, _B, _Y, _Y),  # gamma
    (_MULTIPLY, _C, _X, _B),  # beta
    (_MINUS, _D, _X, _A),
    (_PLUS, _E, _X, _A),
    (_MULTIPLY, _D, _D, _E),
    (_combine(2, 1), _D, _D, _D),  # alpha
    (_MULTIPLY, _Z, _Y, _Z),
    (_PLUS, _Z, _Z, _Z),
    (_SQUARE, _X, _D, _D),
    (_MINUS_EIGHT_TIMES, _X, _X, _C),
    (_combine(4, -1), _C, _C, _X),
    (_MULTIPLY, _C, _D, _C),
    (_SQUARE, _B, _B, _B),
    (_MINUS_EIGHT_TIMES, _Y, _C, _B),
)

# Mixed Jacobian and affine addition (Cohen, Miyaji, Ono 1998); the sign of the row comes first.
_ADD_TAIL = _program(
    (_SQUARE, _A, _Z, _Z),
    (_MULTIPLY, _B, _ROW_X, _A),
    (_MULTIPLY, _C, _Z, _A),
    (_MULTIPLY, _C, _C, _ROW_Y),
    (_MINUS, _B, _B, _X),  # run
    (_MINUS, _C, _C, _Y),  # rise
    (_SQUARE, _A, _B, _B),
    (_MULTIPLY, _D, _B, _A),  # run cubed
    (_MULTIPLY, _A, _X, _A),  # middle
    (_MULTIPLY, _Z, _Z, _B),
    (_SQUARE, _X, _C, _C),
    (_MINUS, _X, _X, _D),
    (_MINUS_TWICE, _X, _X, _A),
    (_MINUS, _A, _A, _X),
    (_MULTIPLY, _D, _Y, _D),
    (_MULTIPLY, _C, _C, _A),
    (_MINUS, _Y, _C, _D),
)

# The row, scaled by the Z that is already in its register.
_START_TAIL = _program(
    (_SQUARE, _A, _Z, _Z),
    (_MULTIPLY, _X, _ROW_X, _A),
    (_MULTIPLY, _A, _A, _Z),
    (_MULTIPLY, _Y, _ROW_Y, _A),
)

_SIGNS = _program((_MINUS, _ROW_Y, _ZERO, _ROW_Y)), _program((_PLUS, _ROW_Y, _ZERO, _ROW_Y))
_ADD = _SIGNS[0] + _ADD_TAIL, _SIGNS[1] + _ADD_TAIL
_START = _SIGNS[0] + _START_TAIL, _SIGNS[1] + _START_TAIL

# 20 rounds of 30 divsteps leave a factor of 2**600 to be taken out.
_ROUNDS = 20
_UNSHIFT = {modulus: pow((modulus + 1) >> 1, 30 * _ROUNDS, modulus) for modulus in (PRIME, ORDER)}


class ViperEngine(Engine):
    """Jacobian coordinates in the registers of the field machine; 1 KiB of workspace, allocated once."""

    name = "viper"

    def __init__(self) -> None:
        self._registers = array("i", bytes(4 * LIMBS * (_QUOTIENTS + 1)))
        self._row = memoryview(self._registers)[LIMBS * _ROW_X : LIMBS * (_ROW_Y + 1)]
        self._matrix = array("i", bytes(16))

    def shift(self, point: "Point", doublings: int) -> "Point":
        """Return ``2**doublings * point``."""
        self._write(_X, point[0] * MONTGOMERY % PRIME)
        self._write(_Y, point[1] * MONTGOMERY % PRIME)
        self._write(_Z, MONTGOMERY)
        for _ in range(doublings):
            self._double()
        shifted = self._finish(1)
        assert shifted is not None  # a multiple by a power of two of a point of odd order
        return shifted

    def inverse(self, value: int, modulus: int) -> int:
        """Return 1 / ``value`` modulo ``PRIME`` or ``ORDER``, by Bernstein and Yang's divsteps."""
        matrix = self._matrix
        f, g = modulus, value
        known, factor = 0, 1  # known * value = f and factor * value = g, but for powers of two
        delta = 1
        for _ in range(_ROUNDS):
            delta = divide_30_steps(delta, f & 0x3FFFFFFF, g & 0x3FFFFFFF, matrix)
            u, v, q, r = matrix
            f, g = (u * f + v * g) >> 30, (q * f + r * g) >> 30
            known, factor = (u * known + v * factor) % modulus, (q * known + r * factor) % modulus
        return f * known * _UNSHIFT[modulus] % modulus  # f ended as 1 or -1

    def _double(self) -> None:
        run(self._registers, _DOUBLE, len(_DOUBLE))

    def _start(self, comb: Comb, digits: bytes, column: int, start_z: int) -> None:
        self._write(_Z, start_z * MONTGOMERY % PRIME)
        sign = load_row(self._row, comb.rows, digits, column, comb.teeth << 8 | comb.spacing)
        run(self._registers, _START[sign], len(_START[sign]))

    def _add(self, comb: Comb, digits: bytes, column: int) -> None:
        program = _ADD[load_row(self._row, comb.rows, digits, column, comb.teeth << 8 | comb.spacing)]
        run(self._registers, program, len(program))

    def _finish(self, blind: int) -> "Point | None":
        z = self._read(_Z) % PRIME
        if z == 0:
            return None
        # Read as plain integers, X, Y and Z are MONTGOMERY times too big; the powers of it left over go here.
        inverse = self.inverse(z * blind % PRIME, PRIME) * blind % PRIME
        square = inverse * inverse % PRIME * MONTGOMERY % PRIME
        x = self._read(_X) * square % PRIME
        y = self._read(_Y) * square % PRIME * inverse % PRIME * MONTGOMERY % PRIME
        return x, y

    def _read(self, register: int) -> int:
        """Return the integer in a register, not reduced."""
        value = 0
        for index in range(LIMBS * register + LIMBS - 1, LIMBS * register - 1, -1):
            value = (value << LIMB_BITS) + self._registers[index]
        return value

    def _write(self, register: int, value: int) -> None:
        for index in range(LIMBS * register, LIMBS * register + LIMBS):
            self._registers[index] = value & (1 << LIMB_BITS) - 1
            value >>= LIMB_BITS
