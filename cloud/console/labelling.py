"""The room of labels: ranges of the counties that somebody sees, what became of them, and what is left to be sealed.

A form asks for what surely fits: numbers that were issued and of which nobody has spoken. What does not fit comes from
elsewhere, by command or late, and is flagged.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from tracewire import record as records
from tracewire.errors import Rejected

from cloud.accounts import asked
from cloud.accounts.account import Account
from cloud.accounts.asked import ASKED, LABELLING, REFUSED, SEALED, Asked, Wish
from cloud.codes import labels, ranges, reconcile
from cloud.codes.labels import Labelled, Numbers
from cloud.codes.ranges import Stand
from cloud.codes.reckoning import Issue, Reckoning, What
from cloud.console import places
from cloud.console import scope as scopes
from cloud.console.reach import require_labels
from cloud.db.engine import Store
from cloud.db.keyset import FIRST, Mark, Page
from cloud.ops.assets import check_fields
from cloud.registry import RegistryFile, Roll

PAGE = 50
_MOST_WAITING = 50
_CELLS = 200
"""Pieces of the bar that shows a range; one that holds several things shows the one to look at first."""

_FIRST_TO_SEE: Sequence[str] = ("fault", What.OUTSTANDING, What.VOID, What.USED, What.FREE)


@dataclass(frozen=True)
class Piece:
    """A piece of the bar, in cells."""

    at: int
    width: int
    kind: str


@dataclass(frozen=True)
class RangeRow:
    """A range and its reckoning; None before it is allotted."""

    stand: Stand
    reckoning: Reckoning | None

    @property
    def bar(self) -> list[Piece]:
        """Return the picture of what became of the numbers, from the first to the last."""
        return [] if self.reckoning is None else _bar(self.reckoning)


@dataclass(frozen=True)
class RangePage:
    """One range, whole."""

    row: RangeRow
    issues: Sequence[Issue]
    said: Page[Labelled]
    waiting: Sequence[Asked]
    """What the console's program has not brought to the ledger yet, or refused."""
    names: Mapping[bytes, str]
    """Who asked, by the commitment in the record; only who is known here and not erased."""


class LabelRoom:
    """Answers the pages of labels; callable from any thread."""

    def __init__(
        self, ledger: Store, derived: Store, accounts: Store, registry: RegistryFile, now_ms: Callable[[], int]
    ) -> None:
        self._ledger = ledger
        self._derived = derived
        self._accounts = accounts
        self._registry = registry
        self._now_ms = now_ms

    def ranges(self, account: Account, mark: Mark) -> Page[RangeRow]:
        """Return a page of the ranges of the counties that an account sees, the newest first."""
        with self._reading() as (ledger, derived):
            page = ranges.page_of_counties(ledger, _counties(account, self._registry.current()), mark, PAGE)
            return page.showing([RangeRow(each, reconcile.of_range(ledger, derived, each)) for each in page.rows])

    def strays(self, account: Account) -> list[Labelled]:
        """Return the first of what was said of numbers that no range has, in these counties."""
        with self._reading() as (ledger, derived):
            counties = _counties(account, self._registry.current())
            return list(reconcile.without_range(ledger, derived, counties, FIRST, PAGE).rows)

    def range(self, account: Account, number: int, mark: Mark = FIRST) -> RangePage:
        """Return a range; ``Rejected("console.unknown")`` when there is none in the counties that are seen."""
        with self._reading() as (ledger, derived), self._accounts.reader.connect() as accounts:
            stand = self._stand(ledger, account, number)
            span = Numbers(stand.division, stand.year, stand.first or 1, stand.last or 0)
            said = labels.page_among(derived, span, mark, PAGE)
            return RangePage(
                row=RangeRow(stand, reconcile.of_range(ledger, derived, stand)),
                issues=ranges.issues(ledger, stand.id),
                said=said,
                waiting=[wish for wish in _waiting(accounts) if _is_within(wish, span)],
                names=asked.accounts_of(accounts, [each.commitment for each in said.rows]),
            )

    def ask(self, account: Account, number: int, form: Mapping[str, str]) -> None:
        """Leave a labelling to be sealed; on disk when this returns.

        ``Rejected`` with what is wrong: ``"label.number"`` for no numbers of this range, ``"label.taken"`` when not all
        of them are issued and free, ``"label.devices"`` when several devices had them, ``"label.lot"`` for a lot that
        the account does not see, and what ``labels.fields_of`` says.
        """
        page = self.range(account, number)
        stand = page.row.stand
        numbers = _numbers(stand, form.get("first", ""), form.get("last", ""))
        device = _device(page, numbers)
        roll = self._registry.current()
        scope = scopes.of_account(account, roll)
        require_labels(account, scope, roll, device, stand.division)
        lot = form.get("lot", "")
        with self._derived.reader.connect() as derived:
            if lot and not places.of_lots(derived, scope, [lot]):
                raise Rejected("label.lot", f"{account.name} does not see this lot")
        credential = roll.current(device)
        site = account.site or (credential.site if credential is not None else "") or ""
        reason = form.get("reason", "")
        fields = labels.fields_of(numbers, entered_ms=self._now_ms(), lot=lot, device=device, site=site, reason=reason)
        check_fields(records.LABELLING, fields, "label.text")
        wish = Wish(form.get("number", ""), LABELLING, reason, lot=lot, device=device, fields=fields)
        asked.ask(self._accounts, wish, account.name, account.role, self._now_ms())

    def _stand(self, ledger: Connection, account: Account, number: int) -> Stand:
        try:
            stand = ranges.find(ledger, number)
        except Rejected as unknown:
            raise Rejected("console.unknown", unknown.detail) from unknown
        if not stand.division.startswith(tuple(_counties(account, self._registry.current()))):
            raise Rejected("console.unknown", "there is no such range here")
        return stand

    @contextmanager
    def _reading(self) -> Iterator[tuple[Connection, Connection]]:
        with self._derived.reader.connect() as derived, self._ledger.reader.connect() as ledger:
            yield ledger, derived


