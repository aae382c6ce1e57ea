"""The commands ``chengxin code …``: what a code is, and the label ranges of counties."""

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from tracewire.errors import Rejected, TracewireError

from cloud.codes import overrides, profiles, ranges
from cloud.codes.ranges import Application, Person, Stand
from cloud.config import load
from cloud.db.engine import Store
from cloud.stores import open_ledger

code = typer.Typer(help="What a code is, and who has which labels.", no_args_is_help=True)
label_range = typer.Typer(
    help="Label ranges of counties: applied for, reviewed, allotted, issued.", no_args_is_help=True
)
code.add_typer(label_range, name="range")

Text = Annotated[str, typer.Argument(metavar="CODE", help="As printed or typed; widths and look-alikes are mended.")]
Directory = Annotated[Path, typer.Option("--dir", help="Directory of the cloud node.", file_okay=False)]
Number = Annotated[int, typer.Argument(metavar="RANGE", help="Number of the range.")]
By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who does this; stays on record.")]
Kind = Annotated[str | None, typer.Option(help="Name of a profile; every one that fits unless given.")]


@code.command("check")
def check(
    text: Text,
    profile: Kind = None,
    directory: Annotated[Path | None, typer.Option("--dir", help="Cloud node, to know codes let pass.")] = None,
) -> None:
    """Say what a code is, and whether its check character holds. Exit status 1 when it is none, or a wrong one.

    Examples:

      chengxin code check 91350500MAQH6DY1F0

      chengxin code check "３５０２ ００００ １０００ ７０００ ００１２" --profile slip
    """
    with _said():
        readings = [profiles.read_as(profiles.named(profile), text)] if profile else profiles.read(text)
    is_good = False
    for reading in readings:
        let = _let_pass(directory, reading) if directory and not reading.is_good else ""
        is_good = is_good or reading.is_good or bool(let)
        verdict = "good" if reading.is_good else f"let pass by {let}" if let else f"wrong: {reading.complaint}"
        typer.echo(f"{reading.profile.name:16} {reading.shown}  {reading.profile.title[0]}  {verdict}")
    if not readings:
        typer.echo("No kind of code looks like this.", err=True)
    if not is_good:
        raise typer.Exit(1)


@code.command("let-pass")
def let_pass(text: Text, profile: Kind, reason: Annotated[str, typer.Option()], directory: Directory, by: By) -> None:
    """Accept one genuine code whose check character is wrong; who and why stays on record.

    Example: chengxin code let-pass 91350100M000100Y4A --profile credit --reason "licence seen" --dir cloud
    """
    with _store(directory) as store:
        overrides.let_pass(store, profiles.read_as(profiles.named(profile or ""), text), reason, _person(by))
    typer.echo("Let pass from now on.")


@label_range.command("apply")
def apply(
    *,
    holder: Annotated[str, typer.Option(help="Who will have the labels.")],
    division: Annotated[str, typer.Option(help="County, six digits of GB/T 2260.")],
    year: Annotated[str, typer.Option(help="Two digits.")],
    wanted: Annotated[int, typer.Option("--count", help="How many labels.")],
    directory: Directory,
    by: By,
    purpose: Annotated[str, typer.Option(help="What for.")] = "",
) -> None:
    """Ask for a range of labels.

    Example: chengxin code range apply --holder 河田合作社 --division 350821 --year 26 --count 5000 --dir cloud
    """
    with _store(directory) as store:
        _tell(ranges.apply(store, Application(holder, division, year, wanted, purpose), _person(by)))


@label_range.command("review")
def review(
    number: Number, directory: Directory, by: By, refuse: Annotated[bool, typer.Option("--refuse")] = False
) -> None:
    """Approve an application of somebody else, or refuse it.

    Example: chengxin code range review 1 --dir cloud --by zhang
    """
    with _store(directory) as store:
        _tell(ranges.review(store, number, _person(by), approve=not refuse))


@label_range.command("allot")
def allot(number: Number, directory: Directory) -> None:
    """Give the next free numbers of its county and year to an approved range.

    Example: chengxin code range allot 1 --dir cloud
    """
    with _store(directory) as store:
        _tell(ranges.allot(store, number))


@label_range.command("issue")
def issue(
    number: Number,
    count: Annotated[int, typer.Option(help="How many labels.")],
    device: Annotated[str, typer.Option(help="Device or printer that gets them.")],
    directory: Directory,
    by: By,
) -> None:
    """Hand the next numbers of a range to a device; prints the first and the last label code.

    Example: chengxin code range issue 1 --count 500 --device farm-0001 --dir cloud
    """
    with _store(directory) as store:
        first, last = ranges.issue(store, number, count, device, _person(by))
        stand = next(each for each in ranges.every(store) if each.id == number)
    typer.echo(f"{stand.label(first)} to {stand.label(last)} ({first} to {last}) for {device}")


@label_range.command("use")
def use(number: Number, first: int, last: int, directory: Directory, by: By) -> None:
    """Say that issued numbers were used.

    Example: chengxin code range use 1 1 480 --dir cloud
    """
    with _store(directory) as store:
        _tell(ranges.spend(store, number, first, last, _person(by)))


@label_range.command("void")
def void(
    *,
    number: Number,
    first: int,
    last: int,
    reason: Annotated[str, typer.Option(help="Why they are worth nothing.")],
    directory: Directory,
    by: By,
) -> None:
    """Say that issued numbers are void.

    Example: chengxin code range void 1 481 500 --reason "roll torn" --dir cloud
    """
    with _store(directory) as store:
        _tell(ranges.spend(store, number, first, last, _person(by), reason=reason))


@label_range.command("list")
def show(directory: Directory) -> None:
    """Reconcile: of each range, what was allotted, issued, used and void, and how many nobody has accounted for.

    Example: chengxin code range list --dir cloud
    """
    with _store(directory) as store:
        for stand in ranges.every(store):
            _tell(stand)


def _tell(stand: Stand) -> None:
    span = f"{stand.first} to {stand.last}" if stand.first else f"{stand.wanted} wanted"
    spent = stand.spent
    counts = f"issued {spent.issued}, used {spent.used}, void {spent.void}, outstanding {spent.outstanding}"
    typer.echo(f"{stand.id:4}  {stand.division}-{stand.year}  {stand.state:8}  {span}  {stand.holder}  {counts}")


def _let_pass(directory: Path, reading: profiles.Reading) -> str:
    with _store(directory) as store:
        return overrides.passed(store, reading)


def _person(name: str) -> Person:
    return Person(name, time.time_ns() // 1_000_000)


@contextmanager
def _store(directory: Path) -> Iterator[Store]:
    with _said():
        store = open_ledger(load(directory))
        try:
            yield store
        finally:
            store.close()


@contextmanager
def _said() -> Iterator[None]:
    """Print what was refused, for a person."""
    try:
        yield
    except TracewireError as refusal:
        typer.echo(f"chengxin code: {refusal.detail or refusal.code}", err=True)
        raise typer.Exit(1 if isinstance(refusal, Rejected) else 2) from refusal
