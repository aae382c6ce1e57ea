"""Where markets stand: ``sites.toml`` in the cloud's directory, by their registered names; there need not be one.

[[site]]
name = "厦门第八市场"
latitude = 24.4561
longitude = 118.0782
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tracewire.errors import Misuse

FILE = "sites.toml"


@dataclass(frozen=True)
class Place:
    """Degrees north and east, WGS 84."""

    latitude: float
    longitude: float


def write(directory: Path, places: Mapping[str, Place]) -> None:
    """Write the file; names are those of the registry, in which there is nothing to escape but quotation marks."""
    rows = [
        f"[[site]]\nname = {json.dumps(name, ensure_ascii=False)}\n"
        f"latitude = {place.latitude}\nlongitude = {place.longitude}\n"
        for name, place in places.items()
    ]
    (directory / FILE).write_text("\n".join(rows), encoding="utf-8")


def load(directory: Path) -> Mapping[str, Place]:
    """Return the place of each market that has one; ``Misuse("places.…")`` says what is wrong with the file."""
    path = directory / FILE
    if not path.is_file():
        return {}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["site"]
        found = {str(row["name"]): Place(float(row["latitude"]), float(row["longitude"])) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise Misuse("places.file", f"{FILE}: {broken}") from broken
    for name, place in found.items():
        if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
            raise Misuse("places.degrees", f"{FILE}: {name} is not on earth")
    return found
