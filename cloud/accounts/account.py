"""Who somebody is to the pages: a name, a role, and the part of the county that the role covers; pure.

Whoever is not signed in is the public, and has no account. ``regulator`` and ``inspector`` see a region, which is the
beginning of a division code (GB/T 2260: 35 a province, 3502 a city, 350203 a district); ``market_opener`` sees one
market by its registered name, ``seller`` what carries its own code, ``ops`` the devices everywhere and no goods.
"""

import re
from dataclasses import dataclass

from tracewire.errors import Rejected

SELLER, MARKET_OPENER, INSPECTOR, OPS, REGULATOR = "seller", "market_opener", "inspector", "ops", "regulator"
ROLES = (SELLER, MARKET_OPENER, INSPECTOR, OPS, REGULATOR)

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_REGION = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}")
_SELLER = re.compile(r"[0-9]{9,13}")
_MOST_SITE_BYTES = 96

_NEEDED = {SELLER: "seller", MARKET_OPENER: "site", INSPECTOR: "region", REGULATOR: "region", OPS: ""}
"""What a role is limited by."""

_ALLOWED = {MARKET_OPENER: ("region",)}
"""What a role may be limited by besides: two counties may each have a 中心市场."""


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in; what does not belong to the role is empty."""

    name: str
    role: str
    region: str = ""
    """Beginning of a division code, 2, 4 or 6 digits."""
    site: str = ""
    """Name of a market as the registry of devices has it."""
    seller: str = ""
    """Seller code 经营者主体码, 9 to 13 digits."""


def check(account: Account) -> None:
    """Return if an account says what its role needs, and nothing else; ``Rejected("account.…")`` with a remedy."""
    if not _NAME.fullmatch(account.name):
        raise Rejected("account.name", "2 to 32 of a-z, 0-9, dot, hyphen and underscore, beginning with no sign")
    if account.role not in ROLES:
        raise Rejected("account.role", f"one of {', '.join(ROLES)}")
    needed = _NEEDED[account.role]
    for limit in ("region", "site", "seller"):
        value, is_needed = getattr(account, limit), limit == needed
        if is_needed and not value:
            raise Rejected("account.limit", f"{account.role} needs --{limit}")
        if value and not is_needed and limit not in _ALLOWED.get(account.role, ()):
            raise Rejected("account.limit", f"{account.role} takes no --{limit}")
    if account.region and not _REGION.fullmatch(account.region):
        raise Rejected("account.region", "2, 4 or 6 digits of a division code expected")
    if account.seller and not _SELLER.fullmatch(account.seller):
        raise Rejected("account.seller", "a seller code has 9 to 13 digits")
    if len(account.site.encode()) > _MOST_SITE_BYTES or not account.site.isprintable():
        raise Rejected("account.site", f"a name of at most {_MOST_SITE_BYTES} bytes expected")
