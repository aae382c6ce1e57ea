"""A list of a recall as CSV, line by line, in a form that spreadsheets open with its Chinese intact.

A cell that begins like a formula is shown as text: names come from people, and a spreadsheet would run them.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

MEDIA_TYPE = "text/csv"
_MARK = "\N{BYTE ORDER MARK}"
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def lines(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the file; headings keep their English half only, so that programs find their columns."""
    yield _MARK + _line([heading.rpartition(" ")[2] for heading in headings])
    for row in rows:
        yield _line([_plain(cell) for cell in row])


def _plain(cell: str) -> str:
    is_formula = cell.startswith(_FORMULAS) and not cell.removeprefix("-").isdecimal()
    return f"'{cell}" if is_formula else cell


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
