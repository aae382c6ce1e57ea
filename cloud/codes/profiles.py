"""Kinds of codes, each with its structure and its check character.

A code is recognised by its structure and its check, never by its length: 20 digits are a slip, a herb product or a box
of medicine. Where a text fits several profiles whose check holds, all are said and a person decides.

Sources: SB/T 10680 (slip, node), GB 32100-2015 (credit code), GB 11643 and ISO 7064 (resident ID), GB 12904 and the GS1
General Specifications (GTIN), Decree 67 of the Ministry of Agriculture (ear tag). Layouts that no public text gives are
our own and say so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from stdnum import ean
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10, mod_37_36
from tracewire.errors import Rejected

from cloud.codes import short, typed
from cloud.web import divisions

Check = Callable[[str], str]
"""Returns the check character that belongs to a code which still has its own at the end."""


@dataclass(frozen=True)
class Profile:
    """One kind of code. ``holds`` is what a pattern cannot say; ``check`` is None where the kind has none."""

    name: str
    title: tuple[str, str]
    pattern: re.Pattern[str]
    read: Callable[[str], str]
    check: Check | None = None
    holds: Callable[[str], bool] = bool
    is_personal: bool = False
    """Never shown or logged in full."""


@dataclass(frozen=True)
class Reading:
    """A text read as a code of one profile; ``expected`` is the check character it should have, if it has another."""

    profile: Profile
    code: str
    expected: str = ""

    @property
    def is_good(self) -> bool:
        """Tell whether the check character holds, or there is none."""
        return not self.expected

    @property
    def complaint(self) -> str:
        """Return what is wrong, in words; nothing for a good code."""
        if self.is_good:
            return ""
        return f"as {self.profile.title[1]} its check character would be {self.expected}, it ends in {self.code[-1]}"

    @property
    def shown(self) -> str:
        """Return the code as it may be shown."""
        return f"{self.code[:6]}{'*' * (len(self.code) - 7)}{self.code[-1]}" if self.is_personal else self.code

    @property
    def is_personal(self) -> bool:
        """Tell whether the code names a person."""
        return self.profile.is_personal


def herb_check(code: str) -> str:
    """Return the check digit of the traceability family of herbs: weights 3, 9, 7, 1 from the right, the sum itself."""
    weights = (3, 9, 7, 1)
    return str(sum(int(digit) * weights[place % 4] for place, digit in enumerate(reversed(code[:-1]))) % 10)


def _is_division(code: str) -> bool:
    return bool(divisions.name_of(code[:6]))


def _is_tag(code: str) -> bool:
    return bool(divisions.name_of(code[1:7]))


def _is_birth_date(code: str) -> bool:
    try:
        ric.get_birth_date(code)
    except ValidationError:
        return False
    return _is_division(code)


def _is_entity(code: str) -> bool:
    return uscc.is_valid(code[:18])


PROFILES: tuple[Profile, ...] = (
    Profile("slip", ("追溯码", "trace code"), re.compile(r"\d{20}"), typed.digits, holds=_is_division),
    Profile("herb-product", ("药材商品码", "herb product code"), re.compile(r"\d{20}"), typed.digits, herb_check),
    Profile("medicine", ("药品追溯码", "medicine trace code"), re.compile(r"8[1-9]\d{18}"), typed.digits),
    Profile("herb-enterprise", ("药材企业码", "herb enterprise code"), re.compile(r"\d{14}"), typed.digits, herb_check),
    Profile("node", ("流通节点主体码", "node code"), re.compile(r"\d{9}"), typed.digits, holds=_is_division),
    Profile("party", ("经营者主体码", "party code"), re.compile(r"\d{13}"), typed.digits, holds=_is_division),
    Profile(
        "credit",
        ("统一社会信用代码", "unified social credit code"),
        re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}"),
        typed.letters,
        uscc.calc_check_digit,
    ),
    # DB45/T 2857-2024 and DB4403/T 157-2021 build on the credit code; their annexes are not public. Layout after it is
    # ours: goods (8), date (6), batch (4), check character by ISO 7064 MOD 37,36 over everything.
    Profile(
        "credit-batch",
        ("信用代码追溯码", "credit-code trace code"),
        re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}\d{18}[0-9A-Z]"),
        typed.letters,
        lambda code: mod_37_36.calc_check_digit(code[:-1]),
        holds=_is_entity,
    ),
    Profile(
        "resident",
        ("居民身份证号", "resident ID"),
        re.compile(r"\d{17}[0-9X]"),
        typed.letters,
        ric.calc_check_digit,
        holds=_is_birth_date,
        is_personal=True,
    ),
    Profile("ear-tag", ("畜禽标识", "ear tag"), re.compile(r"[123]\d{14}"), typed.digits, holds=_is_tag),
    Profile(
        "gtin",
        ("商品条码", "GTIN"),
        re.compile(r"\d{8}|\d{12,14}"),
        typed.digits,
        lambda code: ean.calc_check_digit(code[:-1]),
    ),
    # A county's own labels: division (6), year (2), number (8), check digit by ISO 7064 MOD 11,10. Our layout.
    Profile(
        "label",
        ("县级标签码", "county label"),
        re.compile(r"\d{17}"),
        typed.digits,
        lambda code: mod_11_10.calc_check_digit(code[:-1]),
        holds=_is_division,
    ),
    Profile(
        "short",
        ("短码", "short code"),
        re.compile(f"[{short.ALPHABET}]{{6,11}}[{short.CHECKS}]"),
        short.typed,
        lambda code: short.check(code[:-1]),
    ),
)


def named(name: str) -> Profile:
    """Return the profile of a name; ``Rejected("code.profile")``."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise Rejected("code.profile", f"{name}: there are {', '.join(each.name for each in PROFILES)}")


def read_as(profile: Profile, text: str) -> Reading:
    """Return a text as a code of this kind, its check perhaps wrong; ``Rejected("code.shape")`` for anything else."""
    code = profile.read(text)
    if not profile.pattern.fullmatch(code) or not profile.holds(code):
        raise Rejected("code.shape", f"no {profile.title[1]} looks like this")
    expected = profile.check(code) if profile.check else code[-1]
    return Reading(profile, code, "" if expected == code[-1] else expected)


def read(text: str) -> list[Reading]:
    """Return every kind of code that a text can be: those whose check holds, else those with another check."""
    readings = []
    for profile in PROFILES:
        try:
            readings.append(read_as(profile, text))
        except Rejected:
            continue
    good = [reading for reading in readings if reading.is_good]
    return good or readings
