"""Which part of the county somebody sees, as a condition on the tables of ``projection``.

A region is the beginning of the division code in a device's code base; a market is a name. Two counties may have
markets of one name, so a region asks for the market's name where it is its alone, and for the device where it is not.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, Select, Table, false, or_, select
from tracewire.credential import Credential

from cloud.accounts.account import SELLER, Account
from cloud.console.projection import lot_places, lot_sellers
from cloud.registry import Roll


@dataclass(frozen=True)
class Scope:
    """What an account sees."""

    sites: frozenset[str]
    """Places all of whose devices are seen."""
    devices: frozenset[str]
    """Devices that are seen besides."""
    seller: str = ""
    """The one seller whose things alone are seen; empty for everybody's."""

    def sees(self, site: str, device: str) -> bool:
        """Tell whether what happened at a device is seen; a seller is not asked about devices."""
        return site in self.sites or device in self.devices

    def at(self, site: str) -> "Scope":
        """Return the part at one market, of those that are seen whole; all of it for any other name, or for none."""
        return Scope(frozenset({site}), frozenset()) if site in self.sites else self

    def lots(self) -> Select[tuple[str]]:
        """Return the query for the lots that are seen."""
        table = self.of_lots()
        return select(table.c.lot).where(self.on(table))

    def of_lots(self) -> Table:
        """Return the table whose rows say which lots are seen."""
        return lot_sellers if self.seller else lot_places

    def on(self, table: FromClause) -> ColumnElement[bool]:
        """Return the condition on rows of ``lot_places``, ``lot_sellers``, ``seller_places``, or an alias, to be seen.

        Whoever sees several places sees most of what comes, so the sites are compared in a way that no index answers:
        the store then walks the newest rows in their order and need not sort all of them for a page.
        """
        if self.seller:
            return table.c.seller == self.seller
        site = table.c.site if len(self.sites) + len(self.devices) == 1 else table.c.site.concat("")
        return or_(
            site.in_(self.sites) if self.sites else false(),
            table.c.device.in_(self.devices) if self.devices else false(),
        )


def of_account(account: Account, roll: Roll) -> Scope:
    """Return what an account sees, as the registry is now."""
    if account.role == SELLER:
        return Scope(frozenset(), frozenset(), account.seller)
    if account.site and not account.region:
        return Scope(frozenset({account.site}), frozenset())
    inside: set[Credential] = set()
    outside: set[str] = set()
    for credential in roll.registry.credentials:
        if credential.code_base is None:
            continue
        if credential.code_base.startswith(account.region) and account.site in ("", credential.site):
            inside.add(credential)
        else:
            outside.add(credential.site or "")
    sites = {credential.site or "" for credential in inside}
    return Scope(
        frozenset(sites - outside - {""}),
        frozenset(credential.name for credential in inside if (credential.site or "") in outside | {""}),
    )
