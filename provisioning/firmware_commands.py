"""The commands ``chengxin firmware …``: make a release key, sign an image, check it as a board would."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from tracewire.errors import Misuse
from tracewire.manifest import SIGNATURES_NEEDED, Manifest, Target

from provisioning import durable, firmware_signing, release_trust
from provisioning.firmware_signing import Release

firmware = typer.Typer(help="Firmware releases: make keys, sign with two people, check.", no_args_is_help=True)

Image = Annotated[Path, typer.Argument(help="Folder of compiled firmware (make firmware).")]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="File whose first line is the key's passphrase; asked for without it.")
]


@firmware.command("key")
def firmware_key(
    path: Annotated[Path, typer.Argument(help="File to create, for example alice.pem; alice.point is put beside it.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a release key, encrypted. Each of at least two people makes one on a machine of their own.

    Example: chengxin firmware key alice.pem
    """
    key = firmware_signing.make_key(path, _passphrase(passphrase_file, is_new=True))
    point = path.with_suffix(firmware_signing.POINT_SUFFIX)
    typer.echo(f"Release key {key.kid.hex()} is in {path}; boards trust it by {point}.")


@firmware.command("trust")
def firmware_trust(
    point: Annotated[list[Path], typer.Argument(help="Points of release keys, for example alice.point bob.point.")],
    ca_directory: Annotated[Path, typer.Option("--ca", help="Directory of the authority.")],
) -> None:
    """Let the devices that are enrolled from now on trust these people's signatures on firmware.

    Example: chengxin firmware trust alice.point bob.point --ca CA
    """
    kids = release_trust.trust(ca_directory, point)
    typer.echo(f"Trusted: {', '.join(kid.hex() for kid in kids)}; a device takes updates when there are two.")


@firmware.command("sign")
def firmware_sign(
    image: Image,
    *,
    key: Annotated[Path, typer.Option(help="Release key of the person who signs.")],
    out: Annotated[Path, typer.Option(help="File of the signed manifest to write.")],
    add_to: Annotated[Path | None, typer.Option(help="Manifest of another signer: check the image, sign too.")] = None,
    version: Annotated[str | None, typer.Option(help="Name of the release, for example 1.4.0.")] = None,
    security_version: Annotated[int | None, typer.Option(help="Boards never go back below it once it runs.")] = None,
    model: Annotated[str, typer.Option(help="Which boards: scale, terminal …")] = "scale",
    hardware: Annotated[tuple[int, int], typer.Option(help="Lowest and highest board revision.")] = (1, 1),
    valid_days: Annotated[int, typer.Option(min=1, help="Days in which it may be installed.")] = 30,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign an image: the first person writes the manifest, the second adds a seal with --add-to.

    Examples:

    \b
      chengxin firmware sign build/scale --key alice.pem --version 1.4.0 --security-version 2 --out one.cose
      chengxin firmware sign build/scale --key bob.pem --add-to one.cose --out release.cose
    """
    signer = firmware_signing.read_key(key, _passphrase(passphrase_file, is_new=False))
    if add_to is None:
        if version is None or security_version is None:
            raise Misuse("cli.release", "the first signature needs --version and --security-version")
        release = Release(version, model, hardware, security_version, valid_days)
        bundle = firmware_signing.first_signature(image, release, signer, _now())
    else:
        if version is not None or security_version is not None:
            raise Misuse("cli.release", "with --add-to everything stands in the manifest already")
        bundle = firmware_signing.further_signature(image, firmware_signing.read_bundle(add_to), signer)
    durable.replace(out, bundle)
    typer.echo(f"{out}: signed by {signer.kid.hex()}; a board wants {SIGNATURES_NEEDED} signatures.")


@firmware.command("check")
def firmware_check(
    image: Image,
    *,
    manifest: Annotated[Path, typer.Option(help="File of the signed manifest.")],
    point: Annotated[list[Path], typer.Option(help="Point of a trusted release key; repeat it.")],
    model: Annotated[str, typer.Option(help="Model of the board.")] = "scale",
    hardware: Annotated[int, typer.Option(help="Revision of the board.")] = 1,
    loader: Annotated[int, typer.Option(help="Version of the board's loader.")] = 1,
    security_floor: Annotated[int, typer.Option(help="Security version that runs on the board now.")] = 0,
) -> None:
    """Say whether a board would install this image now, and if not, why.

    Example: chengxin firmware check build/scale --manifest release.cose --point alice.point --point bob.point
    """
    trusted = [firmware_signing.read_point(path) for path in point]
    target = Target(model, hardware, loader, security_floor)
    release = firmware_signing.check(image, firmware_signing.read_bundle(manifest), trusted, target, _now())
    typer.echo(_summary(release))


def _summary(release: Manifest) -> str:
    until = datetime.fromtimestamp(release.expires_ms / 1000, UTC).date()
    lowest, highest = release.hardware
    return (
        f"{release.version} for {release.model}, revisions {lowest} to {highest}, security version"
        f" {release.security_version}: {len(release.files)} files, {release.total_bytes} bytes,"
        f" may be installed until {until}. A board would take it."
    )


def _passphrase(file: Path | None, *, is_new: bool) -> bytes:
    if file is None:
        words = typer.prompt("Passphrase of the release key", hide_input=True, confirmation_prompt=is_new)
        return str(words).encode()
    try:
        return file.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as problem:
        raise Misuse("firmware.passphrase", f"cannot read {file}: {problem.strerror}") from problem


def _now() -> datetime:
    return datetime.now(UTC)
