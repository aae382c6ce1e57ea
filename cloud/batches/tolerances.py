"""How far masses may disagree, by kind of goods: rules as data, from ``tolerances.toml``, never a constant in code."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from tracewire.errors import Misuse

_FILE = Path(__file__).parent / "tolerances.toml"


@dataclass(frozen=True)
class Tolerance:
    """One row of the table; the file says what each field is."""

    goods: tuple[str, ...]
    permille: int
    grams: int
    valid_from: date
    jurisdiction: str
    source: str

    def of(self, came_grams: int) -> int:
        """Return the grams by which a lot of this mass may be off."""
        return max(self.grams, came_grams * self.permille // 1000)


@cache
def table(path: Path = _FILE) -> tuple[Tolerance, ...]:
    """Return the rows; ``Misuse("tolerances.…")`` when the file is not such a table."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["tolerance"]
        found = tuple(Tolerance(**{**row, "goods": tuple(row["goods"])}) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise Misuse("tolerances.file", f"{path.name}: {broken}") from broken
    if not found or found[-1].goods:
        raise Misuse("tolerances.default", f"{path.name}: the last row must be for all other goods")
    return found


def of_goods(name: str) -> Tolerance:
    """Return the tolerance of goods by their name; the last row when nothing is known of them."""
    rows = table()
    return next((row for row in rows if any(word in name for word in row.goods)), rows[-1])
