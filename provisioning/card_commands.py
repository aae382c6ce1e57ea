"""The commands ``chengxin card …``: masters of the cards, and the issuing desk."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from cards.contents import Contents
from tracewire.errors import Misuse

from provisioning import card_keys, layout
from provisioning.card_desk import CardDesk, CardOrder, Seen
from provisioning.card_port import SerialPort
from provisioning.commands import AuthorityDirectory, read_passphrase

card = typer.Typer(help="Service cards: masters, issue, read, issue again.", no_args_is_help=True)

PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File whose first line opens the masters; asked for without.")
]
ReaderAddress = Annotated[str, typer.Option("--reader", help="Serial line of the PN532: /dev/ttyUSB0, socket://…")]
Seller = Annotated[str, typer.Option(help="Operator's code, 13 digits.")]
Stall = Annotated[str, typer.Option(help="Stall as scales and terminals show it; three characters fit best.")]
Lots = Annotated[list[str] | None, typer.Option("--lot", help="goods number:lot code, and :grams on a wholesaler's.")]
Wholesale = Annotated[bool, typer.Option("--wholesale", help="A wholesaler's card: it holds stock.")]
Address = Annotated[str, typer.Option(help="What a phone opens when it reads the card, without https://.")]

_ADDRESS = "chengxin.example/c"
_PROMPT = "Passphrase of the card masters"


@card.command("keys")
def card_keys_renew(ca_directory: AuthorityDirectory, passphrase_file: PassphraseFile = None) -> None:
    """Make the masters of the cards, or their next version.

    Example: chengxin card keys --ca CA
    """
    version = card_keys.renew(ca_directory, read_passphrase(passphrase_file, _PROMPT, is_new=True))
    typer.echo(f"The masters of version {version} are made. Devices get them when they are enrolled.")


@card.command("issue")
def card_issue(
    *,
    ca_directory: AuthorityDirectory,
    reader: ReaderAddress,
    seller: Seller,
    stall: Stall = "",
    lot: Lots = None,
    wholesale: Wholesale = False,
    address: Address = _ADDRESS,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a factory card one of ours and write it.

    Example: chengxin card issue --ca CA --reader /dev/ttyUSB0 --seller 3502000010101 --stall A12号
    """
    order = CardOrder(_contents(seller, stall, lot or [], wholesale), address)
    seen = _at_desk(ca_directory, reader, passphrase_file, lambda desk: desk.issue(order, _now()))
    typer.echo(f"Issued {_line(seen)}")


@card.command("read")
def card_read(ca_directory: AuthorityDirectory, reader: ReaderAddress, passphrase_file: PassphraseFile = None) -> None:
    """Tell what a card says, or why it is refused.

    Example: chengxin card read --ca CA --reader /dev/ttyUSB0
    """
    typer.echo(_line(_at_desk(ca_directory, reader, passphrase_file, lambda desk: desk.read())))


@card.command("reissue")
def card_reissue(
    *,
    ca_directory: AuthorityDirectory,
    reader: ReaderAddress,
    reason: Annotated[str, typer.Option(help="Why; kept with the history of the card.")],
    seller: Annotated[str | None, typer.Option(help="New contents; without it the card keeps what it says.")] = None,
    stall: Stall = "",
    lot: Lots = None,
    wholesale: Wholesale = False,
    address: Address = _ADDRESS,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write a card of ours anew, with the newest keys; also one that is damaged.

    Example: chengxin card reissue --ca CA --reader /dev/ttyUSB0 --reason "both copies spoilt" --seller 3502000010101
    """
    order = CardOrder(None if seller is None else _contents(seller, stall, lot or [], wholesale), address, reason)
    seen = _at_desk(ca_directory, reader, passphrase_file, lambda desk: desk.reissue(order, _now()))
    typer.echo(f"Issued again {_line(seen)}")


def _at_desk(
    directory: Path, reader: str, passphrase_file: Path | None, do: Callable[[CardDesk], Coroutine[Any, Any, Seen]]
) -> Seen:
    files = layout.existing(directory)
    rings = card_keys.load(files, read_passphrase(passphrase_file, _PROMPT))
    with closing(SerialPort(reader)) as port:
        return asyncio.run(do(CardDesk(files, rings, port)))


def _contents(seller: str, stall: str, lots: list[str], is_wholesale: bool) -> Contents:
    """Return what the card shall say; ``Misuse("card.contents")`` when no card could."""
    rows = [words.split(":") for words in lots]
    try:
        grams = tuple(int(row[2]) for row in rows) if is_wholesale else None
        what = Contents(seller, stall, tuple((int(row[0]), row[1]) for row in rows), grams)
    except (ValueError, IndexError) as problem:
        raise Misuse("card.contents", "--lot is goods:lot, with --wholesale goods:lot:grams") from problem
    if any(len(row) != (3 if is_wholesale else 2) for row in rows):
        raise Misuse("card.contents", "--lot is goods:lot, with --wholesale goods:lot:grams")
    what.encode()
    return what


def _line(seen: Seen) -> str:
    what = seen.said.contents
    lots = []
    for place, (goods, lot) in enumerate(what.lots):
        left = "" if what.grams is None else f" {what.grams[place]} g"
        lots.append(f"  {goods}: {lot}{left}")
    head = f"{seen.kind} {seen.uid.hex()}: {what.seller} {what.stall} (generation {seen.said.generation})"
    return "\n".join([head, *lots])


def _now() -> datetime:
    return datetime.now(UTC)
