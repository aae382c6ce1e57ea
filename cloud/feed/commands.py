"""The commands ``chengxin cloud feed …``: what devices are to be told; the running cloud seals and hands it out."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from tracewire import cbor
from tracewire import feed as wire
from tracewire.errors import TracewireError

from cloud.config import load
from cloud.db.engine import Store
from cloud.feed import orders
from cloud.feed import store as tables
from cloud.feed.store import EVERYONE
from cloud.stores import open_ledger

feed = typer.Typer(help="What devices are told: prices, frozen lots, stock.", no_args_is_help=True)

Directory = Annotated[Path, typer.Option("--dir", help="Directory of the cloud node.", file_okay=False)]
Device = Annotated[str, typer.Option(help="Device name; every scale and terminal unless given.")]
Lot = Annotated[str, typer.Argument(help="Lot code, 8 to 24 digits.")]


@feed.command("price")
def price(
    directory: Directory,
    plu: Annotated[list[str], typer.Option(help="NUMBER:NAME:FEN_PER_KG, once for each key.")],
    device: Device = EVERYONE,
) -> None:
    """Replace the whole price list of a scale, or of all.

    Example: chengxin cloud feed price --dir cloud --device scale-0001 --plu 1:五花肉:3680 --plu 2:猪肝:1850
    """
    with _feed(directory) as store:
        version = orders.order_prices(store, device, [_price(text) for text in plu], _now_ms())
    typer.echo(f"Ordered as {version}: {len(plu)} prices for {_whom(device)}.")


@feed.command("stock")
def stock(
    directory: Directory,
    device: Annotated[str, typer.Option(help="Device name.")],
    left: Annotated[list[str] | None, typer.Option(help="LOT:GRAMS, once for each lot; none takes all back.")] = None,
) -> None:
    """Tell a device how much of each lot is left to sell; a lot that is not named is not limited.

    Example: chengxin cloud feed stock --dir cloud --device scale-0001 --left 35020000200010000003:12500
    """
    with _feed(directory) as store:
        version = orders.order_stock(store, device, [_left(text) for text in left or []], _now_ms())
    typer.echo(f"Ordered as {version}: stock of {len(left or [])} lots for {device}.")


@feed.command("freeze")
def freeze(
    directory: Directory, lot: Lot, reason: Annotated[str, typer.Option(help="Why, for the people who look here.")]
) -> None:
    """Let nobody sell a lot from now on.

    Example: chengxin cloud feed freeze --dir cloud 35020000200010000003 --reason "clenbuterol, report 0412"
    """
    with _feed(directory) as store:
        version = orders.freeze(store, lot, reason, _now_ms())
    typer.echo(f"Ordered as {version}: {lot} is frozen.")


@feed.command("unfreeze")
def unfreeze(directory: Directory, lot: Lot) -> None:
    """Let a frozen lot be sold again.

    Example: chengxin cloud feed unfreeze --dir cloud 35020000200010000003
    """
    with _feed(directory) as store:
        version = orders.unfreeze(store, lot, _now_ms())
    typer.echo(f"Ordered as {version}: {lot} may be sold.")


@feed.command("show")
def show(directory: Directory) -> None:
    """Print what is in force: frozen lots with their reasons, every order and to whom it is sealed.

    Example: chengxin cloud feed show --dir cloud
    """
    with _feed(directory) as store, store.reader.connect() as connection:
        for lot in tables.frozen_lots(connection):
            typer.echo(f"frozen    {lot.lot}  since {_time(lot.since_ms)}  {lot.reason}")
        for order in tables.all_orders(connection):
            rows = cbor.decode(order.body)
            assert isinstance(rows, list)
            kind, size = wire.KINDS[order.kind], _size(order.kind, rows)
            typer.echo(f"{kind:9} {order.version:6}  {_whom(order.device)}  {size}  {_time(order.ordered_ms)}")
        for (device, kind_number), sealed in sorted(tables.sealed_for(connection).items()):
            kind, until = wire.KINDS[kind_number], _time(sealed.expires_ms)
            typer.echo(f"sealed    {sealed.version:6}  {device}  {kind} of order {sealed.order_version}, until {until}")


@contextmanager
def _feed(directory: Path) -> Iterator[Store]:
    """Open the ledger's database beside the running cloud; print what was refused, for a person."""
    try:
        store = open_ledger(load(directory))
        try:
            yield store
        finally:
            store.close()
    except TracewireError as refusal:
        typer.echo(f"chengxin cloud feed: {refusal.detail or refusal.code}", err=True)
        raise typer.Exit(2) from refusal


def _price(text: str) -> orders.Price:
    number, _, rest = text.partition(":")
    name, _, fen = rest.rpartition(":")
    if not number.isdecimal() or not fen.isdecimal() or not name:
        raise typer.BadParameter(f"{text!r} is not NUMBER:NAME:FEN_PER_KG")
    return orders.Price(int(number), name, int(fen))


def _left(text: str) -> tuple[str, int]:
    lot, _, grams = text.partition(":")
    if not grams.isdecimal():
        raise typer.BadParameter(f"{text!r} is not LOT:GRAMS")
    return lot, int(grams)


def _size(kind: int, rows: Any) -> str:
    if kind != wire.STOPS:
        return f"{len(rows)} rows"
    ((sellers, cards),) = rows
    return f"{len(sellers) // wire.SELLER_BYTES} sellers, {len(cards) // wire.CARD_BYTES} cards"


def _whom(device: str) -> str:
    return "every scale and terminal" if device == EVERYONE else device


def _time(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
