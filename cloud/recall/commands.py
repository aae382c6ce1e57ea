"""The commands ``chengxin recall …``: decide, release, destroy, and report where a lot went."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console as Screen
from rich.table import Table
from tracewire.errors import Unavailable

from cloud.recall.console import Console, Decision
from cloud.web import figures

recall = typer.Typer(help="Recall lots, release them, and see where they went.", no_args_is_help=True)

screen = Screen(highlight=False)

_TIMEOUT_SECONDS = 60

Lot = Annotated[str, typer.Argument(help="Lot code, 8 to 24 digits.")]
Reason = Annotated[str, typer.Option(help="Why, in words for the people who read the decision.")]
Directory = Annotated[Path, typer.Option("--console", help="Directory of the console node.", file_okay=False)]
Ingest = Annotated[str, typer.Option("--cloud", help="Address where records are delivered (mutual TLS).")]
Account = Annotated[
    str, typer.Option(default_factory=getpass.getuser, help="Who decides; stays here, sealed is a salted commitment.")
]
Public = Annotated[str, typer.Option("--url", help="Address of the cloud's public pages.")]

Answer = dict[str, Any]


@recall.command("open")
def begin(lot: Lot, reason: Reason, directory: Directory, cloud: Ingest, account: Account) -> None:
    """Recall a lot: it and everything made of it is frozen, and no scale sells it any more.

    The decision is sealed and kept here before it is sent. Scales that are on line refuse within a minute, the others
    when they come back.

    Example: chengxin recall open 35020000200010000003 --reason "clenbuterol, report 0412" --console console
      --cloud https://cloud.example:8443
    """
    _decide(Decision("recall", lot, reason, account), directory, cloud)


@recall.command("release")
def release(lot: Lot, reason: Reason, directory: Directory, cloud: Ingest, account: Account) -> None:
    """Close a recall: the lot and what was frozen for it alone may be sold again.

    Example: chengxin recall release 35020000200010000003 --reason "second test passed" --console console
      --cloud https://cloud.example:8443
    """
    _decide(Decision("release", lot, reason, account), directory, cloud)


@recall.command("destroy")
def destroy(lot: Lot, reason: Reason, directory: Directory, cloud: Ingest, account: Account) -> None:
    """Order what is left of a lot to be destroyed; it stays frozen, and the disposal is weighed on a scale.

    Example: chengxin recall destroy 35020000200010000003 --reason "order 17" --console console
      --cloud https://cloud.example:8443
    """
    _decide(Decision("destroy", lot, reason, account), directory, cloud)


@recall.command("report")
def report(
    lot: Lot,
    url: Public = "http://127.0.0.1:8080",
    pdf: Annotated[Path | None, typer.Option(help="Write the whole report to this file.")] = None,
    csv: Annotated[
        Path | None,
        typer.Option(help="Write every sale to this file, and the other lists to files beside it."),
    ] = None,
) -> None:
    """Print where a lot and everything made of it was sold, what should be left, who was told, what is destroyed.

    A lot that nobody stopped is reported as a drill.

    Examples:

      chengxin recall report 35020000200010000003

      chengxin recall report 35020000200010000003 --pdf recall.pdf --csv recall.csv
    """
    case = _get(url, lot).json()
    screen.print(_table(case))
    screen.print(_state(case))
    if not case["is_complete"]:
        screen.print("[yellow]More was made of this lot than can be listed at once; ask for its parts.[/yellow]")
    if pdf is not None:
        pdf.write_bytes(_get(url, f"{lot}/report.pdf").content)
        screen.print(f"The report is {pdf}.")
    if csv is not None:
        count = _write(csv, _get(url, f"{lot}/sales.csv"))
        screen.print(f"{count} sales written to {csv}.")
        for name in ("stalls", "labels", "told", "destructions"):
            _write(csv.with_stem(f"{csv.stem}-{name}"), _get(url, f"{lot}/{name}.csv"))


def _decide(decision: Decision, directory: Path, cloud: str) -> None:
    console = Console(directory)
    seq = console.decide(decision)
    screen.print(f"Decision {seq} is sealed: {decision.word} {decision.lot}.")
    console.deliver(cloud)
    screen.print("It is in the ledger; the freeze follows it.")


def _table(case: Answer) -> Table:
    table = Table("lot", "goods", "where", "stall", "sales", "sold", "left", title=f"Where {case['lot']} went")
    for fate in case["fates"]:
        left = "?" if fate["left_grams"] is None else figures.kilograms(fate["left_grams"])
        state = f"{fate['lot']}{' (stopped)' if fate['is_stopped'] else ''}"
        if not fate["outlets"]:
            table.add_row(state, fate["goods"], "", "", "0", "", left)
        for outlet in fate["outlets"]:
            stall = " ".join(filter(None, (outlet["stall"], outlet["seller"]))) or outlet["device"]
            sold = figures.kilograms(outlet["grams"])
            table.add_row(state, fate["goods"], outlet["site"], stall, str(outlet["sales"]), sold, left)
    return table


def _state(case: Answer) -> str:
    took = sum(each["taken_ms"] is not None for each in case["told"])
    recorded = sum(each["heard_ms"] is not None for each in case["told"])
    told = f"Of {len(case['told'])} sellers {took} were told through their gateway, {recorded} recorded it."
    open_for = ", ".join(sorted({each["code"] for each in case["obstacles"]})) or "nothing"
    return f"State: {case['state']}. {told} Not accounted for: {open_for}."


def _write(path: Path, answer: httpx.Response) -> int:
    """Keep a list and return how many rows it has besides its heading."""
    path.write_bytes(answer.content)
    return answer.content.count(b"\n") - 1


def _get(url: str, path: str) -> httpx.Response:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/v1/recalls/{path}", timeout=_TIMEOUT_SECONDS, trust_env=False)
    except httpx.HTTPError as down:
        raise Unavailable("recall.url", f"{url} does not answer: {down}") from down
    if answer.status_code != httpx.codes.OK:
        screen.print(f"[red]{answer.status_code}[/red] {answer.text}", soft_wrap=True)
        raise typer.Exit(1)
    return answer
