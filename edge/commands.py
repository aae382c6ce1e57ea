"""The gateway's commands: ``chengxin gateway init | broker | run | status``.

They translate between a person and the program: read the configuration, print one sentence on ``Misuse``, set up the
log.
"""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import httpx
import structlog
import typer
from tracewire.errors import Misuse

from edge import assembly, config, store
from edge.health import LOOPBACK
from edge.mosquitto import configuration, units

DEFAULT_USERS = ("mosquitto", "chengxin") if os.geteuid() == 0 else (str(os.geteuid()),) * 2
"""Who the broker and the gateway run as; the first is made by Debian's package. Only root may part them."""

gateway = typer.Typer(
    help="Hear the devices of one site, keep what they sealed, hand it on to the cloud.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Directory = Annotated[Path, typer.Option("--dir", help="The gateway's directory, written by `chengxin device enrol`.")]
BrokerUser = Annotated[str, typer.Option(help="User that Mosquitto runs as; yourself, unless you are root.")]
GatewayUser = Annotated[str, typer.Option(help="User that the gateway runs as; yourself, unless you are root.")]


@gateway.command(
    epilog="Example: `chengxin gateway init --dir /var/lib/chengxin/gateway --cloud-url https://cloud.example:8443`"
)
def init(
    directory: Directory,
    cloud_url: Annotated[str, typer.Option(help="Where the cloud is: https://host:port.")],
    *,
    mqtt_port: Annotated[int, typer.Option(help="TLS port for the devices.")] = 8883,
    status_port: Annotated[int, typer.Option(help="Loopback port of the status page.")] = 9464,
    broker: Annotated[str, typer.Option(help="`embedded`, or `mosquitto` for a real site.")] = config.EMBEDDED,
    broker_user: BrokerUser = DEFAULT_USERS[0],
    gateway_user: GatewayUser = DEFAULT_USERS[1],
    firmware_port: Annotated[int, typer.Option(help="HTTPS port of firmware releases for devices; 0: none.")] = 0,
) -> None:
    """Write gateway.toml and create the empty outbox, once. Overwrites nothing."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / config.FILE_NAME
        if not path.exists():
            pid_file = _pid_file(directory) if broker_user == gateway_user else ""
            text = config.default_text(cloud_url, mqtt_port, status_port, broker, pid_file, firmware_port=firmware_port)
            path.write_text(text, encoding="utf-8")
        settings = config.load(directory)
        (directory / config.FIRMWARE_DIRECTORY).mkdir(exist_ok=True)
        if settings.broker == config.MOSQUITTO:
            configuration.check(settings, broker_user, gateway_user)  # now, so that init can be given again
        store.create(settings.outbox_path)
        if settings.broker == config.MOSQUITTO:
            _write_broker(settings, broker_user, gateway_user)
    except Misuse as misuse:
        raise _refusal(misuse) from misuse
    typer.echo(f"{directory} is ready: edit {path.name} if need be, then `chengxin gateway run --dir {directory}`")


@gateway.command(epilog="Example: `chengxin gateway broker --dir /var/lib/chengxin/gateway`")
def broker(
    directory: Directory, broker_user: BrokerUser = DEFAULT_USERS[0], gateway_user: GatewayUser = DEFAULT_USERS[1]
) -> None:
    """Write Mosquitto's configuration and the systemd units anew, from gateway.toml and the certificates."""
    try:
        settings = config.load(directory)
        if settings.broker != config.MOSQUITTO:
            raise Misuse("gateway.broker", f'{directory / config.FILE_NAME} says broker = "{settings.broker}"')
        _write_broker(settings, broker_user, gateway_user)
    except Misuse as misuse:
        raise _refusal(misuse) from misuse


def _pid_file(directory: Path) -> str:
    """Return where Mosquitto's number is, for a gateway that may signal it because both run as one user."""
    return str(directory.absolute() / "broker/state/mosquitto.pid")


def _write_broker(settings: config.GatewayConfig, broker_user: str, gateway_user: str) -> None:
    configuration.write(settings, broker_user, gateway_user)
    written = units.write(settings, broker_user, gateway_user)
    typer.echo(f"Mosquitto: {settings.broker_directory / config.MOSQUITTO_FILE}")
    typer.echo(f"systemd:   {', '.join(path.name for path in written)} in {written[0].parent}")


@gateway.command(epilog="Example: `chengxin gateway run --dir /var/lib/chengxin/gateway`")
def run(directory: Directory) -> None:
    """Serve until SIGTERM or Ctrl-C. Refuses to start, with a sentence, when a file is missing."""
    try:
        settings = config.load(directory)
        settings.check_files()
        _log_as_lines()
        asyncio.run(assembly.serve(settings, assembly.open_outbox(settings)))
    except* Misuse as misuses:
        raise _refusal(_first(misuses)) from None


@gateway.command(epilog="Example: `chengxin gateway status --dir /var/lib/chengxin/gateway`")
def status(directory: Directory) -> None:
    """Print the status page of the running gateway; exit 1 when it does not answer."""
    try:
        settings = config.load(directory)
    except Misuse as misuse:
        raise _refusal(misuse) from misuse
    address = f"http://{LOOPBACK}:{settings.status_port}/"
    try:
        typer.echo(httpx.get(address, trust_env=False).raise_for_status().text, nl=False)
    except httpx.HTTPError as silent:
        typer.echo(f"no gateway answers at {address} ({type(silent).__name__})", err=True)
        raise typer.Exit(1) from silent


def _first(misuses: BaseExceptionGroup[Misuse]) -> Misuse:
    """Return the first error of a group: tasks that fail together mostly fail for one reason."""
    first = misuses.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _refusal(misuse: Misuse) -> typer.Exit:
    """Print what is wrong, for a person; return the exit to raise."""
    typer.echo(f"chengxin gateway: {misuse.detail or misuse.code}", err=True)
    return typer.Exit(2)


def _log_as_lines() -> None:
    """One JSON object to a line on stderr. amqtt's own chatter is cut to warnings."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
