"""Publish what follows from the history: the sealed registry and the revocation list.

Why apart from the history: these files can always be made again from it. A command that crashed between the two leaves
them one serial behind, and the next command that publishes catches up.
"""

from datetime import datetime
from pathlib import Path

from tracewire.credential import Registry

from provisioning import durable, layout
from provisioning.issuing import Authority
from provisioning.registry import History, opened


def publish(history: History, authority: Authority, now: datetime) -> Registry:
    """Seal and write ``registry.cose`` and ``crl.pem`` for the history's newest serial; on disk when this returns."""
    registry = history.registry()
    crl = authority.sign_crl(history.revoked_certificates(), now)
    durable.replace(history.files.crl, crl)
    # A crash here: the connection of a revoked device is refused already, its records are judged by the old registry.
    durable.replace(history.files.registry, authority.sign_registry(registry))
    return registry


def export(directory: Path, out: Path, now: datetime) -> Registry:
    """Publish once more, which begins the revocation list's term anew, and copy the public files to ``out``."""
    with opened(directory) as history:
        registry = publish(history, Authority(history.files), now)
        copy_public(history.files, out)
    return registry


def copy_public(files: layout.Layout, out: Path) -> None:
    """Copy everything that gateway, cloud and outsiders read; each file changes in one step."""
    out.mkdir(parents=True, exist_ok=True)
    for name in layout.PUBLIC_FILES:
        durable.replace(out / name, (files.directory / name).read_bytes())
