"""The hand-written machine-code loops of the viper engine; the field arithmetic is generated (``field_viper``)."""

# Viper is a language of its own: ``ptr8`` and ``ptr32`` are known to MicroPython's compiler and to no checker.
# mypy: ignore-errors
# ruff: noqa: F821

import micropython


@micropython.viper
def load_row(registers: ptr32, rows: ptr8, digits: ptr8, column: int, shape: int) -> int:
    """Copy the row that one column of digits selects into two registers, x and y; return 1 for plus, 0 for minus.

    ``registers`` points at 2 * 20 limbs of 13 bits, ``shape`` is teeth << 8 | spacing. The same instructions run
    whatever the digits are; only the address of the row depends on them.
    """
    teeth = shape >> 8
    spacing = shape & 255
    position = column + spacing * (teeth - 1)
    selector = 0
    while position >= column:
        selector = selector << 1 | ((int(digits[position >> 3]) >> (position & 7)) & 1)
        position -= spacing
    sign = selector >> (teeth - 1)
    at = ((selector ^ (sign - 1)) & ((1 << (teeth - 1)) - 1)) << 6
    limb = 0
    last = 19
    while last < 40:
        bits = 0
        pending = 0
        while limb < last:
            while bits < 13:
                pending |= int(rows[at]) << bits
                bits += 8
                at += 1
            registers[limb] = pending & 8191
            pending >>= 13
            bits -= 13
            limb += 1
        registers[limb] = pending | (int(rows[at]) << bits)  # 256 = 19 * 13 + 9
        at += 1
        limb += 1
        last += 20
    return sign


@micropython.viper
def divide_30_steps(delta: int, f: int, g: int, matrix: ptr32) -> int:
    """Do 30 divsteps (Bernstein, Yang 2019) on the low 30 bits of f and g; return the new delta.

    Writes the transition matrix u, v, q, r with 2**30 * (f', g') = (u f + v g, q f + r g). ``delta`` is twice the
    half-integer of the "hddivstep" variant, which needs 590 steps for 256 bits instead of 741.
    """
    u = 1
    v = 0
    q = 0
    r = 1
    steps = 30
    while steps:
        if g & 1:
            if delta > 0:
                delta = 0 - delta
                t = f
                f = g
                g = g - t
                t = u
                u = q
                q = q - t
                t = v
                v = r
                r = r - t
            else:
                g = g + f
                q = q + u
                r = r + v
        delta = delta + 2
        g = g >> 1
        u = u + u
        v = v + v
        steps = steps - 1
    matrix[0] = u
    matrix[1] = v
    matrix[2] = q
    matrix[3] = r
    return delta
