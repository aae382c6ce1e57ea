"""``chengxin trace CODE``: both ways from a code, as a tree in the terminal, read over HTTP like any stranger."""

import functools
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.tree import Tree
from tracewire.errors import Unavailable

from cloud.codes import profiles
from cloud.web import figures
from cloud.web.language import words_of

_TIMEOUT_SECONDS = 30

console = Console(highlight=False)

Answer = dict[str, Any]

_say = functools.partial(words_of("trace").say, "en")


def trace(
    code: Annotated[str, typer.Argument(help="Trace code of a slip, or code of a lot or label.")],
    url: Annotated[str, typer.Option(help="Address of the cloud's public pages.")] = "http://127.0.0.1:8080",
    direction: Annotated[str, typer.Option(help="back, forward or both.")] = "both",
) -> None:
    """Print where a lot came from and where it went, what is left, and what is wrong with it.

    Exit status 1 when nobody knows the code.

    Examples:

      chengxin trace 35020000100030000001

      chengxin trace 35020000100070000012 --direction back --url http://cloud.example:8080
    """
    answer = _ask(url, code, direction)
    if direction != "forward":
        console.print(_back(answer))
    if direction != "back":
        console.print(_forward(answer))


def _ask(url: str, code: str, direction: str) -> Answer:
    try:
        response = httpx.get(
            f"{url.rstrip('/')}/v1/trace/{quote(code, safe='')}",
            params={"direction": direction},
            timeout=_TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as down:
        raise Unavailable("trace.url", f"{url} does not answer: {down}") from down
    if response.status_code == httpx.codes.OK:
        return dict(response.json())
    console.print(f"[red]{response.status_code}[/red] {response.text}", soft_wrap=True)
    for reading in profiles.read(code):
        console.print(f"[yellow]{reading.complaint or f'It looks like a {reading.profile.title[1]}.'}[/yellow]")
    raise typer.Exit(1)


def _back(answer: Answer) -> Tree:
    sale = answer["sale"]
    what = f"{answer['goods'] or '?'}  {_grouped(answer['code'])}"
    if sale:
        what += f"  {figures.weighed(sale['net_grams'])}  {figures.moment(sale['moment_ms'])}  {sale['stall'] or ''}"
    tree = Tree(f"[bold]{what}[/bold]  ← came from")
    if answer["label"]:
        tree.add(f"label of {answer['label']['holder'] or '?'}, on lot {_grouped(answer['lot'])}")
    for station in answer["stations"]:
        kind = _say(f"station.{station['kind']}")
        mass = "" if station["grams"] is None else figures.kilograms(station["grams"])
        branch = tree.add(f"{kind}  {station['place'] or ''}  {figures.moment(station['moment_ms'])}  {mass}")
        for part in station["parts"]:
            mass = "" if part["grams"] is None else figures.kilograms(part["grams"])
            branch.add(f"[dim]{_grouped(part['lot'])}  {mass}  {part['ear_tag'] or ''}[/dim]")
        for paper in station["papers"]:
            branch.add(f"[dim]{_say('paper.' + paper['document'])} {paper['number']}[/dim]")
    for check in answer["checks"]:
        if check["state"] == "failed":
            tree.add(f"[red]✗ {check['name']}[/red]")
    return tree


def _forward(answer: Answer) -> Tree:
    fates = {fate["lot"]: fate for fate in answer["fates"]}
    first = answer["fates"][0]
    tree = Tree(f"[bold]{_fate(first)}[/bold]  → went to")
    branches = {first["lot"]: tree}
    _outlets(tree, first)
    for passage in answer["passages"]:
        parent = next((branches[lot] for lot, _ in passage["used"] if lot in branches), tree)
        for lot, _ in passage["made"]:
            if lot not in branches:
                branches[lot] = parent.add(f"{passage['kind']}  {passage['site']}  {_fate(fates[lot])}")
                _outlets(branches[lot], fates[lot])
    for each in answer["labels"]:
        on = branches.get(each["lot"], tree)
        on.add(f"labels {_grouped(each['first'])} to {_grouped(each['last'])} ({each['count']})  {each['site']}")
    if answer["more_labels"]:
        tree.add("[yellow]and more labels than can be shown[/yellow]")
    if not answer["is_complete"]:
        tree.add("[yellow]and more than can be shown[/yellow]")
    return tree


def _fate(fate: Answer) -> str:
    left = "left unknown" if fate["left_grams"] is None else f"{figures.kilograms(fate['left_grams'])} left"
    stopped = "  [red]stopped[/red]" if fate["is_stopped"] else ""
    return f"{fate['goods'] or 'lot'}  {_grouped(fate['lot'])}  {left}{stopped}"


def _outlets(branch: Tree, fate: Answer) -> None:
    for outlet in fate["outlets"]:
        where = f"{outlet['site']} {outlet['stall'] or outlet['device']}"
        branch.add(f"{where}: {outlet['sales']} sales, {figures.kilograms(outlet['grams'])}")
    for flag in fate["flags"]:
        branch.add(f"[red]{flag['code']}[/red]  records {', '.join(map(str, flag['evidence']))}")


def _grouped(code: str) -> str:
    return " ".join(figures.groups(code))
