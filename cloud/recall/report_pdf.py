"""A recall as a PDF to sign and to file: what was decided, where the goods went, who was told, what was destroyed.

Chinese is set in the font that every PDF reader brings for it (Adobe-GB1), Latin in Helvetica, so nothing is embedded
and the text can be searched and copied; a letter beyond GBK is shown as a box, and stands right in the CSV files.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Spacer, Table, TableStyle

from cloud.recall import tables
from cloud.recall.case import Case
from cloud.recall.tables import Listing, Row
from cloud.web import figures

MEDIA_TYPE = "application/pdf"

_FONT, _LATIN = "STSong-Light", "Helvetica"
pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
_INK, _SOFT, _LINE, _SEAL, _WASH = (
    HexColor(value) for value in ("#22261f", "#5d6156", "#dcd6c6", "#b0281c", "#f7f4ec")
)
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_ROWS_AT_ONCE = 100
"""Rows of one table: laying out a table takes time with the square of its rows."""


def render(case: Case, sales: Iterable[Row], made_ms: int) -> bytes:
    """Return the report of a case as of ``made_ms``, Unix milliseconds, with every sale at its end."""
    written = io.BytesIO()
    document = BaseDocTemplate(
        written,
        pagesize=A4,
        title=f"Recall {case.lot}",
        author="Chengxin",
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
    )
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, A4[1] - 2 * _MARGIN, leftPadding=0, rightPadding=0)
    foot = f"{case.lot}  ·  {figures.moment(made_ms)} 北京时间 Beijing time"
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=lambda canvas, _: _foot(canvas, foot)))
    document.build([*_head(case), *_lists(case), *_sales(sales)])
    return written.getvalue()


def _head(case: Case) -> Iterator[Flowable]:
    yield _paragraph("秤信 Chengxin", _style(9, _SEAL))
    yield _paragraph("召回报告 Recall report", _style(20))
    yield Spacer(0, 2 * mm)
    yield _paragraph(
        f"{case.goods or '品名未记录 goods not recorded'}　{' '.join(figures.groups(case.lot))}", _style(12)
    )
    yield _paragraph(tables.STATES[case.state], _style(12, _SEAL))
    yield Spacer(0, 4 * mm)
    took = sum(each.taken_ms is not None for each in case.told)
    recorded = sum(each.heard_ms is not None for each in case.told)
    shown = (
        ("批次 Lots", str(len(case.fates))),
        ("零售 Sales", f"{case.sales:,}"),
        ("售出 Sold", figures.kilograms(case.sold_grams)),
        ("应余 Left", figures.kilograms(case.left_grams)),
        ("已通知 Told", f"{took} / {len(case.told)}"),
        ("设备确认 Recorded", f"{recorded} / {len(case.told)}"),
    )
    cells = [
        [_paragraph(name, _style(8, _SOFT)) for name, _ in shown],
        [_paragraph(value, _style(12)) for _, value in shown],
    ]
    yield Table(cells, [_WIDTH / len(shown)] * len(shown), style=TableStyle([("BACKGROUND", (0, 0), (-1, -1), _WASH)]))
    if not case.is_complete:
        yield _paragraph(
            "去向过多，本报告不完整。 More was made of this lot than this report follows.", _style(10, _SEAL)
        )


def _lists(case: Case) -> Iterator[Flowable]:
    for listing in (
        tables.decisions(case),
        tables.stalls(case),
        tables.labels(case),
        tables.told(case),
        tables.destructions(case),
        tables.obstacles(case),
    ):
        yield from _listing(listing)


def _listing(listing: Listing) -> Iterator[Flowable]:
    yield Spacer(0, 6 * mm)
    yield _paragraph(listing.title, _style(13))
    yield Spacer(0, 1.5 * mm)
    if listing.rows:
        yield from _grids(listing.headings, listing.rows)
    else:
        yield _paragraph("无 None", _style(9, _SOFT))


def _sales(sales: Iterable[Row]) -> Iterator[Flowable]:
    yield Spacer(0, 6 * mm)
    yield _paragraph("每一笔零售 Every sale", _style(13))
    yield Spacer(0, 1.5 * mm)
    yield from _grids(tables.SALES, sales)


def _grids(headings: Sequence[str], rows: Iterable[Row]) -> Iterator[Flowable]:
    """Yield the rows as tables below each other; a heading has its two languages on two lines."""
    heads = [[_paragraph(part, _style(7, _SOFT)) for part in heading.split(" ", 1)] for heading in headings]
    widths: list[float] = []
    remaining = iter(rows)
    while chunk := list(islice(remaining, _ROWS_AT_ONCE)):
        widths = widths or _widths(headings, chunk)
        cells = [[_cell(text, width) for text, width in zip(row, widths, strict=True)] for row in chunk]
        yield Table([heads, *cells], widths, repeatRows=1, style=_GRID)


def _cell(text: str, width: float) -> Flowable:
    """Return a text on one line where it fits: a paragraph takes ten times as long to lay out."""
    return _Line(text) if _width(text) <= width - _PADDING else _paragraph(text, _style(_SIZE))


def _widths(headings: Sequence[str], rows: Sequence[Row]) -> list[float]:
    """Share the page among the columns by what they hold, within bounds."""
    longest = [
        max(_width(text) for text in (*heading.split(" ", 1), *(row[column] for row in rows)))
        for column, heading in enumerate(headings)
    ]
    wanted = [min(width, _WIDTH / 3) + _PADDING for width in longest]
    return [width * _WIDTH / sum(wanted) for width in wanted]


class _Line(Flowable):
    """One line of text in a cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def wrap(self, _across: float, _down: float) -> tuple[float, float]:
        return _width(self._text), _SIZE * 1.4

    def draw(self) -> None:
        _draw(self.canv, self._text, 0, _SIZE * 0.4, _SIZE)


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    marked = (f'<font name="{font}">{escape(run)}</font>' for font, run in _runs(text))
    return Paragraph("".join(marked), style)


def _draw(canvas: Canvas, text: str, x: float, y: float, size: float) -> None:
    for font, run in _runs(text):
        canvas.setFont(font, size)
        canvas.drawString(x, y, run)
        x += pdfmetrics.stringWidth(run, font, size)


def _width(text: str) -> float:
    return sum(pdfmetrics.stringWidth(run, font, _SIZE) for font, run in _runs(text))


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text in pieces of one font each: no Chinese font that may stand in for ours has Latin letters."""
    for run in re.findall(r"[ -~]+|[^ -~]+", text):
        yield (_LATIN if " " <= run[0] <= "~" else _FONT), run


_SIZE = 8
_PADDING = 6
_GRID = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
)


@cache
def _style(size: float, colour: Color = _INK) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}", fontName=_FONT, fontSize=size, leading=size * 1.4, textColor=colour, wordWrap="CJK"
    )


def _foot(canvas: Canvas, text: str) -> None:
    canvas.saveState()
    canvas.setFillColor(_SOFT)
    _draw(canvas, text, _MARGIN, 10 * mm, 7)
    _draw(canvas, str(canvas.getPageNumber()), A4[0] - _MARGIN - 4 * mm, 10 * mm, 7)
    canvas.restoreState()
