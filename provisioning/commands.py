"""The commands ``chengxin ca …`` and ``chengxin device …``: read the words, call the flow, say what came of it."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from tracewire.errors import Misuse

from provisioning import ca as authority
from provisioning import card_keys, config, handheld, host_node, layout, publication, revocation, unlock
from provisioning.console import Console
from provisioning.enrol import Converse, Order, Outfit, enrol
from provisioning.issuing import CLIENT_DAYS
from provisioning.registry import Entry, opened

ca = typer.Typer(help="The authority: found it, publish what it says.", no_args_is_help=True)
device = typer.Typer(help="Devices and nodes: enrol, list, revoke, unlock.", no_args_is_help=True)

AuthorityDirectory = Annotated[
    Path, typer.Option("--ca", envvar="CHENGXIN_CA", help="Directory of the authority (chengxin ca init).")
]

_HEADINGS = ("NAME", "ROLE", "KEY", "STATE", "RECORDS", "CODE BASE", "SITE", "STALL")


@ca.command("init")
def ca_init(
    directory: Annotated[Path, typer.Option("--dir", help="Directory to create.")],
    organisation: Annotated[str, typer.Option(help="Who the authority is; stands in its certificates.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the root key's passphrase; asked for without it.")
    ] = None,
) -> None:
    """Found an authority: offline root, Device CA, Server CA, registry key.

    Example: chengxin ca init --dir CA --organisation "Xiamen No. 8 Market"
    """
    passphrase = read_passphrase(passphrase_file, "Passphrase of the root key", is_new=True)
    authority.init(directory, organisation, passphrase, _now())
    typer.echo(f"The authority is in {directory}.")
    typer.echo(f"Now carry {directory / 'offline-root'} away: see the README in it. Nothing here needs it again.")


@ca.command("export")
def ca_export(
    ca_directory: AuthorityDirectory,
    out: Annotated[Path, typer.Option(help="Directory of a gateway or cloud, or one to hand to an outsider.")],
) -> None:
    """Sign the revocation list afresh and copy all public files.

    Example: chengxin ca export --ca CA --out gateway
    """
    registry = publication.export(ca_directory, out, _now())
    typer.echo(f"{out}: registry {registry.serial}, keys in it: {len(registry.credentials)}.")


@device.command("enrol")
def device_enrol(
    name: Annotated[str, typer.Argument(help="3 to 32 of a-z, 0-9 and hyphen, for example scale-0001.")],
    *,
    role: Annotated[str, typer.Option(help="scale, terminal, rail, farm, handheld, gateway, cloud or console.")],
    ca_directory: AuthorityDirectory,
    console: Annotated[str | None, typer.Option(help="Command whose input and output are the board's console.")] = None,
    setup: Annotated[Path | None, typer.Option(help="Set-up file of the site (TOML); with --console.")] = None,
    directory: Annotated[Path | None, typer.Option("--dir", help="Directory of a node on this machine.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="Name or address of a gateway or cloud; repeat it.")] = None,
    site: Annotated[str | None, typer.Option(help="Market or slaughterhouse.")] = None,
    stall: Annotated[str | None, typer.Option(help="Stall name as printed on the slip.")] = None,
    seller: Annotated[str | None, typer.Option(help="Public name of the seller.")] = None,
    node: Annotated[str, typer.Option(help="Nine digits that begin its code base.")] = Order.node,
    code_base: Annotated[str | None, typer.Option(help="Thirteen digits instead of the next free ones.")] = None,
    valid_days: Annotated[int, typer.Option(min=1, help="Days until its certificates expire.")] = CLIENT_DAYS,
    card_passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line opens the masters of the cards; asked for without it.")
    ] = None,
    re_enrol: Annotated[
        bool, typer.Option("--re-enrol", help="Replace its keys. A board without its records needs a new name.")
    ] = False,
) -> None:
    """Enrol a board over its console, or a node in a directory. Private keys stay where they are made.

    Example: chengxin device enrol scale-0001 --ca CA --role scale --setup site.toml --console "picocom -q /dev/ttyACM0"
    """
    order = Order(name, role, site, stall, seller, node, code_base, tuple(host or ()), valid_days, is_again=re_enrol)
    with ExitStack() as stack:
        board = _Board(role, setup, ca_directory, card_passphrase_file)
        converse, outfit = _other_end(stack, console, board, directory)
        entry = enrol(ca_directory, order, converse, outfit, _now())
    if directory is not None:
        publication.copy_public(layout.existing(ca_directory), directory)
    code = f", code base {entry.code_base}" if entry.code_base else ""
    typer.echo(f"{name} is enrolled as {role} with record key {entry.kid.hex()}{code}.")


@device.command("list")
def device_list(ca_directory: AuthorityDirectory) -> None:
    """List every record key: whose it is, what it may seal, which code base it has.

    Example: chengxin device list --ca CA
    """
    with opened(ca_directory) as history:
        rows = [_HEADINGS, *(_row(entry) for entry in history.entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@device.command("revoke")
def device_revoke(
    name: Annotated[str, typer.Argument(help="Name of the device.")],
    ca_directory: AuthorityDirectory,
    from_seq: Annotated[int, typer.Option(min=1, help="First record that counts no more; 1 refuses all.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the history.")],
) -> None:
    """Refuse a device's records from a number on, and its connections altogether.

    Example: chengxin device revoke scale-0001 --ca CA --from-seq 4711 --reason "stolen on 3 May"
    """
    revocation.revoke(ca_directory, name, from_seq, reason, _now())
    typer.echo(f"{name} is revoked. Bring it to gateways and cloud with: chengxin ca export")


@device.command("unlock")
def device_unlock(
    name: Annotated[str, typer.Argument(help="Name of the device, as its slips show it.")],
    ca_directory: AuthorityDirectory,
    challenge: Annotated[str, typer.Option(help="Eight digits on the screen of the locked device.")],
    reason: Annotated[str, typer.Option(help="Why it may be opened again; kept with the history.")],
) -> None:
    """Tell what unlocks a device whose case was opened. It opens one lock, once, and is kept with the history.

    Example: chengxin device unlock scale-0001 --ca CA --challenge 60381274 --reason "load cell replaced, seal 88213"
    """
    digits = unlock.answer(ca_directory, name, challenge.replace(" ", ""), reason, _now())
    typer.echo(f"Type on {name}: {digits}")


@dataclass(frozen=True)
class _Board:
    """What is known of a board before its console opens."""

    role: str
    setup: Path | None
    ca_directory: Path
    card_passphrase_file: Path | None

    def outfit(self) -> Outfit:
        """Return what a board of this role keeps: all but a handheld weigh, a terminal and some scales read cards."""
        if self.setup is None:
            raise Misuse("cli.setup", "a board needs --setup: prices, gateway, calibration")
        if self.role == "handheld":
            return handheld.outfit(handheld.read(self.setup))
        setup = config.read(self.setup)
        if self.role != "terminal" and setup.card_reader != config.PN532:
            return config.scale_outfit(setup)
        passphrase = read_passphrase(self.card_passphrase_file, "Passphrase of the card masters")
        rings = card_keys.load(layout.existing(self.ca_directory), passphrase)
        return config.scale_outfit(setup, card_keys.device_file(rings, self.role))


def _other_end(stack: ExitStack, console: str | None, board: _Board, directory: Path | None) -> tuple[Converse, Outfit]:
    """Return who answers and what it keeps: a board behind a console command, or a directory here."""
    if console is not None and directory is None:
        outfit = board.outfit()  # before the console opens: a bad file must not start a board
        return stack.enter_context(Console(console)), outfit
    if directory is not None and console is None:
        return host_node.HostNode(directory), host_node.outfit
    raise Misuse("cli.where", "say where the device is: --console for a board, --dir for a node on this machine")


def read_passphrase(file: Path | None, prompt: str, is_new: bool = False) -> bytes:
    """Return the first line of ``file``, or what a person types; one that is new is typed twice."""
    if file is None:
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=is_new)).encode()
    try:
        return file.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as problem:
        raise Misuse("ca.passphrase", f"cannot read {file}: {problem.strerror}") from problem


def _row(entry: Entry) -> tuple[str, ...]:
    state = entry.state if entry.is_confirmed else "unfinished"
    last = "" if entry.to_seq is None else str(entry.to_seq)
    records = "none" if state == "revoked" and not last else f"{entry.from_seq}–{last}"
    return (
        entry.name,
        entry.role,
        entry.kid.hex(),
        state,
        records,
        entry.code_base or "",
        entry.site or "",
        entry.stall or "",
    )


def _now() -> datetime:
    return datetime.now(UTC)
