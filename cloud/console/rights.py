"""Who may decide what; pure.

Whoever stopped a lot or a seller may give it back, and a regulator always may: a market must not sell again what an
inspector froze. What was decided at another console, or by command, only a regulator takes back.
"""

from collections.abc import Iterable

from cloud.accounts.account import INSPECTOR, MARKET_OPENER, OPS, REGULATOR
from cloud.accounts.asked import ASSET, LABELLING, TICKET

LOT_WORDS = ("freeze", "recall", "release", "destroy")
SELLER_WORDS = ("admit", "suspend")
CARD_WORDS = ("block_card", "unblock_card")
"""Words of ``tracewire.vocabulary.DECISIONS`` for which there is a form."""

RETURNS = ("release", "admit")
"""Words that give back what was stopped."""

_MAY = {
    MARKET_OPENER: ("freeze", "recall", "release", "admit", "suspend", *CARD_WORDS),
    INSPECTOR: ("freeze", "release"),
    REGULATOR: ("freeze", "recall", "release", "destroy", "admit", "suspend", *CARD_WORDS),
}

DECIDERS = tuple(_MAY)
"""Roles that may decide anything about goods and sellers."""

STATEMENT = "other"
"""Word of an asset entry from before it had a kind of record of its own; one that still waits is sealed under it."""

KEEPERS = (OPS, MARKET_OPENER)
"""Roles that keep the asset ledger of devices."""

WATCHERS = (OPS, MARKET_OPENER, INSPECTOR, REGULATOR)
"""Roles that watch devices, each its own: they report faults and say how one goes on."""

LABELLERS = (MARKET_OPENER, REGULATOR)
"""Roles that say what became of a county's labels."""

_STATE = {STATEMENT: KEEPERS, ASSET: KEEPERS, TICKET: WATCHERS, LABELLING: LABELLERS}


def may(role: str, word: str) -> bool:
    """Tell whether a role may decide this at all."""
    return word in _MAY.get(role, ()) or role in _STATE.get(word, ())


def may_release(role: str, stopped_by: Iterable[str]) -> bool:
    """Tell whether a role may give a lot or a seller back whom these roles stopped; an unknown one is empty."""
    return may(role, "release") and (role == REGULATOR or set(stopped_by) == {role})
