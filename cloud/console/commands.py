"""The command ``chengxin console run``: the program that holds the console's key."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import structlog
import typer
from tracewire.errors import Misuse

from cloud import stores
from cloud.config import load
from cloud.console import sealing
from cloud.console.projection import Places
from cloud.console.sealing import Sealer
from cloud.projection_schema import DerivedSchema

console = typer.Typer(help="The market console: seals what people decide at its pages.", no_args_is_help=True)
console.callback()(lambda: None)

log = structlog.get_logger()

_SCHEMA = DerivedSchema([Places()])


@console.command("run")
def run(
    directory: Annotated[Path, typer.Option("--dir", help="Directory of the console node.", file_okay=False)],
    accounts: Annotated[Path, typer.Option("--accounts", help="Directory of the cloud node.", file_okay=False)],
    url: Annotated[str, typer.Option("--cloud", help="Address where records are delivered (mutual TLS).")],
) -> None:
    """Seal decisions from the pages and deliver them, until Ctrl-C. Of the cloud it reads accounts and ``places``.

    Example: chengxin console run --dir console-01 --accounts cloud-01 --cloud https://localhost:8443
    """
    if not (directory / "record.key").is_file():
        raise Misuse("console.absent", f"{directory}: enrol it with --role console first")
    cloud = load(accounts)
    with closing(stores.open_accounts(cloud)) as store, closing(stores.open_projections(cloud, _SCHEMA)) as graph:
        sealing.run(Sealer(store, graph, directory, url), lambda: log.info("console.running", cloud=url))