def _counties(account: Account, roll: Roll) -> Sequence[str]:
    """Return how the division codes begin that an account sees: its region, or where the devices of its market are."""
    if account.region:
        return [account.region]
    here = [each for each in roll.registry.credentials if each.site == account.site and each.code_base]
    return sorted({str(each.code_base)[:6] for each in here})


def _waiting(accounts: Connection) -> list[Asked]:
    states = (ASKED, SEALED, REFUSED)
    return [wish for state in states for wish in asked.waiting(accounts, state, _MOST_WAITING, LABELLING)]


def _is_within(wish: Asked, span: Numbers) -> bool:
    said: Mapping[str, Any] = wish.fields
    is_same = (said["division"], said["year"]) == (span.division, span.year)
    return is_same and said["first"] <= span.last and said["first"] + said["count"] > span.first


def _numbers(stand: Stand, first: str, last: str) -> Numbers:
    """Return the numbers from one to another, each typed as a number or as the code on the label."""
    numbers = labels.between(_number(stand, first), _number(stand, last or first))
    if stand.first is None or stand.last is None or numbers.first < stand.first or numbers.last > stand.last:
        raise Rejected("label.number", f"numbers {stand.first} to {stand.last} expected")
    return numbers


def _number(stand: Stand, typed: str) -> Numbers:
    if typed.isascii() and typed.isdigit() and 0 < len(typed) <= 8:
        return Numbers(stand.division, stand.year, int(typed), int(typed))
    try:
        found = labels.parse(typed)
    except Rejected as broken:
        raise Rejected("label.number", broken.detail) from broken
    if (found.division, found.year) != (stand.division, stand.year):
        raise Rejected("label.number", "a label of this range expected")
    return found


def _device(page: RangePage, numbers: Numbers) -> str:
    """Return who had all of these numbers, of which nobody has spoken."""
    stretches = page.row.reckoning.stretches if page.row.reckoning else ()
    touched = [each for each in stretches if each.first <= numbers.last and each.last >= numbers.first]
    is_asked = any(_is_within(wish, numbers) for wish in page.waiting if wish.state != REFUSED)
    if is_asked or any(each.what is not What.OUTSTANDING for each in touched):
        raise Rejected("label.taken", "not all of these are issued and free")
    devices = {each.device for each in page.issues if each.first <= numbers.last and each.last >= numbers.first}
    if len(devices) != 1:
        raise Rejected("label.devices", "several devices had these; enter them apart")
    return devices.pop()


def _bar(reckoning: Reckoning) -> list[Piece]:
    first, last = reckoning.stretches[0].first, reckoning.stretches[-1].last
    total = last - first + 1
    cells: list[str] = [What.FREE] * _CELLS
    for each in reckoning.stretches:
        kind: str = "fault" if each.faults else each.what
        for at in range((each.first - first) * _CELLS // total, -(-(each.last - first + 1) * _CELLS // total)):
            cells[at] = min(cells[at], kind, key=_FIRST_TO_SEE.index)
    pieces: list[Piece] = []
    for at, kind in enumerate(cells):
        if pieces and pieces[-1].kind == kind:
            pieces[-1] = Piece(pieces[-1].at, pieces[-1].width + 1, kind)
        else:
            pieces.append(Piece(at, 1, kind))
    return pieces
