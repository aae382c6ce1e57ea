"""Deciding: what will happen, then the confirm, then where the decision is; for people at pages and for programs.

Nothing here seals: a confirmed decision is left for the console's own program (``sealing``), and the page shows how far
it has come. The number of a decision is drawn when the form is shown, so that a second press of the button is the same
decision.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from tracewire.errors import Rejected

from cloud.accounts import asked
from cloud.accounts.account import Account
from cloud.accounts.asked import Asked, Wish
from cloud.console import rights
from cloud.console import scope as scopes
from cloud.console.projection import CARD
from cloud.console.view import ConsoleView
from cloud.db.engine import Store
from cloud.trace.forward import ForwardView

_MOST_REASON_BYTES = 240
"""Of the record's field (spec 4)."""
_ID_BYTES = 16


@dataclass(frozen=True)
class Outlook:
    """What a decision touches: of a lot, it and everything made of it; of a seller, where it trades."""

    word: str
    lot: str
    seller: str
    title: str
    """Name of the goods, or of the seller."""
    lots: int = 0
    stalls: int = 0
    sales: int = 0
    sold_grams: int = 0
    left_grams: int = 0
    unknown: int = 0
    """Lots of which nobody can say what is left."""
    is_complete: bool = True
    refusal: str = ""
    """Why this account may not decide it although its role may decide such things."""

    @property
    def is_about_card(self) -> bool:
        """Tell whether the form asks for the number of a card."""
        return self.word in rights.CARD_WORDS


class Decisions:
    """Takes decisions from people to the store where the console's program finds them."""

    def __init__(self, accounts: Store, view: ConsoleView, forward: ForwardView, now_ms: Callable[[], int]) -> None:
        self._accounts = accounts
        self._view = view
        self._forward = forward
        self._now_ms = now_ms

    def of_lot(self, account: Account, word: str, lot: str) -> Outlook:
        """Return what a decision about a lot would do.

        ``Rejected("console.unknown")`` for a lot that the account does not see, ``Rejected("console.word")`` for a
        word that is not its role's.
        """
        page = self._view.lot(scopes.of_account(account, self._view.registry.current()), lot, self._now_ms())
        _check_word(account, word, rights.LOT_WORDS)
        spread = self._forward.tell(lot)
        fates = spread.fates
        return Outlook(
            word=word,
            lot=lot,
            seller="",
            title=page.row.goods,
            lots=len(fates),
            stalls=len({(outlet.site, outlet.device) for fate in fates for outlet in fate.outlets}),
            sales=sum(fate.sales for fate in fates),
            sold_grams=spread.sold_grams,
            left_grams=sum(max(0, fate.left_grams or 0) for fate in fates),
            unknown=sum(fate.left_grams is None for fate in fates),
            is_complete=spread.is_complete,
            refusal=self._refusal(account, word, [each.commitment for each in page.stops]),
        )

    def of_seller(self, account: Account, word: str, seller: str) -> Outlook:
        """Return what a decision about a seller would touch; raises as ``of_lot`` does."""
        row = self._view.seller(scopes.of_account(account, self._view.registry.current()), seller)
        _check_word(account, word, (*rights.SELLER_WORDS, *rights.CARD_WORDS))
        refusal = self._refusal(account, word, self._view.suspensions(row))
        return Outlook(word, "", seller, "、".join(row.names), stalls=len(row.stands), refusal=refusal)

    def ask(self, account: Account, outlook: Outlook, reason: str, number: str, card: str = "") -> str:
        """Leave a decision to be sealed and return its number; on disk when this returns.

        ``card`` is its number as somebody typed it, for a decision about one. ``Rejected("console.…")`` without a
        reason, for one too long, for what is no card or not lost, or when this account may not.
        """
        if outlook.refusal:
            raise Rejected(f"console.{outlook.refusal}", "somebody else stopped it, or nobody did")
        if not reason or not reason.isprintable():
            raise Rejected("console.reason", "say why, in one line")
        if len(reason.encode()) > _MOST_REASON_BYTES:
            raise Rejected("console.reason", f"at most {_MOST_REASON_BYTES} bytes, 80 Chinese characters")
        about = {"card": self._card(outlook, card)} if outlook.is_about_card else {}
        wish = Wish(checked_number(number), outlook.word, reason, outlook.lot, outlook.seller, fields=about)
        asked.ask(self._accounts, wish, account.name, account.role, self._now_ms())
        return wish.id

    def find(self, account: Account, number: str) -> Asked:
        """Return where a decision is; ``Rejected("console.unknown")`` for one that this account did not ask for."""
        with self._accounts.reader.connect() as connection:
            found = asked.find(connection, number)
        if found is None or found.account != account.name:
            raise Rejected("console.unknown", "there is no such decision here")
        return found

    def newest(self, account: Account, limit: int) -> list[Asked]:
        """Return what an account decided last."""
        with self._accounts.reader.connect() as connection:
            return list(asked.of_account(connection, account.name, limit))

    def _card(self, outlook: Outlook, typed: str) -> str:
        number = re.sub(r"[\s:-]", "", unicodedata.normalize("NFKC", typed)).lower()
        if not CARD.fullmatch(number):
            raise Rejected("console.card", "4 to 7 bytes, in hexadecimal")
        if outlook.word == "unblock_card" and number not in {
            lost.card for lost in self._view.lost_cards(outlook.seller)
        }:
            raise Rejected("console.card_not_lost", "of this seller")
        return number

    def _refusal(self, account: Account, word: str, commitments: list[bytes]) -> str:
        if word not in rights.RETURNS:
            return ""
        if not commitments:
            return "not_stopped" if word == "release" else ""
        with self._accounts.reader.connect() as connection:
            roles = asked.roles_of(connection, commitments)
        stopped_by = [roles.get(each, "") for each in commitments]
        return "" if rights.may_release(account.role, stopped_by) else "not_yours"


def new_number() -> str:
    """Return a number for a decision that nobody can guess."""
    return secrets.token_hex(_ID_BYTES)


def number_of(account: Account, key: str) -> str:
    """Return the number that a program's own key for an order stands for; two accounts may use one key."""
    return hashlib.sha256(f"{account.name}\0{key}".encode()).digest()[:_ID_BYTES].hex()


def checked_number(number: str) -> str:
    """Return a number that a form brought back; ``Rejected("console.number")`` for what no form of ours holds."""
    if len(number) != 2 * _ID_BYTES or not set(number) <= set("0123456789abcdef"):
        raise Rejected("console.number", "open the form again")
    return number


def _check_word(account: Account, word: str, words: tuple[str, ...]) -> None:
    if word not in words or not rights.may(account.role, word):
        raise Rejected("console.word", f"{account.role} may not decide this")
