"""The asset ledger 挂账 of devices placed with users (Zhengzhou rules art. 7): where, with whom, since when.

What somebody enters is a statement, so it is sealed: it waits beside the accounts for the console's program, and counts
once its record is in the ledger. Append-only: an entry says how things stand from now on, the newest of a device
counts, and none is ever changed. Here too stands until when a scale is verified 检定有效期: the certificate is paper,
no record of a device has its date.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from tracewire import record as records
from tracewire.errors import Rejected

from cloud.accounts import asked
from cloud.accounts.asked import ASSET, REFUSED, Wish
from cloud.ops import keeping

LONGEST_TEXT = 96
"""Characters of anything that a person types here."""

_NUMBER_DIGITS = 32
_MOST_WAITING = 50


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One entry."""

    device: str
    entered_ms: int
    account: str
    """Who entered it; empty when the account was erased."""
    place: str
    holder: str
    """Who answers for the device; empty when it is back in store."""
    since_ms: int
    verified_until_ms: int | None
    note: str
    seq: int | None = None
    """Number of its record in the console's history; None while it waits for the seal."""
    is_refused: bool = False
    """The console's program did not seal it: whoever entered it may no longer."""

    @property
    def wish(self) -> Wish:
        """Return what is left for the console's program to seal."""
        named = f"asset {self.device} {self.entered_ms} {self.account}"
        said = {name: getattr(self, name) for name in _SAID}
        fields = {name: value for name, value in said.items() if value not in ("", None)}
        number = hashlib.sha256(named.encode()).hexdigest()[:_NUMBER_DIGITS]
        return Wish(number, ASSET, self.note, device=self.device, fields=fields)

    def check(self) -> None:
        """Return if it may be entered; ``Rejected("asset.text")`` for text that no line or no record has room for."""
        for text in (self.place, self.holder, self.note):
            check_text(text, "asset.text")
        check_fields(records.ASSET, self.wish.fields, "asset.text")


_SAID = ("device", "entered_ms", "holder", "place", "since_ms", "verified_until_ms", "note")


def history(derived: Connection, accounts: Connection, device: str) -> Sequence[Asset]:
    """Return the entries of a device, newest first, those that wait for the seal before all others."""
    chosen = select(keeping.assets).where(keeping.assets.c.device == device).order_by(keeping.assets.c.idx.desc())
    sealed = derived.execute(chosen).mappings().all()
    names = asked.accounts_of(accounts, [row["commitment"] for row in sealed])
    known = {row["commitment"] for row in sealed}
    waiting = [
        Asset(**_BLANK | dict(wish.fields), account=wish.account or "", is_refused=wish.state == REFUSED)
        for wish in asked.about_device(accounts, device, ASSET, _MOST_WAITING)
        if wish.commitment not in known
    ]
    return waiting + [
        Asset(**{name: row[name] for name in (*_SAID, "seq")}, account=names.get(row["commitment"], ""))
        for row in sealed
    ]


def current(derived: Connection) -> dict[str, Asset]:
    """Return the newest sealed entry of each device that has any, without who entered it."""
    newest = select(func.max(keeping.assets.c.idx)).group_by(keeping.assets.c.device)
    rows = derived.execute(select(keeping.assets).where(keeping.assets.c.idx.in_(newest))).mappings()
    return {row["device"]: Asset(**{name: row[name] for name in (*_SAID, "seq")}, account="") for row in rows}


def newest_entry(derived: Connection) -> int:
    """Return the ledger's place of the newest entry of any device, 0 for none."""
    return derived.execute(select(func.max(keeping.assets.c.idx))).scalar_one() or 0


def check_text(text: str, code: str) -> None:
    """Return if a person may have typed this into one line; ``Rejected`` with ``code`` otherwise."""
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise Rejected(code, f"one line of at most {LONGEST_TEXT} characters expected")


def check_fields(kind: int, fields: Mapping[str, object], code: str) -> None:
    """Return if a record of this kind has room for these fields; ``Rejected`` with ``code`` otherwise.

    Asked before anybody is answered: what waits for the seal must not turn out unsealable.
    """
    for _, name, bounds, _ in records.FIELDS[kind]:
        if name in fields and not bounds.check(fields[name]):
            raise Rejected(code, f"{name}: not what a record has room for; a Chinese character takes three bytes")


_BLANK: dict[str, Any] = {"place": "", "holder": "", "note": "", "verified_until_ms": None}
