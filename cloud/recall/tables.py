"""The lists of a recall as rows: what CSV files and the PDF show, in one order and with one heading for both.

Headings are bilingual, because one file goes to the market, the county and the lawyer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloud.recall.case import Case
from cloud.trace.forward import Fate, ForwardView, Sold
from cloud.web import figures

Row = tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A list with its name, headings (Chinese and English in one, as ``中文 English``) and rows."""

    name: str
    title: str
    headings: Row
    rows: Sequence[Row]


SALES = ("批次 lot", "小票 slip", "时间 time", "市场 market", "摊位 stall", "电子秤 device", "净重克 net_grams")


def decisions(case: Case) -> Listing:
    """Return who decided what, and when it was committed."""
    return Listing(
        "decisions",
        "决定 Decisions",
        ("决定 decision", "作出时间 decided", "入账时间 committed", "控制台 console", "理由 reason", "记录 record"),
        [
            (
                each.word,
                figures.moment(each.moment_ms),
                figures.moment(each.committed_ms),
                each.console,
                each.reason,
                str(each.index),
            )
            for each in case.decisions
        ],
    )


def stalls(case: Case) -> Listing:
    """Return what was sold of each lot at each stall, and what should be left of the lot."""
    return Listing(
        "stalls",
        "去向 Where it went",
        ("批次 lot", "品名 goods", "市场 market", "摊位 stall", "笔数 sales", "售出克 sold_grams", "余量克 left_grams"),
        [row for fate in case.fates for row in _fate_rows(fate)],
    )


def told(case: Case) -> Listing:
    """Return who was told when."""
    return Listing(
        "told",
        "通知 Who was told",
        (
            "设备 device",
            "市场 market",
            "摊位 stall",
            "售出克 sold_grams",
            "冻结 ordered",
            "网关收到 gateway_took",
            "设备确认 device_recorded",
            "记录 record",
        ),
        [
            (
                each.device,
                each.site,
                _words(each.stall, each.seller),
                str(each.sold_grams),
                _moment(each.frozen_ms),
                _moment(each.taken_ms),
                _moment(each.heard_ms),
                "" if each.heard_index is None else str(each.heard_index),
            )
            for each in case.told
        ],
    )


def labels(case: Case) -> Listing:
    """Return which labels of counties are on the goods: what people are told to look for."""
    return Listing(
        "labels",
        "标签起止码 Labels",
        (
            "批次 lot",
            "起码 first",
            "止码 last",
            "张数 labels",
            "市场 market",
            "设备 device",
            "贴标时间 time",
            "记录 record",
        ),
        [
            (
                each.lot,
                each.first,
                each.last,
                str(each.count),
                each.site,
                each.device,
                figures.moment(each.entered_ms),
                str(each.index),
            )
            for each in case.labels
        ],
    )


def destructions(case: Case) -> Listing:
    """Return what was destroyed, and what proves it."""
    return Listing(
        "destructions",
        "无害化处理 Destruction",
        (
            "记录 record",
            "设备 device",
            "时间 time",
            "投入克 put_in_grams",
            "销毁克 destroyed_grams",
            "称重记录 weighing",
            "相符 agrees",
        ),
        [
            (
                str(each.index),
                each.device,
                figures.moment(each.moment_ms),
                str(each.put_in_grams),
                "" if each.destroyed_grams is None else str(each.destroyed_grams),
                "" if each.weighing_index is None else str(each.weighing_index),
                "是 yes" if each.agrees else "否 no",
            )
            for each in case.destructions
        ],
    )


def obstacles(case: Case) -> Listing:
    """Return what is not accounted for."""
    return Listing(
        "obstacles",
        "未结清 Not accounted for",
        ("事项 matter", "批次 lot", "记录 record", "克 grams"),
        [
            (
                _OBSTACLES[each.code],
                each.lot or "",
                "" if each.index is None else str(each.index),
                "" if each.grams is None else str(each.grams),
            )
            for each in case.obstacles
        ],
    )


_OBSTACLES = {
    "left": "应有剩余 should still be there",
    "unknown": "去向未称重 left without being weighed",
    "unweighed": "销毁无称重记录 destruction without a weighing",
    "mismatch": "销毁重量不符 destruction weighs something else",
}

STATES = {
    "drill": "演练 Drill: nothing was decided",
    "open": "召回中 Open",
    "ordered": "已下令销毁 Destruction ordered, not everything accounted for",
    "destroyed": "已销毁结案 Closed: destroyed with weighed evidence",
    "released": "已解除 Closed: released",
}


def sales(forward: ForwardView, lot: str) -> Iterator[Row]:
    """Yield every sale of a lot and all that was made of it, read page by page."""
    after = 0
    while page := forward.sales(lot, after):
        yield from map(_sale, page)
        after = page[-1].index


def _sale(sale: Sold) -> Row:
    where = (sale.site, _words(sale.stall, sale.seller), sale.device)
    return (sale.lot, sale.slip or "", figures.moment(sale.moment_ms), *where, str(sale.net_grams))


def _fate_rows(fate: Fate) -> Iterator[Row]:
    left = "?" if fate.left_grams is None else str(fate.left_grams)
    if not fate.outlets:
        yield (fate.lot, fate.goods, "", "", "0", "0", left)
    for outlet in fate.outlets:
        stall = _words(outlet.stall, outlet.seller) or outlet.device
        yield (fate.lot, fate.goods, outlet.site, stall, str(outlet.sales), str(outlet.grams), left)


def _words(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _moment(time_ms: int | None) -> str:
    return "" if time_ms is None else figures.moment(time_ms)
