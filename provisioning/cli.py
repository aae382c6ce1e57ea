"""The command ``chengxin``: finds the commands of every program and runs the one that was asked for.

Why by entry point: gateway, cloud and provisioning never import one another, so this dispatcher knows none of them by
name. Each registers its commands under ``chengxin.commands``; only the one called is loaded, and one that is broken or
not installed says so when it is called, not when its neighbours are.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points

import typer
from tracewire.errors import Misuse, Rejected, TracewireError, Unavailable

GROUP = "chengxin.commands"

EXIT_CODES: tuple[tuple[type[TracewireError], int], ...] = ((Misuse, 2), (Rejected, 3), (Unavailable, 4))
"""What a calling script may tell apart: change the command, distrust the input, try again later."""

_HELP = """\
Signed weighings from the scale to the trace page: found the authority, enrol devices, run the programs.

Examples:

\b
  chengxin ca init --dir CA --organisation "Xiamen No. 8 Market"
  chengxin device enrol gateway-01 --ca CA --role gateway --dir gateway --host 192.168.1.10
  chengxin device enrol scale-0001 --ca CA --role scale --setup site.toml --console "picocom -q /dev/ttyACM0"
  chengxin device list --ca CA
  chengxin ca export --ca CA --out gateway
  chengxin gateway run --dir gateway
  chengxin cloud run --dir cloud
"""


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    sys.exit(run(sys.argv[1:], entry_points(group=GROUP)))


def run(arguments: Sequence[str], entries: Sequence[EntryPoint]) -> int:
    """Run one command line over the commands in ``entries``; return the exit code.

    An error of the three families ends in one sentence on standard error and no traceback; any other is a bug and
    keeps its traceback.
    """
    app = typer.Typer(name="chengxin", help=_HELP, no_args_is_help=True, rich_markup_mode=None)
    app.callback()(_nothing_in_common)
    named = next((word for word in arguments if not word.startswith("-")), None)
    for entry in sorted(entries, key=lambda entry: entry.name):
        if named is None or entry.name == named:
            _add(app, entry)
    try:
        app(args=list(arguments), prog_name="chengxin", standalone_mode=True)
    except TracewireError as error:
        sys.stderr.write(f"chengxin: {sentence(error)}\n")
        return next(code for family, code in EXIT_CODES if isinstance(error, family))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


def sentence(error: TracewireError) -> str:
    """Return what happened in words, with the stable code behind it for whoever searches the manual."""
    return f"{error.detail} [{error.code}]" if error.detail else f"stopped with {error.code}"


def _add(app: typer.Typer, entry: EntryPoint) -> None:
    try:
        command = entry.load()
    except (ImportError, AttributeError, SyntaxError) as problem:
        # It takes any arguments, so that it answers "not available" and never "no such option".
        anything = {"allow_extra_args": True, "ignore_unknown_options": True}
        app.command(entry.name, context_settings=anything)(_absent(entry.name, str(problem)))
        return
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=entry.name)
    else:
        app.command(entry.name)(command)


def _absent(name: str, reason: str) -> Callable[[], None]:
    def absent() -> None:
        raise Unavailable("cli.absent", f"the command {name!r} is not available here: {reason}")

    absent.__doc__ = f"Not available here: {reason}"
    return absent


def _nothing_in_common() -> None:
    """Options of all commands would be declared here; there are none."""
