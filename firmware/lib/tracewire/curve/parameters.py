"""The numbers of P-256 (FIPS 186-5, SEC 2 secp256r1) and of our comb over it."""

PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
"""The field: coordinates are integers modulo this prime."""

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points there are: secrets, nonces and both halves of a signature are integers modulo this prime."""

COEFFICIENT_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""y² = x³ - 3x + b."""

BASE_POINT = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

MONTGOMERY = (1 << 260) % PRIME
"""Radix of the field machine, 20 limbs of 13 bits: a residue ``a`` is kept as ``a * 2**260``."""

MONTGOMERY_INVERSE = pow((PRIME + 1) >> 1, 260, PRIME)
"""A power of one half: cheaper at boot than an inversion."""

BASE_TEETH = 8
"""Teeth of the comb of the base point: 128 rows, 8 KiB, kept in flash where modules are frozen."""

KEY_TEETH = 5
"""Teeth of the comb of a verifying key: 16 rows, 1 KiB of RAM for each key. Six would save a seventh of the columns for
twice that, and a scale has two keys and little RAM."""
