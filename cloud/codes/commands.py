"""The commands ``chengxin code …``: what a code is, and the label ranges of counties."""

import getpass
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from tracewire import record
from tracewire.errors import Rejected, TracewireError

from cloud.codes import labels, overrides, profiles, ranges, reconcile
from cloud.codes.labels import Labelled, Labels
from cloud.codes.ranges import Application, Person, Stand
from cloud.codes.reckoning import Reckoning
from cloud.config import load
from cloud.db.engine import Store
from cloud.db.keyset import FIRST
from cloud.projection_schema import DerivedSchema
from cloud.recall.commands import Account, Ingest
from cloud.recall.commands import Directory as ConsoleDirectory
from cloud.recall.console import Console
from cloud.stores import open_ledger, open_projections

_MOST_STRAYS = 100

code = typer.Typer(help="What a code is, and who has which labels.", no_args_is_help=True)
label_range = typer.Typer(
    help="Label ranges of counties: applied for, reviewed, allotted, issued.", no_args_is_help=True
)
code.add_typer(label_range, name="range")

Text = Annotated[str, typer.Argument(metavar="CODE", help="As printed or typed; widths and look-alikes are mended.")]
Directory = Annotated[Path, typer.Option("--dir", help="Directory of the cloud node.", file_okay=False)]
Number = Annotated[int, typer.Argument(metavar="RANGE", help="Number of the range.")]
By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who does this; stays on record.")]
First = Annotated[str, typer.Argument(help="Code of the first label, 17 digits.")]
Last = Annotated[str, typer.Argument(help="Code of the last label.")]
Holder = Annotated[str, typer.Option(help="Device or printer that had the labels.")]
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
def use(
    *,
    first: First,
    last: Last,
    lot: Annotated[str, typer.Option(help="Lot that they were put on.")],
    console: ConsoleDirectory,
    cloud: Ingest,
    account: Account,
    device: Holder = "",
) -> None:
    """Seal that labels were put on a lot. Nothing is looked up first: what does not fit is flagged afterwards.

    Example: chengxin code range use 35082126000000019 35082126000004803 --lot 35020000100010000001 --device farm-0001
      --console console-01 --cloud https://cloud.example:8443
    """
    _seal(console, cloud, account, (first, last), lot=lot, device=device)


@label_range.command("void")
def void(
    *,
    first: First,
    last: Last,
    reason: Annotated[str, typer.Option(help="Why they are worth nothing.")],
    console: ConsoleDirectory,
    cloud: Ingest,
    account: Account,
    device: Holder = "",
) -> None:
    """Seal that labels are worth nothing.

    Example: chengxin code range void 35082126000004811 35082126000005009 --reason "roll torn"
      --console console-01 --cloud https://cloud.example:8443
    """
    _seal(console, cloud, account, (first, last), reason=reason, device=device)


@label_range.command("list")
def show(directory: Directory) -> None:
    """Reconcile: of each range, what was issued, used and void, how many nobody accounted for, and what does not fit.

    Example: chengxin code range list --dir cloud
    """
    with (
        _store(directory) as store,
        _derived(directory) as derived,
        store.reader.connect() as ledger,
        derived.reader.connect() as graph,
    ):
        for stand in ranges.every(store):
            _tell(stand, reconcile.of_range(ledger, graph, stand))
        for said in reconcile.without_range(ledger, graph, [""], FIRST, _MOST_STRAYS).rows:
            typer.echo(f"  no_range  {' to '.join(said.codes)}  {_source(said)}")


def _seal(directory: Path, cloud: str, account: str, codes: tuple[str, str], **what: str) -> None:
    with _said():
        numbers = labels.between(*map(labels.parse, codes))
        fields = labels.fields_of(numbers, entered_ms=_now_ms(), **what)
        console = Console(directory)
        seq = console.seal(record.LABELLING, fields, account)
        typer.echo(f"Statement {seq} is sealed: labels {numbers.first} to {numbers.last} of {numbers.division}.")
        console.deliver(cloud)
    typer.echo("It is in the ledger.")


def _tell(stand: Stand, reckoning: Reckoning | None = None) -> None:
    span = f"{stand.first} to {stand.last}" if stand.first else f"{stand.wanted} wanted"
    where = f"{stand.id:4}  {stand.division}-{stand.year}  {stand.state:8}  {span}"
    line = f"{where}  {stand.holder}  issued {stand.issued}"
    if reckoning is None:
        typer.echo(line)
        return
    counts = f"used {reckoning.used}, void {reckoning.void}, outstanding {reckoning.outstanding}"
    typer.echo(f"{line}, {counts}")
    for fault in reckoning.faults:
        proof = ", ".join(map(_source, fault.proof))
        typer.echo(f"  {fault.code}  {stand.label(fault.first)} to {stand.label(fault.last)}  {proof}")


def _source(said: Labelled) -> str:
    return "said by command, without a record" if said.index is None else f"record {said.index}"


def _let_pass(directory: Path, reading: profiles.Reading) -> str:
    with _store(directory) as store:
        return overrides.passed(store, reading)


def _person(name: str) -> Person:
    return Person(name, _now_ms())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def _store(directory: Path) -> Iterator[Store]:
    with _said():
        store = open_ledger(load(directory))
        try:
            yield store
        finally:
            store.close()


@contextmanager
def _derived(directory: Path) -> Iterator[Store]:
    """Open the projections as far as labels are concerned; what no cloud has made yet is empty."""
    schema = DerivedSchema([Labels()])
    with closing(open_projections(load(directory), schema)) as store:
        schema.add_missing(store)
        yield store


@contextmanager
def _said() -> Iterator[None]:
    """Print what was refused, for a person."""
    try:
        yield
    except TracewireError as refusal:
        typer.echo(f"chengxin code: {refusal.detail or refusal.code}", err=True)
        raise typer.Exit(1 if isinstance(refusal, Rejected) else 2) from refusal
