"""The commands ``chengxin cloud …`` and ``chengxin rebuild``: read the words, call the flow, say what came of it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cloud import moving, projecting, server, watermarks
from cloud.accounts.commands import account
from cloud.app import create_stores, every_projection, migrate_stores, open_stores
from cloud.config import TEMPLATE, load
from cloud.feed.commands import feed
from cloud.ledger import log_keys, tree
from cloud.ledger import store as ledger
from cloud.projection_schema import DerivedSchema
from cloud.projections import Projections
from cloud.stores import open_ledger

cloud = typer.Typer(help="The cloud: ledger, batch graph, trace pages.", no_args_is_help=True)
cloud.add_typer(feed, name="feed")
cloud.add_typer(account, name="account")

Directory = Annotated[Path, typer.Option("--dir", help="Directory of the cloud node.", file_okay=False)]
IngestPort = Annotated[int, typer.Option(min=0, max=65535, help="TCP port for gateways (mutual TLS).")]
PublicPort = Annotated[int, typer.Option(min=0, max=65535, help="TCP port for trace pages (plain HTTP).")]
Workers = Annotated[int, typer.Option(min=1, max=256, help="How many processes judge envelopes.")]
Project = Annotated[bool, typer.Option(help="Keep projections up in this program.")]
Names = Annotated[list[str] | None, typer.Option(help="Projection to keep up, all unless given; may be repeated.")]
ShardOption = Annotated[str, typer.Option("--shard", metavar="K/N", help="Only share K of N of the devices.")]
Target = Annotated[str, typer.Option("--to", metavar="URL", help="An empty database, its password in ~/.pgpass.")]
Origin = Annotated[str, typer.Option(help="Name of the log, best a URL without https:// that is yours.")]


@cloud.command("init")
def init(
    directory: Directory, ingest_port: IngestPort = 8443, public_port: PublicPort = 8080, origin: Origin = ""
) -> None:
    """Write cloud.toml if there is none, and create the empty stores and the keys of the log.

    Refuses to touch existing stores, so a slip of the hand cannot begin a second history.

    Example: chengxin cloud init --dir cloud
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "cloud.toml"
    if not path.exists():
        path.write_text(TEMPLATE.format(ingest_port=ingest_port, public_port=public_port), encoding="utf-8")
    create_stores(load(directory))
    # A crash here: `chengxin cloud run` says that the log has no keys, and `log-init` makes them.
    log_keys.create(directory, origin)
    typer.echo(f"The cloud in {directory} has an empty ledger. Next: chengxin cloud run --dir {directory}")


@cloud.command("migrate")
def migrate(directory: Directory) -> None:
    """Bring stores of an older program to this one's tables; run it once, while nothing else of this cloud runs.

    Records and accounts are not touched. Projections whose tables have changed are emptied, and filled again from the
    ledger by the next `cloud run` or `cloud project`.

    Example: chengxin cloud migrate --dir cloud
    """
    taken, emptied = migrate_stores(load(directory))
    typer.echo(f"Taken: {', '.join(taken) or 'nothing to do'}. To be filled anew: {', '.join(emptied) or 'nothing'}.")


@cloud.command("move")
def move(directory: Directory, to: Target) -> None:
    """Take a ledger that began in files, and its accounts, into an empty PostgreSQL database.

    Stop every program of this cloud first; gateways keep what they have. The files get another name, and each record is
    checked against the log's tree at its new place. Counts of scans begin anew. A move that was cut off leaves no
    ledger there: drop what it left (chengxin_accounts, chengxin_projections) and try again.

    Example: chengxin cloud move --dir cloud --to postgresql+psycopg://chengxin@db.example/chengxin
    """
    config = load(directory)
    with Progress(TextColumn("{task.description}"), MofNCompleteColumn()) as progress:
        tasks: dict[str, TaskID] = {}

        def hear(name: str, rows: int) -> None:
            task = tasks.get(name)
            if task is None:
                task = tasks[name] = progress.add_task(name, total=None)
            progress.advance(task, rows)

        records = moving.move(config, to, DerivedSchema(every_projection()), hear)
        moved = open_ledger(replace(config, database=to))
        try:
            tree.verify(moved, lambda rows: hear("checked against the log's tree", rows))
        finally:
            moved.close()
    typer.echo(f"{records:,} records are in the database, and the log's tree over them is the same.")
    typer.echo(f"The files are kept as *{moving.SUFFIX}.")
    typer.echo(f'Next: write database = "{to}" into {directory}/cloud.toml, and start the cloud.')


@cloud.command("log-init")
def log_init(directory: Directory, origin: Origin = "") -> None:
    """Make the keys of the log for a directory that is older than the log; `init` does it for a new one.

    Example: chengxin cloud log-init --dir cloud
    """
    keys = log_keys.create(directory, origin)
    typer.echo(f"The log is called {keys.origin}; hand {directory / log_keys.PUBLIC_FILE} to whoever watches it.")


@cloud.command("run")
def run(directory: Directory, workers: Workers = 1, project: Project = True) -> None:
    """Serve gateways and pages until Ctrl-C.

    One worker judges envelopes in this process; more of them in processes of their own, best one for each core.
    With --no-project the projections are kept up by `chengxin cloud project`, on this host or another.

    Example: chengxin cloud run --dir cloud
    """
    server.run(load(directory), workers, project=project)


@cloud.command("project")
def project_only(directory: Directory, name: Names = None, shard: ShardOption = "1/1") -> None:
    """Keep projections up with the ledger until Ctrl-C, and serve nobody.

    With --shard 2/4 this is the second of four processes that divide the devices among them; only projections that can
    be divided are kept up then. Processes may be added or taken away without a rebuild.

    Example: chengxin cloud project --dir cloud --name activity
    """
    projecting.run(load(directory), name or [], watermarks.parse(shard))


@cloud.command("rebuild")
def rebuild_one(directory: Directory, name: Annotated[str, typer.Argument(help="The projection.")]) -> None:
    """Drop one projection and replay the ledger into it, while ingest and everything else goes on.

    Example: chengxin cloud rebuild --dir cloud activity
    """
    stores = open_stores(load(directory))
    try:
        derived = Projections(stores.ledger, stores.projections, every_projection())
        derived.rebuild(lambda _name, _count: None, derived.named([name]))
        typer.echo(f"Rebuilt {name} from {derived.watermarks()[name]} records.")
    finally:
        stores.close()


def rebuild(directory: Directory) -> None:
    """Verify the log's Merkle tree against every record, then drop every projection and replay the ledger into it.

    Example: chengxin rebuild --dir cloud
    """
    stores = open_stores(load(directory))
    try:
        tree.prepare(stores.ledger)
        derived = Projections(stores.ledger, stores.projections, every_projection())
        with stores.ledger.reader.connect() as connection:
            size = ledger.last_index(connection)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            hashing = progress.add_task("log", total=size)
            tree.verify(stores.ledger, lambda count: progress.advance(hashing, count))
            tasks = {each.name: progress.add_task(each.name, total=size) for each in derived.all}
            derived.rebuild(lambda name, count: progress.advance(tasks[name], count))
        typer.echo(f"Rebuilt from {size} records: {', '.join(each.name for each in derived.all)}.")
    finally:
        stores.close()
