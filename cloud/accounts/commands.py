"""The commands ``chengxin cloud account …``: who may sign in to the pages of a cloud."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from tracewire.errors import Misuse, Rejected

from cloud import stores
from cloud.accounts import passwords
from cloud.accounts.account import ROLES, Account
from cloud.accounts.service import Accounts
from cloud.app import now_ms
from cloud.config import load

account = typer.Typer(help="Accounts: who may sign in, as what, and for which part.", no_args_is_help=True)

screen = Console(highlight=False)

Directory = Annotated[Path, typer.Option("--dir", help="Directory of the cloud node.", file_okay=False)]
Name = Annotated[str, typer.Argument(help="Name to sign in with: a-z, 0-9, dot, hyphen, underscore.")]
Role = Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")]
Region = Annotated[str, typer.Option(help="Inspector, regulator: beginning of a division code, 2, 4 or 6 digits.")]
Site = Annotated[str, typer.Option(help="Market opener: the market, as `chengxin device list` names it.")]
Seller = Annotated[str, typer.Option(help="Seller: the seller code, 9 to 13 digits.")]
Typed = Annotated[bool, typer.Option("--type-password", help="Type the password; otherwise one is made and shown.")]


@account.command("init")
def init(directory: Directory) -> None:
    """Make the store of accounts for a cloud that is older than accounts; `chengxin cloud init` does it for a new one.

    Example: chengxin cloud account init --dir cloud
    """
    stores.create_accounts(load(directory))
    typer.echo(f"Nobody may sign in yet. Next: chengxin cloud account add NAME --role regulator --dir {directory}")


@account.command("add")
def add(
    name: Name,
    *,
    directory: Directory,
    role: Role,
    region: Region = "",
    site: Site = "",
    seller: Seller = "",
    typed: Typed = False,
) -> None:
    """Create an account. Its password is made here and shown once, or typed.

    Examples:

    \b
      chengxin cloud account add wang.li --role regulator --region 3502 --dir cloud
      chengxin cloud account add lin --role market_opener --site 厦门第八市场 --dir cloud
      chengxin cloud account add chen --role seller --seller 3502000010101 --dir cloud --type-password
    """
    everyone = _accounts(directory)
    password = _type() if typed else passwords.generate()
    everyone.add(Account(name, role, region, site, seller), password)
    _show(name, password, typed)


@account.command("list")
def show(directory: Directory) -> None:
    """Show every account with its role and what it is limited to.

    Example: chengxin cloud account list --dir cloud
    """
    table = Table("name", "role", "region", "site", "seller")
    for each in _accounts(directory).every():
        table.add_row(each.name, each.role, each.region, each.site, each.seller)
    screen.print(table)


@account.command("password")
def password(name: Name, directory: Directory, typed: Typed = False) -> None:
    """Replace a password and end every session and token of the account.

    Example: chengxin cloud account password wang.li --dir cloud
    """
    everyone = _accounts(directory)
    chosen = _type() if typed else passwords.generate()
    everyone.set_password(name, chosen)
    _show(name, chosen, typed)


@account.command("token")
def token(
    name: Name, directory: Directory, days: Annotated[int, typer.Option(min=1, max=366, help="How long.")] = 30
) -> None:
    """Give out a token with which a program acts as the account; it is shown once.

    Example: chengxin cloud account token wang.li --days 7 --dir cloud
    """
    typer.echo(_accounts(directory).give_token(name, days))


@account.command("remove")
def remove(name: Name, directory: Directory) -> None:
    """Erase an account, its sessions and every line of the sign-in log that names it. Sealed decisions stay.

    Example: chengxin cloud account remove wang.li --dir cloud
    """
    _accounts(directory).remove(name)
    typer.echo(f"{name} is erased.")


@account.command("purge")
def purge(
    directory: Directory, days: Annotated[int, typer.Option(min=0, help="Lines older than this go.")] = 90
) -> None:
    """Erase old lines of the sign-in log.

    Example: chengxin cloud account purge --days 90 --dir cloud
    """
    typer.echo(f"{_accounts(directory).purge(days)} lines are erased.")


def _accounts(directory: Path) -> Accounts:
    return Accounts(stores.open_accounts(load(directory)), now_ms)


def _type() -> str:
    if not sys.stdin.isatty():
        raise Misuse(
            "account.password", "a password is typed at a terminal; leave --type-password away to have one made"
        )
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise Rejected("account.password", "the two differ; nothing was changed")
    return first


def _show(name: str, password: str, typed: bool) -> None:
    typer.echo(f"{name} may sign in." if typed else f"{name} may sign in with {password}\nIt is shown this once.")
