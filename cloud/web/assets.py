"""Scripts and styles that others wrote, by the names under which we serve them at ``/assets/``.

Why copies of ours and not a network of somebody's: a reader's browser speaks to nobody else, and a county without a way
out of its own network has working pages. They come at set-up from ``assets/package-lock.json``, with their hashes.
"""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from tracewire.errors import Misuse

_MODULES = Path(__file__).parent / "assets" / "node_modules"

_FILES = {
    "htmx.js": ("htmx.org/dist/htmx.min.js", "text/javascript"),
    "echarts.js": ("echarts/dist/echarts.min.js", "text/javascript"),
    "leaflet.js": ("leaflet/dist/leaflet.js", "text/javascript"),
    "leaflet.css": ("leaflet/dist/leaflet.css", "text/css"),
}


@dataclass(frozen=True)
class Asset:
    """One file, as it is served."""

    content: bytes
    media_type: str
    version: str


def find(name: str) -> Asset | None:
    """Return an asset; None for a name that is none of ours; ``Misuse("assets.missing")`` before set-up."""
    return _load(name) if name in _FILES else None


def address(name: str) -> str:
    """Return where a page finds an asset: the address changes with the content, so browsers may keep it for good."""
    return f"/assets/{name}?{_load(name).version}"


@functools.cache
def _load(name: str) -> Asset:
    path, media_type = _FILES[name]
    try:
        content = (_MODULES / path).read_bytes()
    except FileNotFoundError as missing:
        raise Misuse("assets.missing", f"{path}: run `make dev`, or `npm ci` in cloud/web/assets") from missing
    return Asset(content, media_type, hashlib.sha256(content).hexdigest()[:16])
