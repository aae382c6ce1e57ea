"""A short code that a person can type: the 20 digits of a slip in seven to nine letters, the last of them a check.

A slip code is a device's code base and a count (spec 4.5). The base is written as its place among the bases of the
registry, which only ever grows; so a short code is computed, kept nowhere, and means the same for ever. The alphabet
leaves out what is confused on thermal paper and by telephone (0 O, 1 I L, 2-like Z, 5-like S, 8-like B). The check is a
pure system of ISO 7064, modulus 29 and radix 2: it finds every wrong letter and every swap of neighbours; a 29th
letter, ``L``, stands only as a check.
"""

from collections.abc import Sequence

from stdnum.iso7064 import mod_37_2
from tracewire.errors import Rejected

from cloud.codes import typed as typing

ALPHABET = "23456789ACDEFGHJKMNPQRTUVWXY"
CHECKS = ALPHABET + "L"
_COUNTS = 10**7
_MENDED = str.maketrans("BSZ", "852")
"""What people write for 8, 5 and 2; the letters themselves are not in the alphabet."""


def typed(text: str) -> str:
    """Return what a person typed as letters of the alphabet, where it can be mended."""
    return typing.letters(text).translate(_MENDED)


def check(body: str) -> str:
    """Return the check character of a short code without it."""
    return mod_37_2.calc_check_digit(body, CHECKS)


def shorten(code: str, bases: Sequence[str]) -> str:
    """Return the short code of a slip; ``Rejected("code.short")`` when no device of the registry has its base."""
    if code[:13] not in bases:
        raise Rejected("code.short", "no device has this code base")
    number = bases.index(code[:13]) * _COUNTS + int(code[13:])
    body = ""
    while number:
        number, place = divmod(number, len(ALPHABET))
        body = ALPHABET[place] + body
    body = body.rjust(6, ALPHABET[0])
    return body + check(body)


def lengthen(code: str, bases: Sequence[str]) -> str:
    """Return the slip code of a short code; ``Rejected("code.short")`` or ``Rejected("code.check")``."""
    if len(code) < 2 or code[-1] not in CHECKS or any(each not in ALPHABET for each in code[:-1]):
        raise Rejected("code.short", "no short code looks like this")
    if check(code[:-1]) != code[-1]:
        raise Rejected("code.check", f"the last character would be {check(code[:-1])}, it is {code[-1]}")
    number = 0
    for each in code[:-1]:
        number = number * len(ALPHABET) + ALPHABET.index(each)
    base, count = divmod(number, _COUNTS)
    if base >= len(bases):
        raise Rejected("code.short", "no device has this short code")
    return f"{bases[base]}{count:07}"
