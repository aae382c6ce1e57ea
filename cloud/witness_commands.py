"""The commands ``chengxin witness …``: to be run by somebody who is not the operator of the log."""

from pathlib import Path
from typing import Annotated

import typer
from tracewire.errors import Misuse

from cloud.app import now_ms
from cloud.ledger import log_keys, witness_server
from cloud.ledger import witness as witnesses

witness = typer.Typer(help="A witness: holds a log to one history.", no_args_is_help=True)

Directory = Annotated[Path, typer.Option("--dir", help="Directory of the witness.", file_okay=False)]
Name = Annotated[str, typer.Option(help="Name of the witness, best a URL without https:// that is yours.")]
LogKeys = Annotated[Path, typer.Option("--log", help="log.vkey of the log to follow.", exists=True, dir_okay=False)]
Url = Annotated[str, typer.Option(help="Where the log is published, to look there too: https://cloud.example")]


@witness.command("init")
def init(directory: Directory, name: Name, log: LogKeys, url: Url = "") -> None:
    """Make the keys of a witness and let it follow a log.

    Example: chengxin witness init --dir witness --name bureau.example/w1 --log log.vkey --url https://cloud.example
    """
    directory.mkdir(parents=True, exist_ok=True)
    keys = log_keys.create(directory, name, log_keys.WITNESS)
    origin = witnesses.follow(directory, log.read_bytes(), url)
    typer.echo(f"{keys.origin} follows {origin}. Hand {directory / log_keys.WITNESS.public_file} to who relies on it.")


@witness.command("follow")
def follow(directory: Directory, log: LogKeys, url: Url = "") -> None:
    """Let a witness follow one more log.

    Example: chengxin witness follow --dir witness --log other.vkey
    """
    if not (directory / log_keys.WITNESS.public_file).is_file():
        raise Misuse("witness.missing", f"{directory}: {log_keys.WITNESS.remedy}")
    typer.echo(f"It follows {witnesses.follow(directory, log.read_bytes(), url)} too, from its next start on.")


@witness.command("run")
def run(
    directory: Directory,
    host: Annotated[str, typer.Option(help="Address to listen on; put a TLS proxy in front of it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8090,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the log itself.")] = 60.0,
) -> None:
    """Cosign what logs submit, and look at the logs, until Ctrl-C.

    Example: chengxin witness run --dir witness --port 8090
    """
    witness_server.run(directory, host, port, every, now_ms)
